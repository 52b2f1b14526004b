"""The transcript file: whole under its name, readable while it grows, refused when it is cut."""

from pathlib import Path

import pytest

from stt.errors import BrokenTranscriptError
from stt.transcript import Segment, Transcript, TranscriptWriter, Word, read_partial, read_transcript

ONE = Segment(0.0, 1.5, "Grüß Gott, \u2028 all", (Word(0.0, 0.4, "Grüß", 0.9),), -0.2, 0.01)
TWO = Segment(1.5, 2.0, 'a "quote"\nand a line')


def test_round_trip(tmp_path: Path) -> None:
    """What is written is what is read, under the final name only."""
    path = tmp_path / "t.jsonl"
    with TranscriptWriter(path) as writer:
        writer.append(ONE)
        writer.append(TWO)
        writer.finish(2.5, "en", "tiny")

    assert Transcript((ONE, TWO), 2.5, "en", "tiny") == read_transcript(path)
    assert [path] == list(tmp_path.iterdir())


def test_live_view(tmp_path: Path) -> None:
    """Segments can be read before the transcript is finished; a half line at the end is passed over."""
    path = tmp_path / "t.jsonl"
    assert read_partial(path) == ()
    with TranscriptWriter(path) as writer:
        writer.append(ONE)
        with path.with_name("t.jsonl.part").open("a") as part:
            part.write('{"start": 1.0, "en')

        assert read_partial(path) == (ONE,)
        assert not path.exists()


def test_unfinished_is_removed(tmp_path: Path) -> None:
    """A transcription that stops in the middle leaves nothing behind."""
    with TranscriptWriter(tmp_path / "t.jsonl") as writer:
        writer.append(ONE)

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "content",
    [
        "",
        '{"start":0,"end":1,"text":"a","words":[]}\n',
        '{"end":true,"media_seconds":1,"language":null,"model":"m","segments":1}\n',
        "[1]\n",
        "\xff\n",
        '{"start":"x"}\n',
    ],
)
def test_broken(tmp_path: Path, content: str) -> None:
    """A file that is cut, or is something else, is never taken for a transcript."""
    path = tmp_path / "t.jsonl"
    path.write_text(content, encoding="latin-1")

    with pytest.raises(BrokenTranscriptError):
        read_transcript(path)


def test_missing(tmp_path: Path) -> None:
    """A transcript that is not there is a broken one."""
    with pytest.raises(BrokenTranscriptError):
        read_transcript(tmp_path / "no.jsonl")
