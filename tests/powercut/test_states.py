"""The model of a disk that loses its power: what is durable, what may be left, and at which moment."""

from random import Random

from tests.powercut.plugin import FLUSH, HEADER, WRITE
from tests.powercut.states import BlockLog, State, crash_states, left

SECTOR = 512
SYNC = (0, None)
SYNC_OTHER = (1, None)


def _log(*told: tuple[int, bytes | None]) -> BlockLog:
    """Writes (disk, bytes) one behind the other, and flushes (disk, None)."""
    content, at = b"", 0
    for disk, data in told:
        content += HEADER.pack(WRITE if data else FLUSH, disk, at, len(data or b"")) + (data or b"")
        at += len(data or b"")
    return BlockLog(content)


def _texts(log: BlockLog, position: int) -> list[bytes]:
    return [bytes(record.data) for record in log.pending(position) if record.data is not None]


def test_a_flush_makes_what_was_written_before_it_durable() -> None:
    """And only that: later writes may be lost."""
    log = _log((0, b"a"), (0, b"b"), SYNC, (0, b"c"))
    assert [_texts(log, position) for position in range(5)] == [[], [b"a"], [b"a", b"b"], [], [b"c"]]


def test_a_flush_is_of_its_own_disk() -> None:
    """Another disk's cache is still volatile."""
    log = _log((0, b"a"), (1, b"b"), SYNC_OTHER)
    assert _texts(log, 3) == [b"a"]


def test_a_moment_counts_whole_records() -> None:
    """A record that is only half in the log has not happened."""
    log = _log((0, b"a"), SYNC)
    one = HEADER.size + 1
    assert [log.position(size) for size in (0, one - 1, one, 2 * one - 2, 2 * one - 1)] == [0, 0, 1, 1, 2]


def test_each_image_is_taken_at_its_last_moment() -> None:
    """ "All" just before the next write, "none" just before the next flush: then most had been promised."""
    log = _log((0, b"a"), (0, b"b"), SYNC, (0, b"c"))
    states = crash_states(log, 0, None, 0, seed=1)
    assert [str(state) for state in states] == ["all@0", "all@1", "none@2", "all@3", "all@4", "none@4"]


def test_torn_states_follow_from_the_seed() -> None:
    """The same seed gives the same cuts, and only where something was left to tear."""
    log = _log((0, b"a"), (0, b"b"), SYNC, (0, b"c"))
    states = crash_states(log, 0, 0, 40, seed=1)
    assert states == crash_states(log, 0, 0, 40, seed=1) != crash_states(log, 0, 0, 40, seed=2)
    assert {state.position for state in states} == {1, 2, 4}


def test_a_torn_write_keeps_whole_sectors() -> None:
    """Every sector is the old one or the new one, both happen, and a seed gives the same again."""
    new = Random(3).randbytes(8 * SECTOR + 100)
    log = _log((0, b"x" * 100), SYNC, (0, new))
    seen = set()
    for seed in range(50):
        parts = left(log, State(3, "torn", seed), SECTOR)
        assert parts == left(log, State(3, "torn", seed), SECTOR)
        for record, offset, data in parts:
            assert bytes(data) == new[offset - record.offset :][: len(data)]
            assert offset + len(data) == len(new) + 100 or (offset + len(data)) % SECTOR == 0
        seen.add(tuple(offset for _, offset, _ in parts))
    assert len(seen) > 10
    assert max(map(len, seen)) > 5 > min(map(len, seen))


def test_nothing_and_all() -> None:
    """The two cuts that need no choice."""
    log = _log((0, b"a"), SYNC, (0, b"b"), (0, b"c"))
    assert left(log, State(4, "none"), SECTOR) == []
    assert [bytes(data) for _, _, data in left(log, State(4, "all"), SECTOR)] == [b"b", b"c"]


def test_a_superblock_is_not_torn_within() -> None:
    """Where a filesystem counts on it, the sectors of a range are kept or lost together."""
    log = _log((0, b"x" * SECTOR * 4))
    offsets = set()
    for seed in range(50):
        kept = {
            offset: len(data)
            for _, offset, data in left(log, State(1, "torn", seed), SECTOR, range(1024, 2048))
        }
        offsets |= set(kept)
        assert kept.get(1024, 1024) == 1024
    assert offsets == {0, 512, 1024}
