"""All the grades that the report needs, one after the other, the clean ones first.

A grade that could not be had is ``None``, is counted, and is asked for again by the next run.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field

from benchmarks.injection.asking import Graded
from benchmarks.injection.corpus import Attack, Clean, in_turn
from benchmarks.injection.detector import changes, switched_off
from scheduler.errors import WorkError

Grade = Callable[[str, str], Awaitable[Graded]]
"""Grades a transcript: its id and text. Raises ``WorkError``."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What is graded."""

    clean: tuple[Clean, ...]
    attacks: tuple[Attack, ...]


@dataclass(slots=True)
class Grades:
    """By id. ``defended``: as the program is. ``bare``: with the detector switched off, where that was asked.

    ``unchanged``: clean ones in which the detector has no part, so that both grades are the same.
    """

    defended: dict[str, Graded | None] = field(default_factory=dict)
    bare: dict[str, Graded | None] = field(default_factory=dict)
    unchanged: frozenset[str] = frozenset()


def select(clean: Sequence[Clean], attacks: Sequence[Attack], splits: Sequence[str], limit: int) -> Selection:
    """The splits' transcripts; of each split the first ``limit`` (0: all), attacks in turn over their kinds.

    The bases of the attacks are always among the clean ones.
    """
    some_attacks: list[Attack] = []
    wanted: set[str] = set()
    for split in splits:
        of_split = in_turn(tuple(attack for attack in attacks if attack.split == split))
        some_attacks += of_split[: limit or None]
        wanted |= {item.id for item in [item for item in clean if item.split == split][: limit or None]}
    wanted |= {attack.base for attack in some_attacks}
    return Selection(tuple(item for item in clean if item.id in wanted), tuple(some_attacks))


async def run(chosen: Selection, grade: Grade, undefended: bool) -> Grades:
    """Grade. ``undefended``: also the attacks with the detector off; the changed clean ones are so always."""
    changed = [item for item in chosen.clean if changes(item)]
    grades = Grades(unchanged=frozenset(item.id for item in chosen.clean) - {item.id for item in changed})
    await _each(chosen.clean, grade, grades.defended, bare=False)
    await _each(chosen.attacks, grade, grades.defended, bare=False)
    await _each(changed, grade, grades.bare, bare=True)
    if undefended:
        await _each(chosen.attacks, grade, grades.bare, bare=True)
    return grades


async def _each(
    items: Sequence[Clean | Attack], grade: Grade, into: dict[str, Graded | None], *, bare: bool
) -> None:
    for at, item in enumerate(items, 1):
        label = f"{'without detector ' if bare else ''}{item.id} ({at} of {len(items)})"
        try:
            with switched_off() if bare else nullcontext():
                got = await grade(item.id, item.text)
        except WorkError as error:
            print(f"{label}: {error}", flush=True)
            into[item.id] = None
        else:
            flag = ", flagged" if got.flagged else ""
            print(f"{label}: {got.score:.1f}{flag}, {got.seconds:.1f} s of the model", flush=True)
            into[item.id] = got
