"""The full check of docs/reliability.md: ``python -m tests.formal [words of a case's name]``. Minutes, and up to 6 GB.

Prints a row for each case, and ends with 1 when a claim is broken or a mistake is not found.
"""

import sys

from tests.formal.cases import FULL, MISTAKES, Sizes
from tests.formal.spin import ASSERTIONS, MISSING, SAFETY, Mode, Verdict, check

MEMORY = ("-DCOLLAPSE", "-DMEMLIM=6000")
HOURS = 4 * 3600


def _defines(sizes: Sizes) -> str:
    return " ".join(f"-D{name}" if value is None else f"-D{name}={value}" for name, value in sizes.items())


def _row(name: str, sizes: Sizes, verdict: Verdict, good: bool) -> bool:
    said = verdict.problem or ("no error" if verdict.complete else "no error, but not all was searched")
    facts = f"{verdict.states:,} states | depth {verdict.depth:,} | {verdict.seconds:.1f} s"
    print(f"| {name} | `{_defines(sizes)}` | {facts} | {said} | {'ok' if good else 'WRONG'} |", flush=True)
    return good


def _full(words: str) -> bool:
    good = True
    for case in FULL:
        if words in case.name:
            verdict = check(
                "phase.pml", case.sizes, case.mode, optimise="-O2", extra_flags=MEMORY, seconds=HOURS
            )
            held = verdict.problem is None and verdict.complete and verdict.states >= case.least
            good = _row(case.name, case.sizes, verdict, held) and good
    return good


def _refuted(words: str) -> bool:
    good = True
    for mistake in MISTAKES:
        if words in mistake.name:
            sizes = mistake.sizes | {f"BUG_{mistake.name}": None}
            verdict = check("phase.pml", sizes, mistake.mode, seconds=HOURS)
            good = _row(mistake.what, sizes, verdict, mistake.found in (verdict.problem or "")) and good
    return good


def _sketch() -> bool:
    tied: Sizes = {"TIED": None}
    trials: tuple[tuple[str, Sizes, Mode], ...] = (
        ("the sketch: both sides at once", {}, ASSERTIONS),
        ("the sketch with one lock: who comes late is lost", tied, SAFETY),
    )
    verdicts = [(name, sizes, check("sketch.pml", sizes, mode)) for name, sizes, mode in trials]
    return all(_row(name, sizes, verdict, verdict.problem is not None) for name, sizes, verdict in verdicts)


def main() -> int:
    """Returns the exit code."""
    if MISSING:
        print(f"not installed: {', '.join(MISSING)}")
        return 2
    words = " ".join(sys.argv[1:])
    good = [_full(words), _refuted(words)] + ([] if words else [_sketch()])
    return 0 if all(good) else 1


if __name__ == "__main__":
    sys.exit(main())
