"""The sections about the work: batches, phases, speech, rubrics."""

from typing import Annotated, Literal

from pydantic import Field, PositiveFloat, PositiveInt

from introeval.sections.base import FullPath, Section

Residency = Literal["exclusive", "shared"]
Device = Literal["auto", "cpu", "cuda"]


class BatchSettings(Section):
    """A batch closes when it is full or when its oldest task has waited for ``age_seconds``."""

    size: PositiveInt = 30
    age_seconds: Annotated[float, Field(ge=0)] = 20.0


class PhaseSettings(Section):
    """Caps on the length of a phase while the other kind of work waits, and the time for one side of a hand-over.

    ``retry_seconds``: the pause before a failed attempt is made again.
    """

    stt_seconds: PositiveFloat = 1800.0
    llm_seconds: PositiveFloat = 1800.0
    retry_seconds: Annotated[float, Field(ge=0)] = 5.0
    handover_seconds: PositiveFloat = 120.0


class SttSettings(Section):
    """Speech-to-text. ``model``: a registry name or a folder with a CTranslate2 model; not given: ``embedded.stt``.

    ``residency``: ``exclusive`` ends the Whisper process with its phase, ``shared`` keeps it in RAM; not given:
    ``shared`` with embedded models (they run on the CPU), ``exclusive`` with Ollama. ``threads``: not given: all cores.
    ``language``: ISO 639-1, or ``auto``; Whisper base took the English of 2 of lab30's 30 speakers for Chinese.
    """

    model: str | None = None
    device: Device = "auto"
    threads: PositiveInt | None = None
    slots: PositiveInt = 1
    residency: Residency | None = None
    language: Annotated[str, Field(pattern=r"^([a-z]{2,3}|auto)$")] = "en"
    silent_seconds: PositiveFloat = Field(
        default=120.0, description="no segment for this long: the child hangs"
    )


class GradingSettings(Section):
    """``rubric``: a TOML or JSON file; not given: the rubric for introductions that comes with the program."""

    rubric: FullPath | None = None
