"""What a broken child says is text afterwards, whatever it was."""

import asyncio
import sys

import pytest

from introeval.pages.errors import BrokenPagesError
from introeval.pages.job import understand
from stt.spawn import readable, run_bounded

HALF = r"""print('{"refused": "broken_pages", "message": "It names \\ud83d, \\u00e9 and \\ud83d\\ude00."}')"""


def test_half_a_character_is_a_question_mark() -> None:
    """The rest stays as it is, and what is no text is its own name."""
    assert readable("a\ud83d é \N{GRINNING FACE}") == "a? é \N{GRINNING FACE}"
    assert readable(None) == "None"


async def test_a_refusal_can_be_written_down() -> None:
    """JSON can say half a character; the error that comes of it is UTF-8, so the tables and the pages take it."""
    command = [sys.executable, "-I", "-S", "-c", HALF]
    done = await run_bounded(command, stdin=asyncio.subprocess.DEVNULL, seconds=30)

    with pytest.raises(BrokenPagesError) as refused:
        understand(done.stdout, done.stderr, done.returncode)

    assert str(refused.value) == "It names ?, é and \N{GRINNING FACE}."
