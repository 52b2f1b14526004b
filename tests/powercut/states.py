"""Which states a power cut could leave the disks in. Pure: from the log and a seed to images.

The model of a disk: a volatile cache in front of a platter. A flush makes every write of that disk that was answered
before it durable. Of the writes since its last flush, a power cut leaves nothing, all, or any part: each unit of
``grain`` bytes (a sector) has the old content or the new. Where two such writes meet, their order is kept.

The rules:

1. Each distinct image is one state, taken at the last moment at which it can occur: most was promised by then.
2. Bytes are those of the log. Nothing is made up, and nothing within a unit is torn.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from random import Random

from tests.powercut.plugin import FLUSH, HEADER


@dataclass(frozen=True, slots=True)
class Record:
    """A write, or a flush (``data`` is ``None``). ``end``: bytes of the log up to and with it."""

    disk: int
    offset: int
    data: memoryview | None
    end: int


@dataclass(frozen=True, slots=True)
class State:
    """A power cut after ``position`` records. ``kind``: none, all or torn; ``seed`` of the choice if torn."""

    position: int
    kind: str
    seed: int = 0

    def __str__(self) -> str:
        return f"{self.kind}@{self.position}" + (f"/{self.seed}" if self.kind == "torn" else "")


class BlockLog:
    """What the disks were told."""

    def __init__(self, content: bytes) -> None:
        self.records = _records(memoryview(content))
        self._ends = [record.end for record in self.records]

    def position(self, size: int) -> int:
        """How many records there were when the log was ``size`` bytes long."""
        return bisect_right(self._ends, size)

    def pending(self, position: int) -> list[Record]:
        """The writes before ``position`` that no flush of their disk has made durable, in order."""
        flushed: set[int] = set()
        found: list[Record] = []
        disks = {record.disk for record in self.records}
        for record in reversed(self.records[:position]):
            if record.disk in flushed:
                continue
            if record.data is None:
                flushed.add(record.disk)
                if flushed == disks:
                    break
            else:
                found.append(record)
        return found[::-1]


def _records(content: memoryview) -> list[Record]:
    records: list[Record] = []
    at = 0
    while at + HEADER.size <= len(content):
        kind, disk, offset, length = HEADER.unpack_from(content, at)
        start, at = at + HEADER.size, at + HEADER.size + length
        records.append(Record(disk, offset, None if kind == FLUSH else content[start:at], at))
    return records


def crash_states(log: BlockLog, start: int, plain: int | None, torn: int, seed: int) -> list[State]:
    """States after ``start`` records: every "all" and "none" (or ``plain`` of them), and ``torn`` at random."""
    random = Random(seed)
    states: list[State] = []
    waiting: list[int] = []
    for position in range(start, len(log.records) + 1):
        following = log.records[position] if position < len(log.records) else None
        pending = bool(log.pending(position))
        if following is None or following.data is not None:
            states.append(State(position, "all"))
        if pending and (following is None or following.data is None):
            states.append(State(position, "none"))
        if pending:
            waiting.append(position)
    if plain is not None and len(states) > plain:
        states = random.sample(states, plain)
    if waiting:
        states += [State(random.choice(waiting), "torn", random.getrandbits(32)) for _ in range(torn)]
    return sorted(states, key=lambda state: (state.position, state.kind, state.seed))


def left(
    log: BlockLog, state: State, grain: int, whole: range = range(0)
) -> list[tuple[Record, int, memoryview]]:
    """What of the unflushed writes is on the disk: (write, offset on the disk, bytes), in order.

    ``whole``: bytes of the disk that are not torn within (a superblock of several sectors).
    """
    pending = log.pending(state.position)
    if state.kind == "none":
        return []
    if state.kind == "all":
        return [(record, record.offset, record.data) for record in pending if record.data is not None]
    random = Random(state.seed)
    undivided, kept = random.choice((0.0, 0.5)), random.choice((0.1, 0.5, 0.9))
    parts: list[tuple[Record, int, memoryview]] = []
    for record in pending:
        if record.data is None:
            continue
        # Some cuts lose or keep whole writes, others tear each of them.
        always = random.random() < 0.5 if random.random() < undivided else None
        for first, last in pairwise(_bounds(record, grain, whole)):
            if always if always is not None else random.random() < kept:
                parts.append((record, first, record.data[first - record.offset : last - record.offset]))
    return parts


def _bounds(record: Record, grain: int, whole: range) -> Sequence[int]:
    end = record.offset + len(record.data or b"")
    inner = range(record.offset // grain * grain + grain, end, grain)
    return [record.offset, *(at for at in inner if at not in whole[1:]), end]
