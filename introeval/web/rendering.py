"""The templates' environment: autoescape on, undefined names are errors, and the pages' own words as filters.

Imported with the first page and not before: jinja2 takes a tenth of a second of the daemon's start.
"""

from datetime import datetime

from jinja2 import Environment, PackageLoader, StrictUndefined

from introeval.grading.telling import score_text
from introeval.web import words
from introeval.web.assets import Assets


def environment(assets: Assets) -> Environment:
    """Load templates from the package; ``assets`` gives the addresses of style sheets and scripts."""
    made = Environment(
        loader=PackageLoader("introeval.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals.update(
        assets=assets.urls,
        stages=words.STAGES,
        statuses=words.STATUSES,
        phases=words.PHASES,
        batch_states=words.BATCHES,
    )
    made.filters.update(
        duration=words.duration,
        position=words.position,
        number=score_text,
        minutes=words.whole_minutes,
        utc=_utc,
        iso=datetime.isoformat,
        student=words.student_flag,
        bounded=words.student_guard,
    )
    return made


def _utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")
