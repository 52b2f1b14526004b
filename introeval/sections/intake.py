"""The section about what is taken in."""

from pydantic import PositiveFloat, PositiveInt

from introeval.sections.base import Section


class UploadSettings(Section):
    """Limits on what is taken in. ``max_queue``: accepted and not yet ended, beyond which the answer is 429."""

    max_bytes: PositiveInt = 500_000_000
    max_seconds: PositiveFloat = 900.0
    max_queue: PositiveInt = 500
