"""What a grader would ask, as plain values: for people, before anything is spent. Nothing here acts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class AskedImage:
    """An image by what it is; the prompt's own copy is what was handed in. ``sha256``: hexadecimal."""

    sha256: str
    size_bytes: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Window:
    """Tokens that prompt and reply have together (``context``), and those kept free for the reply."""

    context: int
    reply: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedPrompt:
    """One request, exactly as it is sent. ``kept``: its reply is kept, so nobody would be asked.

    ``estimate``: tokens that it has at least; images count nothing. ``measured``: tokens that a server counted.
    ``window``: of the smallest server that may be asked; ``None`` when none serves the model.
    """

    stage: str
    model: str | None
    attempt: int
    system: str
    prompt: str
    images: tuple[AskedImage, ...]
    schema: Mapping[str, Any] | None
    options: Mapping[str, Any]
    prompt_hash: str
    key: str
    kept: bool
    estimate: int
    measured: int | None
    window: Window | None


@dataclass(frozen=True, slots=True)
class Preview:
    """What grading would ask, in order. ``finished``: it would end without asking anybody anything new."""

    prompts: tuple[AskedPrompt, ...]
    finished: bool
