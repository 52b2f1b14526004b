"""Word error rate over lab30: through our worker, and by faster-whisper's own defaults on the same audio
in the same language.

    python -m benchmarks.wer [--model whisper-base] [--files 30] [--lab30 FOLDER]

Normaliser, for reference and hypothesis alike: lower case; punctuation (Unicode category P, apostrophes too)
removed; runs of white space become one space. Nothing is expanded or spelled out. WER is over all words of all
files (jiwer), not a mean of files. The last line is the ratio that must not exceed 1.02.
"""

import argparse
import asyncio
import json
import os
import time
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jiwer
from faster_whisper import WhisperModel

from scheduler.ports import unwatched
from scheduler.task import Task
from scheduler.transitions import STT_PENDING
from stt.child import read_wav
from stt.config import SpeechConfig
from stt.options import DecodeOptions
from stt.transcript import read_transcript
from stt.worker import STTBatchWorker

CEILING = 1.02


@dataclass(frozen=True)
class Result:
    """Normalised texts by file, and the two times in seconds."""

    texts: dict[str, str]
    compute: float
    media: float

    def line(self, name: str, references: dict[str, str]) -> str:
        """One row: word error rate and speed as a multiple of real time."""
        return f"{name:<28} WER {100 * wer(references, self):6.2f} %   {self.media / self.compute:5.1f} x real time"


def normalise(text: str) -> str:
    """The normaliser of this module's docstring."""
    kept = "".join(letter for letter in text.lower() if not unicodedata.category(letter).startswith("P"))
    return " ".join(kept.split())


def wer(references: dict[str, str], result: Result) -> float:
    """Word error rate over all words, 0 to 1 and beyond."""
    names = sorted(references)
    return float(jiwer.wer([references[n] for n in names], [result.texts[n] for n in names]))


async def through_worker(config: SpeechConfig, videos: Iterable[Path]) -> Result:
    """Transcribe the videos one after the other as the daemon would."""
    worker = STTBatchWorker(config)
    texts, compute, media = {}, 0.0, 0.0
    try:
        await worker.enter()
        for video in videos:
            task = Task(
                id=video.stem,
                roll_number="",
                video_path=str(video),
                state=STT_PENDING,
                created_at=0,
                updated_at=0,
            )
            result = await worker.transcribe(task, unwatched)
            texts[video.name] = normalise(read_transcript(result.transcript_path).text)
            compute, media = compute + result.compute_seconds, media + result.media_seconds
    finally:
        await worker.close()
    return Result(texts, compute, media)


def directly(config: SpeechConfig, videos: Iterable[Path]) -> Result:
    """The same WAVs (the worker's) by the same model in the same language, else with faster-whisper's defaults."""
    model: Any = WhisperModel(
        str(config.model_dir), device="cpu", compute_type="int8", cpu_threads=config.threads
    )
    texts, compute, media = {}, 0.0, 0.0
    for video in videos:
        audio, seconds = read_wav(str(config.work_dir / f"{video.stem}.wav"))
        began = time.monotonic()
        segments, _ = model.transcribe(audio, language=config.options.language)
        texts[video.name] = normalise(" ".join(segment.text for segment in segments))
        compute, media = compute + time.monotonic() - began, media + seconds
    return Result(texts, compute, media)


def references_of(lab30: Path, count: int) -> dict[str, str]:
    """The first ``count`` reference transcripts of the manifest, by file name."""
    manifest = json.loads((lab30 / "manifest.json").read_text())
    return {video["file"]: normalise(video["transcript"]) for video in manifest[:count]}


def arguments() -> argparse.Namespace:
    """The command line."""
    here = Path(__file__).parents[1]
    cache = Path(os.environ.get("INTROEVAL_CACHE_DIR") or Path.home() / ".cache" / "introeval")
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="whisper-base")
    parser.add_argument("--files", type=int, default=30)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--beam", type=int, default=DecodeOptions().beam_size)
    parser.add_argument("--language", default="en", help="ISO 639-1, or auto to detect it in each file")
    parser.add_argument("--lab30", type=Path, default=here.parent / "shared" / "data" / "lab30")
    parser.add_argument("--cache", type=Path, default=cache)
    return parser.parse_args()


def main() -> int:
    """Run both and print the ratio; 1 when it is over the ceiling."""
    given = arguments()
    references = references_of(given.lab30, given.files)
    videos = [given.lab30 / name for name in references]
    with TemporaryDirectory() as folder:
        config = SpeechConfig(
            model_name=given.model,
            model_dir=given.cache / "models" / given.model,
            work_dir=Path(folder) / "work",
            transcript_dir=Path(folder) / "transcripts",
            device="cpu",
            threads=given.threads,
            options=DecodeOptions(
                beam_size=given.beam, language=None if given.language == "auto" else given.language
            ),
        )
        ours = asyncio.run(through_worker(config, videos))
        print(ours.line(f"{given.model}, our worker", references), flush=True)
        direct = directly(config, videos)
        print(direct.line(f"{given.model}, defaults", references))
    ratio = wer(references, ours) / wer(references, direct)
    print(f"ratio of the word error rates {ratio:.3f} over {len(videos)} files (at most {CEILING})")
    return int(ratio > CEILING)


if __name__ == "__main__":
    raise SystemExit(main())
