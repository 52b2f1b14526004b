"""A slice of ``make fuzz``: fresh numbers each time, printed; a fault says how to replay it."""

import os
import secrets
from pathlib import Path

import pytest

from tests.hostile.fuzzing import fault_of, fuzz, lay_out, try_seed
from tests.hostile.judge import Verdict, judge
from tests.hostile.mutations import good_files, mutant
from tests.hostile.traps import SAMPLES

pytestmark = pytest.mark.timeout(600)
SLICE = 100 if os.environ.get("CI") else 16
"""Each costs a quarter of a second of CPU."""

PAST = (20261121048, 20261121053)
"""Numbers that once were faults: a picture of an unknown codec ended the probe without an answer."""


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The recordings that are broken."""
    return good_files(tmp_path_factory.mktemp("good"))


async def test_slice(good: dict[str, bytes], tmp_path: Path) -> None:
    """Every broken recording is answered, in time, with nothing of anybody else's."""
    first = secrets.randbelow(1 << 40)
    print(f"seeds {first} to {first + SLICE - 1}")

    report = await fuzz(range(first, first + SLICE), [*good.values()], tmp_path)

    assert report.faults == {}, "python -m tests.hostile --replay " + str(next(iter(report.faults)))
    assert report.done == SLICE
    assert len(good) > 10


@pytest.mark.parametrize("seed", PAST)
async def test_past_faults(good: dict[str, bytes], tmp_path: Path, seed: int) -> None:
    """What was mended stays so (with another ffmpeg than that of the lock file, a number is another file)."""
    _, fault = await try_seed(seed, [*good.values()], tmp_path)

    assert fault == ""


async def test_the_good_ones_are_accepted(good: dict[str, bytes], tmp_path: Path) -> None:
    """What is broken was whole before."""
    for name, data in good.items():
        room = tmp_path / f"recording {name}"
        verdict = await judge(lay_out(room, data), room / "out")
        assert verdict.code == "ok", name


def test_a_number_is_a_file(good: dict[str, bytes]) -> None:
    """The same number gives the same bytes, another one others; most are broken."""
    files = [*good.values()]

    assert mutant(7, files) == mutant(7, files)
    assert len({mutant(seed, files) for seed in range(100)}) > 90
    assert sum(mutant(seed, files) in files for seed in range(100)) < 20


@pytest.mark.parametrize(
    ("verdict", "left", "said"),
    [
        (Verdict("ok"), {"a.wav": b"silence"}, ""),
        (Verdict("corrupt_media"), {}, ""),
        (Verdict("probe_failed", "no answer"), {}, "probe_failed: no answer"),
        (Verdict("corrupt_media", wall=31), {}, "it took 31 s"),
        (Verdict("ok"), {"a.wav": b"x" + SAMPLES[4096:]}, "another student's bytes"),
        (Verdict("corrupt_media"), {"a.wav.part": b""}, "it left"),
    ],
)
def test_a_fault_is_noticed(tmp_path: Path, verdict: Verdict, left: dict[str, bytes], said: str) -> None:
    """An answer that blames nobody, a wait, another's bytes and leftovers are faults."""
    for name, data in left.items():
        (tmp_path / name).write_bytes(data)

    found = fault_of(verdict, tmp_path)

    assert said in found
    assert bool(said) == bool(found)
