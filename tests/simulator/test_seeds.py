"""Seeds of the simulator: fresh ones on each run, and those that once broke a law.

``SIMULATOR_SEEDS`` says how many; else 20,000 in CI and 300 at home. A failure prints its seed, the law it breaks, the
hash of its trace and the shortest script; ``python -m tests.simulator --seed N`` plays it again.
"""

import os
import subprocess
import sys

import pytest

from tests.simulator.script import script_of
from tests.simulator.seeds import corpus, explained, fresh_start, many, one, tables, together
from tests.simulator.session import play
from tests.simulator.shrink import minimised

IN_CI, AT_HOME = 20_000, 300


@pytest.mark.timeout(400)
def test_fresh_seeds_keep_the_laws(capsys: pytest.CaptureFixture[str]) -> None:
    """Uploads, kills, dead servers, hangs, bad disks, set clocks, teachers and zombies, in any order."""
    count = int(os.environ.get("SIMULATOR_SEEDS") or (IN_CI if os.environ.get("CI") else AT_HOME))
    start = fresh_start()
    tally = together(many(start, count, workers=None if count > 1000 else 1))
    with capsys.disabled():
        print(f"\nsimulator: {count} seeds from {start} on, {tally.cpu:.1f} s of CPU")
    assert tally.seeds == count
    assert not tally.failures, "\n".join(explained(failure) for failure in tally.failures[:3])


def test_what_once_broke_a_law_does_not_again() -> None:
    """The corpus of past failures."""
    outcomes = {why: play(script, tables()).wrong for why, script in corpus()}
    assert {why: wrong for why, wrong in outcomes.items() if wrong} == {}
    assert len(outcomes) >= 4


def test_a_seed_replays_everywhere() -> None:
    """The same seed does the same again, also in another process in which sets and dictionaries hash otherwise."""
    seeds = range(7, 17)
    here = [one(seed).hash for seed in seeds]
    assert here == [one(seed).hash for seed in seeds]
    assert len(set(here)) == len(here)
    code = "from tests.simulator.seeds import one\nfor seed in range(7, 17): print(one(seed).hash)"
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONHASHSEED": "1234"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.split() == here


def test_a_script_is_shortened_to_what_matters() -> None:
    """Delta debugging leaves exactly the items without which the failure is gone."""
    items = next(found for seed in range(100) if len(found := script_of(seed).items) >= 6)
    needed = {items[1], items[4]}
    assert set(minimised(items, lambda kept: needed <= set(kept))) == needed
