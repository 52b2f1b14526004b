"""A place for the log's lines."""

import io
import logging
from collections.abc import Iterator

import pytest
import structlog

from introeval.logs import configure


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """JSON logs into memory; the process's logging is put back afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    target = io.StringIO()
    configure("json", "info", target)
    yield target
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
