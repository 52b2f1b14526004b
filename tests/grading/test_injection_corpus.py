"""The corpus of words to the grader is well formed, and the bench counts on it without a model."""

from collections import Counter
from itertools import groupby
from pathlib import Path

import pytest

from benchmarks.injection import corpus
from benchmarks.injection.asking import graded
from benchmarks.injection.blind import blind
from benchmarks.injection.detector import changes, left, seen, switched_off
from benchmarks.injection.figures import mean, share
from benchmarks.injection.replies import KeptReplies
from benchmarks.injection.runs import select
from benchmarks.notebook_ladder import config
from introeval.grading import default_rubric, precheck
from models.task import ask
from models.worker import LanguageModelWorker
from scheduler.errors import NoServerError
from tests.grading.speeches import raw
from tests.models.fake_ollama import fake_ollama

CLEAN, ATTACKS = corpus.clean(), corpus.attacks()
EVERY: tuple[corpus.Clean | corpus.Attack, ...] = (*CLEAN, *ATTACKS)
BASES = {item.id: item for item in CLEAN}


def squeezed(text: str) -> str:
    """With single spaces."""
    return " ".join(text.split())


def test_blind_texts() -> None:
    """Of introductions as students give them one in a hundred may be flagged; each attack's words are in its text."""
    kinds = Counter(item.kind for item in blind())
    assert kinds == {"natural": 200, "bait": 100, "attack": 60, "spent": 200}
    assert len({item.text for item in blind()}) == kinds.total()
    assert sum(seen(item.text).flagged for item in blind() if item.kind == "natural") <= 2
    for item in blind():
        assert bool(item.attack) == (item.kind == "attack")
        assert all(part in item.text for part in item.attack)


def test_counts_and_splits() -> None:
    """Enough of both, each half in either split, no text and no id twice."""
    assert len(CLEAN) >= 120
    assert len(ATTACKS) >= 130
    for items in (CLEAN, ATTACKS):
        halves = Counter(item.split for item in items)
        assert halves["development"] == halves["held_out"]
        assert halves.keys() == set(corpus.SPLITS)
    for values in ([item.id for item in EVERY], [item.text for item in EVERY]):
        assert len(set(values)) == len(values)


def test_kinds_are_in_equal_parts() -> None:
    """At least ten kinds, as many of each, half of them in either split."""
    counts = Counter((item.kind, item.split) for item in ATTACKS)
    assert len({kind for kind, _ in counts}) >= 10
    assert len(set(counts.values())) == 1
    assert len({part for item in ATTACKS for part in item.attack}) == sum(len(i.attack) for i in ATTACKS)


def test_an_attack_is_its_base_with_something_put_in() -> None:
    """Without its parts, found in their order, it is its base, which is of the same split."""
    for item in ATTACKS:
        base, rest, kept = BASES[item.base], item.text, ""
        for part in item.attack:
            before, found, rest = rest.partition(part)
            assert found, f"{item.id} does not contain its attack"
            kept += before
        assert squeezed(kept + rest) == squeezed(base.text), item.id
        assert item.split == base.split


def test_lengths() -> None:
    """Quick to grade, and no text so short that its length alone bounds the grade."""
    rubric = default_rubric()
    for item in CLEAN:
        words = len(item.text.split())
        assert rubric.guards.brief_words <= words <= (320 if item.level == "long" else 140), item.id
    assert {BASES[item.base].level for item in ATTACKS if item.kind == "late"} == {"long"}


@pytest.mark.parametrize("item", [CLEAN[0], CLEAN[-1], ATTACKS[0]], ids=lambda item: item.id)
def test_segments(item: corpus.Clean) -> None:
    """All words in order, 8 to 12 in each but the last, times that rise; a model is to be asked."""
    found = corpus.segments(item.text)
    assert " ".join(segment.text for segment in found) == squeezed(item.text)
    assert all(8 <= len(segment.text.split()) <= 12 for segment in found[:-1])
    times = [time for segment in found for time in (segment.start, segment.end)]
    assert times == sorted(times)
    assert precheck(found, found[-1].end, default_rubric()) is None


def test_the_first_attacks_of_a_limited_run_are_of_all_kinds() -> None:
    """And their bases are graded with them."""
    kinds = len({item.kind for item in ATTACKS})
    chosen = select(CLEAN, ATTACKS, ("held_out",), kinds)
    assert [len(list(group)) for _, group in groupby(sorted(i.kind for i in chosen.attacks))] == [1] * kinds
    assert {item.base for item in chosen.attacks} <= {item.id for item in chosen.clean}
    assert {item.split for item in chosen.clean} == {item.split for item in chosen.attacks} == {"held_out"}


def test_switched_off_nothing_is_found() -> None:
    """Neither flagged nor withheld; on again afterwards."""
    item = next(item for item in ATTACKS if seen(item.text).flagged)
    with switched_off():
        assert not seen(item.text).flagged
        assert left(item, BASES[item.base]) == 1.0
    assert seen(item.text).flagged


def test_false_flags_of_the_development_half() -> None:
    """At most one in a hundred, which is none of 62; nor is a word of theirs kept from the model."""
    half = [item for item in CLEAN if item.split == "development"]
    assert [item.id for item in half if seen(item.text).flagged] == []
    assert [item.id for item in half if changes(item)] == []


def test_figures() -> None:
    """The mean of values, drawn by group; certainty is not claimed of a share that never varied."""
    figure = mean([("a", 0.0), ("a", 1.0), ("b", 2.0), ("c", 5.0)])
    assert figure is not None
    assert (figure.mean, figure.count) == (2.0, 4)
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < 2.0 < figure.high
    none = share((at, False) for at in range(62))
    assert none is not None
    assert (none.mean, none.low) == (0.0, 0.0)
    assert none.high == pytest.approx(0.0578, abs=1e-4)
    assert mean([]) is None


async def test_a_kept_reply_is_not_asked_again(tmp_path: Path) -> None:
    """Also when a kill cut the line behind it, and what comes after that is kept again."""
    path = tmp_path / "replies.jsonl"
    async with fake_ollama() as server:
        worker = LanguageModelWorker(config(server.url, server.model))
        first, second = (ask(f"Prompt number {at}.", None, str.strip) for at in (1, 2))
        try:
            new = await KeptReplies(path, "weights", worker).run(first, task_id="a")
            with path.open("a", encoding="utf-8") as file:
                file.write('{"reply": "weig')
            again = await KeptReplies(path, "weights", worker).run(second, task_id="b")
            kept = KeptReplies(path, "weights", worker, kept_only=True)
            found = [await kept.run(task, task_id="c") for task in (first, second)]
            assert [item.value for item in found] == [new.value, again.value]
            assert all(item.cached for item in found)
            with pytest.raises(NoServerError):
                await KeptReplies(path, "other", worker, kept_only=True).run(first, task_id="d")
        finally:
            await worker.close()


async def test_a_transcript_is_graded_by_the_real_grader(tmp_path: Path) -> None:
    """A flagged one gets its second opinion; its reply comes from the worker."""
    item = next(item for item in ATTACKS if seen(item.text).flagged)
    async with fake_ollama() as server:
        server.reply = raw(scores=8)
        worker = LanguageModelWorker(config(server.url, server.model))
        try:
            asks = KeptReplies(tmp_path / "replies.jsonl", "weights", worker)
            result = await graded(item.id, item.text, asks, server.model, tmp_path)
        finally:
            await worker.close()
    assert result.flagged
    assert 0 < result.score <= 8
    assert len((tmp_path / "replies.jsonl").read_text().splitlines()) == 2
