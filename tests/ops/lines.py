"""Reading back what was logged."""

import io
import json
from typing import Any


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """What was written, one value per line."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]
