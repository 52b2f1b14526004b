"""A preview is what grading sends, to the letter, and costs nothing."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from db.calls import SqliteCalls
from introeval.assignments import Assignment, Kind
from introeval.graders.asked import Preview, Window
from introeval.graders.base import Grader
from introeval.graders.notebooks import NotebookGrader
from introeval.preview import Previewer, Recorder
from models.errors import ServerFailedError
from models.task import LLMTask, ask
from models.tokens import estimate
from scheduler.errors import AttemptFailedError, RejectedWorkError
from tests.graders.bench import Bench, bench
from tests.graders.test_introductions import assignment, grader, transcript
from tests.grading.speeches import raw
from tests.models.fake_ollama import Mood
from tests.models.test_pool import configs
from tests.notebooks import books


def previewer(rig: Bench, graders: dict[str, Grader] | None = None) -> Previewer:
    """As the daemon makes it."""
    served = tuple(dict.fromkeys(status.model for status in rig.pool.statuses()))
    found: dict[str, Grader] = {Kind.INTRO_VIDEO: grader()}
    return Previewer(rig.executor, graders or found, lambda: served, configs(rig.servers))


async def preview(
    rig: Bench, given: Assignment, graders: dict[str, Grader] | None = None, **task: Any
) -> Preview:
    """Of a task with these values."""
    return await previewer(rig, graders)(rig.work(given, **task).task, given)


async def test_the_call_that_follows_has_its_hash(tmp_path: Path) -> None:
    """Prompt, schema, model and hash are those that the server is sent; before that, nobody is asked."""
    given, spoken = assignment(plan="single", model="mistral:latest"), transcript(tmp_path)
    async with bench(tmp_path, "mistral", "llama3") as rig:
        rig.servers[0].reply = raw(8)
        (shown,) = (await preview(rig, given, transcript_path=spoken)).prompts
        assert rig.asked == [0, 0]
        await grader().grade(rig.work(given, transcript_path=spoken))
        sent = rig.servers[0].bodies[0]
        kept = await SqliteCalls(rig.database).find(shown.key)
    assert kept is not None
    assert (kept.prompt_hash, kept.stage) == (shown.prompt_hash, shown.stage)
    assert (sent["prompt"], sent.get("system", "")) == (shown.prompt, shown.system)
    assert sent["format"] == shown.schema
    assert (shown.model, shown.kept, shown.measured) == ("mistral:latest", False, None)


async def test_tokens_and_room(tmp_path: Path) -> None:
    """The client's own lower bound, and what the smallest server that may be asked has room for."""
    spoken = transcript(tmp_path)
    async with bench(tmp_path, "mistral", "llama3") as rig:
        (any_model,) = (await preview(rig, assignment(), transcript_path=spoken)).prompts
        nobody = assignment(plan="single", model="absent")
        (unserved,) = (await preview(rig, nobody, transcript_path=spoken)).prompts
        config = configs(rig.servers)[0]
    assert any_model.estimate == estimate(any_model.system) + estimate(any_model.prompt) > 100
    assert any_model.window == Window(config.num_ctx, config.num_predict)
    assert unserved.window is None


async def test_afterwards_it_is_kept(tmp_path: Path) -> None:
    """The same prompts, answered already, with the tokens that the server counted."""
    given, spoken = assignment(), transcript(tmp_path)
    async with bench(tmp_path, "mistral") as rig:
        rig.servers[0].reply = raw(8)
        before = await preview(rig, given, transcript_path=spoken)
        await grader().grade(rig.work(given, transcript_path=spoken))
        after = await preview(rig, given, transcript_path=spoken)
        assert rig.asked == [1]
    assert (before.finished, after.finished) == (False, True)
    assert [item.key for item in before.prompts] == [item.key for item in after.prompts]
    assert after.prompts[0].kept
    assert (after.prompts[0].measured or 0) >= after.prompts[0].estimate


async def test_two_opinions_are_two_prompts(tmp_path: Path) -> None:
    """Both are shown, in their order, though the first would stop the grader."""
    async with bench(tmp_path, "mistral", "llama3") as rig:
        shown = await preview(rig, assignment(plan="both"), transcript_path=transcript(tmp_path))
    assert [item.model for item in shown.prompts] == ["mistral:latest", "llama3:latest"]
    assert len({item.prompt_hash for item in shown.prompts}) == 1


async def test_half_is_kept(tmp_path: Path) -> None:
    """One of two has answered: the other one alone would be asked."""
    one, spoken = assignment(plan="single", model="mistral:latest"), transcript(tmp_path)
    async with bench(tmp_path, "mistral", "llama3") as rig:
        rig.servers[0].reply = raw(8)
        await grader().grade(rig.work(one, transcript_path=spoken))
        shown = await preview(rig, assignment(plan="both"), transcript_path=spoken)
    assert [item.kept for item in shown.prompts] == [True, False]
    assert not shown.finished


async def test_nobody_needs_to_be_asked(tmp_path: Path) -> None:
    """Silence is graded by a rule."""
    async with bench(tmp_path, "mistral") as rig:
        shown = await preview(rig, assignment(), transcript_path=transcript(tmp_path, []))
    assert shown == Preview((), finished=True)


async def test_what_cannot_be_graded(tmp_path: Path) -> None:
    """The grader's own reason comes through, and a kind without a grader has one too."""
    async with bench(tmp_path, "mistral") as rig:
        with pytest.raises(AttemptFailedError, match="transcript is missing"):
            await preview(rig, assignment())
        with pytest.raises(RejectedWorkError, match="cannot grade"):
            await preview(rig, books.ASSIGNMENT)


async def test_a_later_stage_shows_once_the_earlier_is_answered(tmp_path: Path) -> None:
    """The feedback of a notebook is written from an analysis that first must be there."""
    graders: dict[str, Grader] = {Kind.NOTEBOOK: NotebookGrader()}
    path = str(books.SAMPLES / "good.ipynb")
    async with bench(tmp_path, "mistral") as rig:
        first = await preview(rig, books.ASSIGNMENT, graders, video_path=path)
        rig.servers[0].reply = books.technical(cell=books.sample("good").code_cells[0])
        rig.servers[0].script = [Mood.WELL, Mood.ERROR]
        with pytest.raises(ServerFailedError):
            await NotebookGrader().grade(rig.work(books.ASSIGNMENT, video_path=path))
        second = await preview(rig, books.ASSIGNMENT, graders, video_path=path)
        sent = rig.servers[0].prompts
    assert [item.stage for item in first.prompts] == ["technical"]
    assert [(item.stage, item.kept) for item in second.prompts] == [("technical", True), ("feedback", False)]
    assert [item.prompt for item in second.prompts] == sent


def request(prompt: str) -> LLMTask[str]:
    """A request for free text, with a picture."""
    return ask(prompt, None, str, stage="transcription", images=(b"\x89PNG one", b"\xff\xd8 two"))


async def test_a_stream_is_recorded_whole(tmp_path: Path) -> None:
    """All of its requests are shown; what is kept comes back only when nothing is missing."""
    async with bench(tmp_path, "mistral") as rig:
        rig.servers[0].reply = "a page"
        both = [request("one"), request("two")]
        await rig.executor.run(both[0], task_id="t")
        recorder = Recorder(rig.executor)
        stream = recorder.stream(both, task_id="t", workers=2)
        taking = asyncio.ensure_future(anext(stream))
        await recorder.stopped.wait()
        taking.cancel()
        await asyncio.gather(taking, return_exceptions=True)
        assert [kept is not None for _, kept in recorder.asked.values()] == [True, False]
        await rig.executor.run(both[1], task_id="t")
        found = [outcome async for outcome in Recorder(rig.executor).stream(both, task_id="t", workers=2)]
    assert [(item.index, item.generation and item.generation.value) for item in found] == [
        (0, "a page"),
        (1, "a page"),
    ]


class Reads:
    """A grader that asks about a picture."""

    async def grade(self, work: Any) -> Any:
        return await work.ask(request("Read this."))


async def test_images_are_shown_by_what_they_are(tmp_path: Path) -> None:
    """Their type and size; the bytes are what was handed in."""
    async with bench(tmp_path, "mistral") as rig:
        (shown,) = (await preview(rig, assignment(), {Kind.INTRO_VIDEO: Reads()})).prompts
    assert [(image.media_type, image.size_bytes) for image in shown.images] == [
        ("image/png", 8),
        ("image/jpeg", 6),
    ]
