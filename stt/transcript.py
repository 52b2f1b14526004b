"""The transcript file: one JSON object a line, a segment as soon as it is known, the totals last.

Rules:

* While it grows its name ends in ``.part``. ``finish`` writes the totals, syncs, renames, syncs the folder;
  so a file under the final name is whole, also after a power cut.
* The last line is the only one with ``"end": true``; a file without it is unfinished.
* All times are seconds from the start of the recording. Text is the model's and untrusted.
* Standard library only. ``Segment`` fits the protocol of the same name that the pure grading code declares.
"""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from types import TracebackType
from typing import Any

from stt.errors import BrokenTranscriptError

PART = ".part"


@dataclass(frozen=True, slots=True)
class Word:
    """One word with its time span and the model's probability, 0 to 1."""

    start: float
    end: float
    text: str
    probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A phrase or sentence. ``avg_logprob`` and ``no_speech_prob`` are Whisper's own measures of doubt."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...] = ()
    avg_logprob: float | None = None
    no_speech_prob: float | None = None


@dataclass(frozen=True, slots=True)
class Transcript:
    """A finished transcript. ``language``: ISO 639-1 code, ``None`` when there was no speech to tell it from."""

    segments: tuple[Segment, ...]
    media_seconds: float
    language: str | None
    model: str

    @property
    def text(self) -> str:
        """All segments in order, joined by single spaces."""
        return " ".join(segment.text.strip() for segment in self.segments).strip()


def segment_to_json(segment: Segment) -> dict[str, Any]:
    """The JSON object of one line; words are ``[start, end, text, probability]`` to keep lines short."""
    return {
        "start": segment.start,
        "end": segment.end,
        "text": segment.text,
        "avg_logprob": segment.avg_logprob,
        "no_speech_prob": segment.no_speech_prob,
        "words": [[word.start, word.end, word.text, word.probability] for word in segment.words],
    }


def segment_from_json(value: dict[str, Any]) -> Segment:
    """The reverse of ``segment_to_json``. Raises ``KeyError``, ``TypeError`` or ``ValueError`` on anything else."""
    return Segment(
        start=float(value["start"]),
        end=float(value["end"]),
        text=str(value["text"]),
        words=tuple(Word(float(a), float(b), str(text), float(p)) for a, b, text, p in value["words"]),
        avg_logprob=value.get("avg_logprob"),
        no_speech_prob=value.get("no_speech_prob"),
    )


class TranscriptWriter:
    """Journals one transcript. Leaving the ``with`` block without ``finish`` removes the unfinished file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.count = 0
        self._part = path.with_name(path.name + PART)
        self._file: TextIOWrapper | None = None

    def __enter__(self) -> "TranscriptWriter":
        self._file = self._part.open("w", encoding="utf-8")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
            self._part.unlink(missing_ok=True)

    def append(self, segment: Segment) -> None:
        """Write one segment and hand it to the system at once, so that a live view can read it."""
        self._write(segment_to_json(segment))
        self.count += 1

    def finish(self, media_seconds: float, language: str | None, model: str) -> Path:
        """Write the totals, sync, and give the file its final name. Blocks on the disk: call it in a thread."""
        self._write(
            {
                "end": True,
                "media_seconds": media_seconds,
                "language": language,
                "model": model,
                "segments": self.count,
            }
        )
        file, self._file = self._open_file(), None
        os.fsync(file.fileno())
        file.close()
        self._part.replace(self.path)
        sync_folder(self.path.parent)
        return self.path

    def _open_file(self) -> TextIOWrapper:
        if self._file is None:
            raise BrokenTranscriptError(f"the transcript {self.path.name} is not open for writing")
        return self._file

    def _write(self, value: dict[str, Any]) -> None:
        file = self._open_file()
        file.write(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")
        file.flush()


def sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read_transcript(path: str | Path) -> Transcript:
    """Read a finished transcript. Raises ``BrokenTranscriptError`` when it is missing, cut or not one."""
    segments: list[Segment] = []
    for value in _lines(Path(path)):
        try:
            if value.get("end") is not True:
                segments.append(segment_from_json(value))
                continue
            if value["segments"] != len(segments):
                break
            return Transcript(
                tuple(segments), float(value["media_seconds"]), value["language"], str(value["model"])
            )
        except (KeyError, TypeError, ValueError):
            break
    raise BrokenTranscriptError(f"the transcript {Path(path).name} is not complete; it has to be made again")


def read_partial(path: str | Path) -> tuple[Segment, ...]:
    """The segments known so far of the transcript that will be at ``path``; empty when it has not begun."""
    final = Path(path)
    source = final if final.exists() else final.with_name(final.name + PART)
    segments: list[Segment] = []
    try:
        for value in _lines(source):
            if value.get("end") is not True:
                segments.append(segment_from_json(value))
    except (BrokenTranscriptError, KeyError, TypeError, ValueError):
        # The last line may be half written; what came before it is whole.
        return tuple(segments)
    return tuple(segments)


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as file:
            for line in file:
                value = json.loads(line)
                if not isinstance(value, dict):
                    raise BrokenTranscriptError(f"a line of the transcript {path.name} is not an object")
                yield value
    except OSError as error:
        # Not the error's own text: it has the path, and students read this.
        raise BrokenTranscriptError(
            f"the transcript {path.name} cannot be read: {error.strerror or type(error).__name__}"
        ) from error
    except ValueError as error:
        raise BrokenTranscriptError(f"the transcript {path.name} cannot be read: {error}") from error
