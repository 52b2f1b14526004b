"""What the detector does to the corpus, without any model, and how to switch it off."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from unittest.mock import patch

from benchmarks.injection.corpus import Attack, Clean, segments
from introeval.graders.introductions import DOUBTFUL
from introeval.grading import build_prompt, default_rubric, speech
from introeval.grading.guards import flags


@dataclass(frozen=True, slots=True)
class Seen:
    """``flagged``: the teacher is told. ``words``: those that a model may grade. ``prompt``: its hash."""

    flagged: bool
    words: int
    prompt: str


@contextmanager
def switched_off() -> Iterator[None]:
    """Nothing is found, withheld or flagged. Numbered lines without brackets, schema and guards stay.

    There is no such setting in the program, on purpose. Raises ``AttributeError`` when the name is gone: then say here
    what is to be replaced now.
    """
    with patch.object(speech, "split_parts", lambda parts, _: [(part, ()) for part in parts]):
        yield


def seen(text: str) -> Seen:
    """One transcript as grading sees it."""
    said = segments(text)
    numbered = speech.number(said)
    return Seen(
        flagged=any(flag.code in DOUBTFUL for flag in flags(numbered, ())),
        words=numbered.gradable_words,
        prompt=build_prompt(default_rubric(), said).hash,
    )


def changes(item: Clean) -> bool:
    """Whether the detector has any part in this grade: it is flagged, or the model reads something else."""
    with_it = seen(item.text)
    with switched_off():
        without = seen(item.text)
    return with_it.flagged or with_it.prompt != without.prompt


def left(attack: Attack, base: Clean) -> float:
    """The share of the attack's words that a model still reads, by count, from 0 to 1."""
    put_in = speech.count_words(" ".join(attack.attack))
    more = seen(attack.text).words - seen(base.text).words
    return min(1.0, max(0.0, more / put_in))
