"""The model of the phases, checked by spin at sizes that take seconds: it holds, and its mistakes are found.

``python -m tests.formal`` does the same at the sizes of docs/reliability.md.
"""

import pytest

from tests.formal.cases import MISTAKES, SMALL, STUCK, Case, Mistake
from tests.formal.spin import ASSERTIONS, MISSING, SAFETY, check

pytestmark = [
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)}"),
    pytest.mark.timeout(300),
]


@pytest.mark.parametrize("case", SMALL, ids=lambda case: case.name)
def test_the_protocol_holds(case: Case) -> None:
    """No claim of ``phase.pml`` is broken in any state there is at this size."""
    verdict = check("phase.pml", case.sizes, case.mode)
    assert (verdict.problem, verdict.complete) == (None, True), verdict.text
    assert verdict.states >= case.least


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_found(mistake: Mistake) -> None:
    """The model can fail: with one mistake put in, spin finds the claim that it breaks."""
    sizes = mistake.sizes | {f"BUG_{mistake.name}": None}
    verdict = check("phase.pml", sizes, mistake.mode, optimise="-O0")
    assert verdict.problem is not None, mistake.what
    assert mistake.found in verdict.problem


def test_the_sketch_breaks_the_exclusion() -> None:
    """The source's semaphores: STT and a model work at once."""
    verdict = check("sketch.pml", {}, ASSERTIONS, optimise="-O0")
    assert verdict.problem is not None
    assert "transcribing&&answering" in verdict.problem


def test_the_sketch_loses_who_comes_late() -> None:
    """Also with one lock around both sides: the list is cleared with those who arrived during the gather."""
    tied: dict[str, int | None] = {"TIED": None}
    assert check("sketch.pml", tied, ASSERTIONS, optimise="-O0").problem is None
    assert check("sketch.pml", tied, SAFETY, optimise="-O0").problem == STUCK
