"""Previews over HTTP and as a page."""

from pathlib import Path

from stt.transcript import Segment, TranscriptWriter
from tests.web.bodies import problem
from tests.web.homework import PATH, get, notebook, with_samples
from tests.web.running import Piece, Room, running


async def spoken(room: Room) -> str:
    """A transcribed introduction, with its transcript on disk."""
    task_id = await room.accepted()
    said = ["My name is Asha Rao and I come from Pune.", "I like to build small robots with my sister."]
    await room.transcribe(task_id, [Piece(float(n), n + 1.0, text) for n, text in enumerate(said)])
    path = Path(str((await room.task(task_id)).transcript_path))
    path.parent.mkdir(exist_ok=True)
    with TranscriptWriter(path) as writer:
        for number, text in enumerate(said * 6):
            writer.append(Segment(number * 4.0, number * 4.0 + 4, text))
        writer.finish(60.0, "en", "tiny")
    return task_id


async def test_preview(tmp_path: Path) -> None:
    """The prompt to the letter, its tokens and its room; of an older version too."""
    async with running(tmp_path) as room:
        task_id = await spoken(room)
        shown = await get(room, f"{PATH}/introductions/preview?submission={task_id}")
        (prompt,) = shown["prompts"]
        assert "[1] 0:00 My name is Asha Rao" in prompt["prompt"]
        assert prompt["prompt"].endswith("</transcript>")
        assert (prompt["stage"], prompt["kept"], prompt["model"]) == ("grade", False, None)
        tokens = prompt["tokens"]
        assert tokens["estimate"] > 200
        assert tokens["left"] == tokens["context"] - tokens["reply"] - tokens["estimate"]
        assert "lower bound" in tokens["kind"]
        body = await get(room, f"{PATH}/introductions")
        body["rubric"]["criteria"][0]["question"] = "is it brilliant?"
        assert (await room.client.put(f"{PATH}/introductions", json=body)).status == 201
        newest = await get(room, f"{PATH}/introductions/preview?submission={task_id}")
        older = await get(room, f"{PATH}/introductions/preview?submission={task_id}&version=1")
        assert "is it brilliant?" in newest["prompts"][0]["prompt"]
        assert older["prompts"] == shown["prompts"]
        assert [shown["version"], newest["version"], older["version"]] == [1, 2, 1]


async def test_preview_of_what_has_no_prompt(tmp_path: Path) -> None:
    """Each time with the reason."""
    async with running(tmp_path) as room:
        await with_samples(room)
        video, homework = await room.accepted(), await notebook(room)
        path = f"{PATH}/introductions/preview"
        untold = await room.client.get(f"{path}?submission={video}")
        assert await problem(untold) == (409, "not_now")
        assert "not been transcribed" in (await untold.json())["detail"]
        for query, expected in (
            ("", (400, "bad_parameter")),
            ("?submission=none", (404, "not_found")),
            (f"?submission={video}&version=9", (404, "not_found")),
            (f"?submission={homework}", (404, "not_found")),
        ):
            assert await problem(await room.client.get(path + query)) == expected


async def test_the_page(tmp_path: Path) -> None:
    """The same prompt for a person, escaped."""
    async with running(tmp_path) as room:
        task_id = await spoken(room)
        answer = await room.client.get(f"/assignments/introductions/preview?submission={task_id}")
        text = await answer.text()
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "&lt;/transcript&gt;" in text
        assert "My name is Asha Rao and I come from Pune." in text
        assert "kept for the reply" in text
        gone = await room.client.get(
            "/assignments/introductions/preview?submission=none", headers={"Accept": "text/html"}
        )
        assert (gone.status, gone.content_type) == (404, "text/html")
