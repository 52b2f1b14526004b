"""The simulator can fail: every deliberate defect is caught, soon."""

import pytest

from tests.simulator.edits import Mutant
from tests.simulator.mutants import MUTANTS, seeds_to_catch

SOON = 400
"""Seeds. The table in docs/reliability.md has how many each really needed."""


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_caught(mutant: Mutant) -> None:
    """Some seed breaks a law while the defect is there."""
    assert seeds_to_catch(mutant, most=SOON) is not None
