"""The parts of a worker that decide without a server: our own token count, the next prompt, names of models."""

import json
from contextlib import nullcontext

import pytest

from models.breaker import backoff
from models.config import ServerConfig, canonical
from models.errors import ContextOverflowError
from models.rotation import next_in_turn
from models.stream import ReplyStream
from models.tokens import estimate
from models.worker import check
from tests.models.fake_ollama import GOOD


@pytest.mark.parametrize(
    "text,least",
    [
        ("", 0),
        ("   \n\n  ", 0),
        ("Hello, my name is Priya.", 7),
        ("internationalisation", 1),
        ("2024 12345", 4),
        ("well-known", 2),
        ("don't stop...", 4),
        ("«été» 日本語", 2),
        ("नमस्ते दुनिया", 2),
        ("வணக்கம்", 1),
        ("مُحَمَّد کا نام", 3),
        ("the teacher\u2019s", 3),
        ("我叫李华。来自北京。我是学生", 3),
        ("人工智能" * 10, 10),
        ("สวัสดีครับ", 3),
    ],
)
def test_estimate_counts_what_every_tokeniser_splits(text: str, least: int) -> None:
    """The bound counts words with their marks, digits by three, punctuation that ends, and four unspaced characters."""
    assert estimate(text) == least


URDU = "میرا نام علی ہے اور میں لاہور سے ہوں "
CHINESE = "我叫李华。来自北京。我喜欢编程和音乐。"
ENGLISH = "my name is Priya and I come from Pune "


@pytest.mark.parametrize(
    "text,times,read,cut",
    [
        (URDU, 300, 4098, True),
        (URDU, 300, 4097, True),
        (URDU, 300, 4099, False),
        (CHINESE, 500, 4098, True),
        (ENGLISH, 450, 4098, False),
        (ENGLISH, 900, 4098, True),
    ],
)
def test_a_prompt_that_was_cut_to_half_the_window(text: str, times: int, read: int, cut: bool) -> None:
    """It shows by our own count, or, where that is far too low, by the number that is left; else it is believed."""
    stream = ReplyStream("s", 1 << 20)
    end = {"response": GOOD, "done": True, "done_reason": "stop", "prompt_eval_count": read, "eval_count": 8}
    stream.feed(json.dumps(end).encode() + b"\n")
    config = ServerConfig(name="s", url="http://s", model="m", num_ctx=8192)
    with pytest.raises(ContextOverflowError) if cut else nullcontext():
        assert check(stream, estimate(text * times), 1024, config) == GOOD


@pytest.mark.parametrize(
    "name,listed",
    [
        ("mistral", "mistral:latest"),
        ("mistral:7b", "mistral:7b"),
        ("host:5000/a/b", "host:5000/a/b:latest"),
        ("host:5000/a/b:q4", "host:5000/a/b:q4"),
    ],
)
def test_canonical_names(name: str, listed: str) -> None:
    """A model without a tag is listed as ``:latest``; a registry's port is no tag."""
    assert canonical(name) == listed


@pytest.mark.parametrize(
    "slots,last,turn",
    [
        ([4, 4], -1, 0),
        ([4, 4], 0, 1),
        ([4, 4], 1, 0),
        ([4, 1], 0, 1),
        ([4, 0], 0, 0),
        ([0, 0], 0, None),
        ([], -1, None),
    ],
)
def test_turn_is_strict(slots: list[int], last: int, turn: int | None) -> None:
    """The next server with an open slot, not the one with most of them."""
    if slots:
        assert next_in_turn(slots, last) == turn
    else:
        assert next_in_turn(slots, last) is None


def test_backoff_doubles_to_its_cap() -> None:
    """A dead server is asked less and less often, but never given up."""
    assert [backoff(n, 1.0, 30.0) for n in (1, 2, 3, 6, 10_000)] == [1.0, 2.0, 4.0, 30.0, 30.0]
