"""The parts of a worker that decide without a server: our own token count, the next prompt, names of models."""

import pytest

from models.breaker import backoff
from models.config import canonical
from models.rotation import next_in_turn
from models.tokens import estimate


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
    ],
)
def test_estimate_counts_what_every_tokeniser_splits(text: str, least: int) -> None:
    """The bound counts letters, digits by three and punctuation that ends; it never counts too much."""
    assert estimate(text) == least


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
