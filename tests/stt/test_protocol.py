"""The lines between the daemon and a Whisper child."""

import json

import pytest

from stt.errors import ChildCrashedError
from stt.protocol import Heard, decode_message, encode, heard, segment_of
from stt.transcript import Segment, Word


def test_segment_survives_the_line() -> None:
    """What the child heard is what the daemon reads."""
    segment = Segment(0.5, 1.5, "I am Ada", (Word(0.5, 0.6, "I", 0.9),), -0.25, 0.01)
    message = decode_message(encode(heard(segment)))
    assert isinstance(message, Heard)
    assert segment_of(message) == segment


@pytest.mark.parametrize(
    "line",
    [
        b"I am Ada",
        b'{"kind":"heard","segment":"I am Ada"}',
        b'{"kind":"I am Ada"}',
        "I am Ada".encode("utf-16"),
    ],
    ids=["text", "wrong type", "wrong kind", "not UTF-8"],
)
def test_an_error_does_not_quote_the_line(line: bytes) -> None:
    """A line may be speech, and an error's text is stored and shown."""
    with pytest.raises(ChildCrashedError, match=f"a line of {len(line)} bytes") as caught:
        decode_message(line)
    assert "Ada" not in str(caught.value)


def test_an_error_does_not_quote_the_segment() -> None:
    """Nor may a segment."""
    message = decode_message(json.dumps({"kind": "heard", "segment": {"start": "I am Ada"}}).encode())
    assert isinstance(message, Heard)
    with pytest.raises(ChildCrashedError, match="ValueError") as caught:
        segment_of(message)
    assert "Ada" not in str(caught.value)
