"""``AgreementReport``: how far grades agree, with teachers and among themselves, and how sure that is. Pure.

1. ``human``: the teacher against the shown grade and against each try of each model. ``models``: each two models in the
   same try. ``tries``: each two tries of one model. Pairs without a common submission are left out.
2. ``panels``: all tries of a model together, and all models in their first try, where there are three or more.
3. ``severity``: the finding of the fair round robin (``severity.estimate``), as the caller made it: which submissions
   are its overlap is not to be seen from marks.
4. It is a function of its input and of the seed in the options.

It takes time (about 0.15 s for 30 submissions and 1.3 s for 300, for each comparison and for each question whose
intervals are wanted): not on an event loop. ``heed``: see ``comparison``.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

from introeval.agreement.comparison import Comparison, Heed, Options, Panel, compare, panel, unheeding
from introeval.agreement.marks import Value
from introeval.agreement.raters import Scale, Sheet
from introeval.agreement.scale import Equating


class AgreementReport(Value):
    """All of it; JSON with ``model_dump_json()``."""

    scale: Scale
    options: Options
    human: tuple[Comparison, ...] = ()
    models: tuple[Comparison, ...] = ()
    tries: tuple[Comparison, ...] = ()
    panels: tuple[Panel, ...] = ()
    severity: Equating | None = None


def report(
    scale: Scale,
    ours: Sequence[Sheet],
    human: Sheet | None = None,
    final: Sheet | None = None,
    severity: Equating | None = None,
    options: Options | None = None,
    heed: Heed = unheeding,
) -> AgreementReport:
    """Compare. ``ours``: a sheet for each try of each model; ``final``: the shown grades.

    Raises ``AgreementError`` for marks or questions that do not fit together.
    """
    how = options or Options()
    shown = (final,) if final else ()
    pairs = list(combinations(ours, 2))
    of_models = [
        pair for pair in pairs if _name(pair[0]) != _name(pair[1]) and _try(pair[0]) == _try(pair[1])
    ]
    of_tries = [pair for pair in pairs if _name(pair[0]) == _name(pair[1])]

    def compared(chosen: Sequence[tuple[Sheet, Sheet]]) -> tuple[Comparison, ...]:
        return tuple(
            compare(one, other, scale, how, heed)
            for one, other in chosen
            if one.submissions & other.submissions
        )

    return AgreementReport(
        scale=scale,
        options=how,
        human=compared([(human, sheet) for sheet in (*shown, *ours)] if human else []),
        models=compared(of_models),
        tries=compared(of_tries),
        panels=tuple(panel(sheets, scale, how, heed) for sheets in _groups(ours)),
        severity=severity,
    )


def _groups(ours: Sequence[Sheet]) -> Iterator[list[Sheet]]:
    """The panels: all first tries, then the tries of each model."""
    groups = [[sheet for sheet in ours if _try(sheet) == 1]]
    groups += [[sheet for sheet in ours if _name(sheet) == name] for name in dict.fromkeys(map(_name, ours))]
    return (group for group in groups if len(group) > 2)


def _name(sheet: Sheet) -> str:
    return sheet.rater.name


def _try(sheet: Sheet) -> int:
    return sheet.rater.try_index
