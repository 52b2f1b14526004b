"""The slice of the power cuts that CI has time for, on real disks: needs root, FUSE, loop devices and nbdkit."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.powercut import requirements
from tests.powercut.mutants import MUTANTS

REPOSITORY = Path(__file__).parents[2]
REASON = requirements.missing()


@pytest.mark.skipif(REASON is not None, reason=REASON or "")
@pytest.mark.timeout(600)
def test_nothing_acknowledged_is_lost_and_every_defect_is_found() -> None:
    """160 states of the production code with no fault, and four defects that the same harness catches.

    A process of its own: its mounts are private to it, and end with it. Its output has the seed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "tests.powercut"], cwd=REPOSITORY, capture_output=True, text=True, check=False
    )
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[-1] == "160 states of production code"
    assert [line for line in lines if re.search(r"production on ext4.* 0 with a fault", line)]
    found = {line.split()[1] for line in lines if re.search(r"first caught after \d+", line)}
    assert found == set(MUTANTS)
