"""``python -m stt.child SETTINGS``: the Whisper child. Loads the model, then transcribes one job at a time.

Rules:

* It reads only WAVs that the daemon made, with the standard library; no media library sees a student's bytes.
* Standard output carries messages and nothing else: libraries that print write to standard error.
* It ends at once when its standard input closes, in the middle of a job too, and is killed with the daemon.
* Every exception of a job becomes a ``Failed`` message; one that ends the process is a crash to the daemon.
"""

import os
import resource
import sys
import threading
import time
import wave
from collections.abc import Callable, Iterable
from pathlib import Path
from queue import SimpleQueue
from typing import IO, Any

from stt.confine import die_with
from stt.limits import BYTES_PER_SECOND, SAMPLE_RATE
from stt.options import BATCH_SIZE
from stt.protocol import (
    ChildSettings,
    Done,
    Failed,
    Heartbeat,
    Job,
    Loaded,
    Message,
    decode_job,
    decode_settings,
    encode,
    heard,
)
from stt.transcript import Segment, Word

PAGE = resource.getpagesize()


class Mouth:
    """Standard output, for messages of two threads; descriptor 1 itself is pointed at standard error."""

    def __init__(self) -> None:
        self._out: IO[bytes] = os.fdopen(os.dup(1), "wb", buffering=0)
        os.dup2(2, 1)
        self._lock = threading.Lock()

    def say(self, message: Message) -> None:
        with self._lock:
            self._out.write(encode(message))


class Pulse:
    """A thread that says ``Heartbeat`` while a job runs. It shows life; ``steps`` shows progress."""

    def __init__(self, say: Callable[[Message], None], seconds: float) -> None:
        self._say = say
        self._seconds = seconds
        self._stop = threading.Event()
        self.steps = 0

    def __enter__(self) -> "Pulse":
        threading.Thread(target=self._beat, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()

    def _beat(self) -> None:
        while not self._stop.wait(self._seconds):
            self._say(Heartbeat(self.steps, resident_bytes()))


def resident_bytes() -> int:
    """This process's resident memory; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
    except OSError:
        return 0


class Whisper:
    """The model on its device. On a GPU one file's windows are decoded together, on a CPU one after the other."""

    def __init__(self, settings: ChildSettings) -> None:
        import ctranslate2
        from faster_whisper import BatchedInferencePipeline, WhisperModel

        cuda = settings.device == "cuda" or (
            settings.device == "auto" and ctranslate2.get_cuda_device_count() > 0
        )
        self.device = "cuda" if cuda else "cpu"
        self.compute_type = "float16" if cuda else "int8"
        model = WhisperModel(
            settings.model_dir,
            device=self.device,
            compute_type=self.compute_type,
            cpu_threads=settings.threads,
            local_files_only=True,
        )
        self._transcribe: Callable[..., tuple[Iterable[Any], Any]] = model.transcribe
        self._extra: dict[str, Any] = {}
        if cuda:
            self._transcribe = BatchedInferencePipeline(model).transcribe
            self._extra = {"batch_size": BATCH_SIZE}

    def run(self, job: Job, say: Callable[[Message], None], pulse: Pulse) -> Done:
        """Say each segment as it is known; returns the totals."""
        began = time.monotonic()
        audio, media_seconds = read_wav(job.wav)
        pulse.steps += 1
        language = None
        if len(audio):
            segments, info = self._transcribe(audio, **job.options.arguments(), **self._extra)
            pulse.steps += 1
            for segment in segments:
                say(heard(_segment(segment)))
                language = info.language
                pulse.steps += 1
        return Done(language, media_seconds, round(time.monotonic() - began, 3))


def read_wav(path: str) -> tuple[Any, float]:
    """Our own WAV as float32 samples in -1 to 1, shape ``(n,)``, and its length in seconds."""
    import numpy

    with wave.open(path, "rb") as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (SAMPLE_RATE, 1, 2):
            raise ValueError("this is not a WAV that the daemon made")
        data = file.readframes(file.getnframes())
    return numpy.frombuffer(data, dtype="<i2").astype(numpy.float32) / 32768.0, len(data) / BYTES_PER_SECOND


def _segment(segment: Any) -> Segment:
    return Segment(
        round(segment.start, 3),
        round(segment.end, 3),
        segment.text.strip(),
        tuple(
            Word(
                round(float(w.start), 3),
                round(float(w.end), 3),
                w.word.strip(),
                round(float(w.probability), 3),
            )
            for w in segment.words or ()
        ),
        round(float(segment.avg_logprob), 4),
        round(float(segment.no_speech_prob), 4),
    )


def listen(jobs: "SimpleQueue[Job]") -> None:
    """Pass jobs on until standard input closes, then end the process, whatever it is doing."""
    for line in sys.stdin.buffer:
        jobs.put(decode_job(line))
    os._exit(0)


def main(argument: str) -> None:
    """Load, then work until told to end."""
    settings = decode_settings(argument)
    die_with(settings.parent)
    mouth = Mouth()
    jobs: SimpleQueue[Job] = SimpleQueue()
    threading.Thread(target=listen, args=(jobs,), daemon=True).start()
    began = time.monotonic()
    whisper = Whisper(settings)
    mouth.say(Loaded(whisper.device, whisper.compute_type, round(time.monotonic() - began, 3)))
    while True:
        job = jobs.get()
        with Pulse(mouth.say, settings.heartbeat_seconds) as pulse:
            try:
                answer: Message = whisper.run(job, mouth.say, pulse)
            except Exception as error:
                # The edge between a library that may raise anything and the protocol; nothing goes on from here.
                answer = Failed(f"{type(error).__name__}: {error}"[:500])
        mouth.say(answer)


if __name__ == "__main__":
    main(sys.argv[1])
