"""Repetitions that no person says are cut and marked; what people do say stays."""

import pytest

from stt.loops import LEAST, MARK, LoopCutter, cut_loops
from stt.transcript import Segment, Word


def heard(text: str) -> Segment:
    """A segment with a time for each word."""
    words = tuple(Word(at, at + 1, word, 0.5) for at, word in enumerate(text.split()))
    return Segment(0.0, float(len(words)), text, words)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Thank you. " * 40, f"Thank you. Thank you. {MARK}"),
        ("So I was " + "the " * 200 + "end", f"So I was the the {MARK} end"),
        ("I like to fish, " * 7 + "and to cook.", f"I like to fish, I like to fish, {MARK} and to cook."),
        ("yes " * 6 + "no " * 6, f"yes yes {MARK} no no {MARK}"),
        ("a b c d e f g h i j k l " * 6, f"{'a b c d e f g h i j k l ' * 2}{MARK}"),
    ],
)
def test_cut(said: str, kept: str) -> None:
    """Two repetitions and the mark are left, and the words' times of those."""
    segment = cut_loops(heard(said.strip()))

    assert segment.text == kept
    assert [word.text for word in segment.words] == [word for word in kept.split() if word != MARK]


@pytest.mark.parametrize(
    "said",
    [
        "",
        "Hello, my name is Ann.",
        "It was very very very very very good.",
        "One two one two one two one two one two.",
        "I like cooking. I like fishing. I like chess. I like maths. I like tea. I like rain.",
    ],
)
def test_kept(said: str) -> None:
    """Speech is left as it is, emphasis and enumerations too."""
    segment = heard(said)

    assert cut_loops(segment) is segment


def test_equal_segments() -> None:
    """The sixth of equal segments in a row becomes the mark, further ones nothing; another one starts anew."""
    cutter = LoopCutter()
    taken = [cutter.take(heard(text)) for text in ["Thank you."] * 9 + ["Bye."] + ["thank you"]]

    assert [segment.text for segment in taken if segment] == [
        *["Thank you."] * (LEAST - 1), MARK, "Bye.", "thank you"
    ]  # fmt: skip
    assert cutter.cut == 4


def test_no_words_are_no_loop() -> None:
    """Segments without a word are compared with nothing."""
    cutter = LoopCutter()

    assert all(cutter.take(Segment(0.0, 1.0, "")) is not None for _ in range(10))
