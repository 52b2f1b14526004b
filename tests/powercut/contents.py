"""What students send: bytes that follow from a seed, so that whoever looks later can tell them. Pure."""

from dataclasses import dataclass
from random import Random

_VIDEO = b"\x00\x00\x00\x20ftypisom"


@dataclass(frozen=True, slots=True)
class Content:
    """A file. ``size``: its random bytes, behind what makes it a video."""

    seed: int
    size: int

    def data(self) -> bytes:
        """All of it."""
        return _VIDEO + Random(self.seed).randbytes(self.size)

    def __str__(self) -> str:
        return f"{self.seed}:{self.size}"

    @classmethod
    def named(cls, text: str) -> "Content":
        """The reverse of ``str``."""
        seed, _, size = text.partition(":")
        return cls(int(seed), int(size))
