"""The marks into which a model may divide what a question is worth, when it proposes marking points. Pure.

All are multiples of one step that divides the whole, so that several can add up to it: no two whole points
make 7.5.
"""

STEPS = (1, 0.5, 0.25, 0.125, 0.1, 0.05, 0.01)
"""The first that divides the whole counts, and whole points only above ``HALVES_UP_TO``. Where none does: a
tenth of it.
"""

HALVES_UP_TO = 5
SHARES_MAX = 1000


def shares(worth: float) -> tuple[float, ...]:
    """From the least to the whole; at least two."""
    step = next((step for step in STEPS if _divides(step, worth)), worth / 10)
    marks = (round(at * step, 9) for at in range(1, round(worth / step) + 1))
    return tuple(int(mark) if mark == int(mark) else mark for mark in marks)


def _divides(step: float, worth: float) -> bool:
    count = worth / step
    whole = abs(count - round(count)) < 1e-9 and 2 <= count <= SHARES_MAX
    return whole and (step < 1 or worth > HALVES_UP_TO)
