"""The reply's stream without a socket: bytes may arrive in any pieces, and only a complete reply counts."""

import itertools
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import StreamCutError
from models.stream import ReplyStream
from scheduler.errors import AttemptFailedError

LINES = [{"response": part, "done": False} for part in ('{"a": ', '"é\n日"', "}")]
REPLY = b"".join(json.dumps(line, ensure_ascii=False).encode() + b"\n" for line in LINES)
END = b'{"response":"","done":true,"done_reason":"stop","prompt_eval_count":9,"eval_count":3}'


def read(data: bytes, cuts: list[int]) -> ReplyStream:
    """A stream that was fed ``data`` in pieces."""
    stream, edges = ReplyStream("s", 1 << 16), [0, *sorted(cuts), len(data)]
    for start, end in itertools.pairwise(edges):
        stream.feed(data[start:end])
    stream.finish()
    return stream


@given(cuts=st.lists(st.integers(0, len(REPLY + END))), newline=st.booleans())
def test_pieces_do_not_matter(cuts: list[int], newline: bool) -> None:
    """However the network cuts the bytes, characters included, the reply is the same."""
    stream = read(REPLY + END + (b"\n" if newline else b""), cuts)
    assert stream.text == '{"a": "é\n日"}'
    assert stream.end is not None
    assert stream.end.prompt_eval_count == 9


@pytest.mark.parametrize("length", [0, 5, len(REPLY)])
def test_reply_without_its_end_is_cut(length: int) -> None:
    """A connection that ends before ``done`` is a failure, even after text that would parse."""
    with pytest.raises(AttemptFailedError) as caught:
        read(REPLY[:length], [])
    assert isinstance(caught.value, StreamCutError) == (length != 5)


@given(data=st.binary(max_size=200))
def test_garbage_is_a_typed_error(data: bytes) -> None:
    """No bytes whatever raise anything but our errors."""
    stream = ReplyStream("s", 1 << 16)
    try:
        stream.feed(data)
        stream.finish()
    except AttemptFailedError:
        return
    assert stream.end is not None


def test_thinking_is_a_sign_of_life_and_no_reply() -> None:
    """What a model thought before its reply counts as chunks, and is not part of the text."""
    thought = b'{"response":"","thinking":"Let me see.","done":false}\n'
    stream = read(thought * 3 + REPLY + END, [])
    assert (stream.chunks, stream.text) == (6, '{"a": "é\n日"}')
