"""``introeval assignment`` as a teacher runs it, against the real web application."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from introeval.assignments import load_assignment
from introeval.cli.main import main
from tests.assignments.values import SAMPLES
from tests.cli.test_commands import introeval
from tests.web.homework import PATH, get, notebook, picture, with_samples
from tests.web.running import VIDEO, Room, running
from tests.web.test_assignment_runs import DOUBT, fail, grade_in_part
from tests.web.test_previews import spoken

Capture = pytest.CaptureFixture[str]


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """The real web application with the samples in it."""
    async with running(tmp_path / "state") as opened:
        await with_samples(opened)
        yield opened


async def assignment(room: Room, *argv: str) -> int:
    """Run one of the commands; returns its exit code."""
    return await introeval(room, "assignment", *argv)


async def shown(room: Room, name: str, capsys: Capture) -> str:
    """The text of an assignment."""
    capsys.readouterr()
    assert await assignment(room, "show", name) == 0
    return capsys.readouterr().out


async def test_show_edit_apply_goes_round(room: Room, tmp_path: Path, capsys: Capture) -> None:
    """As often as one likes: the file names the version that it has become."""
    file = tmp_path / "rain.toml"
    text = await shown(room, "rain-notebook", capsys)
    file.write_text(text, encoding="utf-8")
    assert load_assignment(text) == load_assignment((SAMPLES / "notebook.toml").read_text(encoding="utf-8"))
    assert await assignment(room, "apply", str(file)) == 0
    assert "Nothing changed: version 1 of rain-notebook says the same." in capsys.readouterr().out
    for version, title in ((2, "Rain, again"), (3, "Rain once more")):
        edited = [
            f'title = "{title}"' if line.startswith("title") else line
            for line in file.read_text(encoding="utf-8").splitlines()
        ]
        file.write_text("\n".join(edited) + "\n", encoding="utf-8")
        assert await assignment(room, "apply", str(file)) == 0
        out = capsys.readouterr().out
        assert f"This is now version {version} of rain-notebook ('{title}', notebook)." in out
        assert f"version = {version}\n" in file.read_text(encoding="utf-8")
    assert (await get(room, f"{PATH}/rain-notebook"))["title"] == "Rain once more"


async def test_somebody_else_was_faster(room: Room, tmp_path: Path, capsys: Capture) -> None:
    """The second teacher is told, the file stays as it was, and --force is a decision."""
    mine, theirs = tmp_path / "mine.toml", tmp_path / "theirs.toml"
    text = await shown(room, "short-test", capsys)
    theirs.write_text(text.replace("Short test", "Their test"), encoding="utf-8")
    mine.write_text(text.replace("Short test", "My test"), encoding="utf-8")
    assert await assignment(room, "apply", str(theirs)) == 0
    assert await assignment(room, "apply", str(mine)) == 2
    err = capsys.readouterr().err
    assert "The newest version of 'short-test' is 2, and this was made from version 1" in err
    assert "introeval assignment show short-test" in err
    assert "version = 1\n" in mine.read_text(encoding="utf-8")
    assert await assignment(room, "apply", str(mine), "--force") == 0
    assert (await get(room, f"{PATH}/short-test"))["title"].startswith("My test")


async def test_a_file_without_a_version_is_new(room: Room, tmp_path: Path, capsys: Capture) -> None:
    """It makes an assignment, and never replaces one."""
    file = tmp_path / "new.toml"
    text = (SAMPLES / "pages.toml").read_text(encoding="utf-8")
    file.write_text(text.replace('"short-test"', '"second-test"'), encoding="utf-8")
    assert await assignment(room, "apply", str(file)) == 0
    assert "This is now version 1 of second-test" in capsys.readouterr().out
    file.write_text(text.replace("Short test on", "A test on"), encoding="utf-8")
    assert await assignment(room, "apply", str(file)) == 2
    assert "There is an assignment 'short-test' already, in version 1." in capsys.readouterr().err


async def test_json_files(room: Room, tmp_path: Path, capsys: Capture) -> None:
    """The ending says which; the same rules hold."""
    capsys.readouterr()
    assert await assignment(room, "show", "short-test", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    file = tmp_path / "test.json"
    file.write_text(json.dumps(document | {"title": "Changed"}), encoding="utf-8")
    assert await assignment(room, "apply", str(file)) == 0
    assert await assignment(room, "show", "short-test", "--version", "1") == 0
    assert "Short test on data structures" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["introduction", "notebook", "pages"])
def test_check_needs_no_daemon(name: str, capsys: Capture) -> None:
    """A good file is told what it is."""
    assert main(["assignment", "check", str(SAMPLES / f"{name}.toml")]) == 0
    assert f"{name}.toml is good: '" in capsys.readouterr().out.replace("\n", "")


def test_check_names_each_wrong_field(tmp_path: Path, capsys: Capture) -> None:
    """On a line of its own, under the file's name."""
    file = tmp_path / "bad.toml"
    text = (SAMPLES / "pages.toml").read_text(encoding="utf-8")
    file.write_text(text.replace("max_mark = 3", "max_mark = 4") + "tries = 99\n", encoding="utf-8")
    assert main(["assignment", "check", str(file)]) == 2
    assert (
        capsys.readouterr().err
        == f"introeval: {file}: plan.tries: Input should be less than or equal to 10\n"
    )
    file.write_text(text.replace("max_mark = 3", "max_mark = 4"), encoding="utf-8")
    assert main(["assignment", "check", str(file)]) == 2
    assert "marking: the points of question '1' add up to 3, but it is worth 4" in capsys.readouterr().err
    file.write_text(text + '[prompts]\nrubric = "x"\n', encoding="utf-8")
    assert main(["assignment", "check", str(file)]) == 2
    assert "prompts.rubric: work of the kind pages has no such prompt" in capsys.readouterr().err


@pytest.mark.parametrize("ending", ["toml", "json"])
async def test_a_file_of_windows_own_editor(room: Room, tmp_path: Path, ending: str, capsys: Capture) -> None:
    """It begins with a byte order mark, which is no part of the text; the file stays readable when it is written."""
    text = (SAMPLES / "notebook.toml").read_text(encoding="utf-8").replace("rain-notebook", "rain-again")
    if ending == "json":
        text = load_assignment(text).model_dump_json(exclude={"version"})
    file = tmp_path / f"rain.{ending}"
    file.write_text(text, encoding="utf-8-sig")
    assert await asyncio.to_thread(main, ["assignment", "check", str(file)]) == 0
    assert await assignment(room, "apply", str(file)) == 0
    assert "version 1 of rain-again" in capsys.readouterr().out


@pytest.mark.parametrize("content", [None, b"\xff\xfe", b"id = "])
@pytest.mark.parametrize("command", ["check", "apply"])
def test_a_file_that_is_none(tmp_path: Path, content: bytes | None, command: str, capsys: Capture) -> None:
    """One line, which names it, and no daemon is asked."""
    file = tmp_path / "x.toml"
    if content is not None:
        file.write_bytes(content)
    assert main(["assignment", command, str(file)]) == 2
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert str(file) in err


async def test_list_and_unknown_names(room: Room, capsys: Capture) -> None:
    """Each with its run; a name that is not there is answered with those that are."""
    assert await assignment(room, "list") == 0
    out = capsys.readouterr().out
    assert "rain-notebook" in out
    assert "waiting: nothing was handed in yet." in out
    assert await assignment(room, "show", "rain") == 1
    assert (
        "there are: introductions, rain-notebook, short-test, spoken-introduction." in capsys.readouterr().err
    )


async def test_regrade_and_cancel(room: Room, capsys: Capture) -> None:
    """How many, and for the others why not."""
    broken, waiting = await notebook(room), await notebook(room)
    await fail(room, broken, "It broke.")
    assert await assignment(room, "regrade", "rain-notebook", broken, waiting) == 0
    out = capsys.readouterr().out
    assert "1 queued to be graded again, under version 1." in out
    assert f"{waiting}: It has not ended yet." in out
    assert await assignment(room, "regrade", "rain-notebook", waiting) == 1
    assert await assignment(room, "cancel", "rain-notebook") == 0
    assert "2 stopped." in capsys.readouterr().out


async def test_preview(room: Room, capsys: Capture) -> None:
    """The prompt line by line, its length and what that number is."""
    task_id = await spoken(room)
    capsys.readouterr()
    assert await assignment(room, "preview", "introductions", task_id) == 0
    out = capsys.readouterr().out
    (prompt,) = (await get(room, f"{PATH}/introductions/preview?submission={task_id}"))["prompts"]
    assert prompt["prompt"] in out
    assert f"tokens: at least {prompt['tokens']['estimate']} (estimate)" in out
    assert "lower bound" in out
    assert prompt["prompt_hash"] in out
    assert await assignment(room, "preview", "introductions", task_id, "--json") == 0
    assert json.loads(capsys.readouterr().out)["prompts"] == [prompt]
    assert await assignment(room, "preview", "introductions", "none") == 1


async def test_results_of_one_assignment(room: Room, capsys: Capture) -> None:
    """With what is provisional, and what it was handed in for."""
    task_id = await notebook(room, roll_number="R1")
    await grade_in_part(room, task_id)
    await room.accepted(roll_number="R2")
    capsys.readouterr()
    assert await introeval(room, "results", "--csv", "--assignment", "rain-notebook") == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[1].startswith(f"R1,Asha Rao,completed,5.0,,10.0,{DOUBT},")
    assert lines[1].endswith(f"rain-notebook,1,notebook,{task_id}")
    assert await introeval(room, "results") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "5/10 provisional" in out
    assert "ASSIGNMENT" in out


async def test_submit_homework(room: Room, tmp_path: Path, capsys: Capture) -> None:
    """Files of any kind, and a folder of pictures as one student's pages, 2 before 10; a repeat comes once."""
    folder = tmp_path / "exam"
    for number in (1, 2, 10):
        (folder / "R7").mkdir(parents=True, exist_ok=True)
        (folder / "R7" / f"page{number}.png").write_bytes(picture(number * 20))
    (folder / "R8.png").write_bytes(picture(99))
    (folder / "notes.txt").write_text("not handed in")
    for word in ("accepted", "already there"):
        assert await introeval(room, "submit", "--assignment", "short-test", "--dir", str(folder)) == 0
        assert f"2 {word}." in capsys.readouterr().out
    found = (await get(room, "/api/v1/submissions?assignment=short-test"))["items"]
    assert sorted(item["roll_number"] for item in found) == ["R7", "R8"]
    (r7,) = [item["id"] for item in found if item["roll_number"] == "R7"]
    assert (await get(room, f"/api/v1/submissions/{r7}"))["file_name"] == "page1.png and 2 more"
    shutil.copy(folder / "R8.png", tmp_path / "R9.ipynb")
    assert await introeval(room, "submit", "--assignment", "rain-notebook", str(tmp_path / "R9.ipynb")) == 1
    assert "not JSON" in capsys.readouterr().out


async def test_a_folder_is_no_video(room: Room, tmp_path: Path, capsys: Capture) -> None:
    """Without an assignment, only files are handed in."""
    (tmp_path / "R1").mkdir()
    (tmp_path / "R1" / "a.png").write_bytes(VIDEO)
    assert await introeval(room, "submit", str(tmp_path / "R1")) == 2
    assert "There is no file" in capsys.readouterr().err
