"""The commands as a person runs them: output and exit codes, against the real web application."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from introeval.agreement.human import read_grades
from introeval.cli.main import main
from introeval.cli.roster import Student, read_roster
from tests.web.bodies import problem
from tests.web.running import VIDEO, Piece, Room, running

REPORT = {
    "score": 7.0,
    "max_score": 10.0,
    "criteria": [
        {
            "name": "clarity",
            "score": 7,
            "max_score": 10,
            "reason": "Clear.",
            "evidence": [{"start": 61.5, "end": 63, "quote": "I am Asha"}],
        }
    ],
    "flags": [{"code": "no_facts", "message": "No facts; please check."}],
    "guards": [
        {"code": "brief", "reason": "The speech has 40 words.", "cap": 6.0},
        {"code": "no_facts", "reason": "No facts.", "cap": 2.0},
    ],
}


@pytest.fixture
async def room(tmp_path: Path) -> AsyncIterator[Room]:
    """The real web application with real tables."""
    async with running(tmp_path / "state") as opened:
        yield opened


async def introeval(room: Room, *argv: str) -> int:
    """Run a command beside the server; returns its exit code."""
    url = str(room.client.make_url("")).rstrip("/")
    return await asyncio.to_thread(main, [*argv, "--url", url])


async def test_submit_ends_with_1_when_one_was_refused(
    room: Room, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And prints the reason beside the file; the good one is accepted."""
    (tmp_path / "R1.mp4").write_bytes(VIDEO)
    (tmp_path / "R2.mp4").write_bytes(b"no video")
    assert await introeval(room, "submit", "--dir", str(tmp_path)) == 1
    out = capsys.readouterr().out
    assert "R2.mp4 (R2): This file is not a video." in out
    assert "1 accepted, 1 refused." in out


async def test_submit_again_ends_with_0(
    room: Room, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is there already is a success."""
    file = tmp_path / "R1.mp4"
    file.write_bytes(VIDEO)
    assert await introeval(room, "submit", str(file), "--roll", "R9", "--name", "Asha") == 0
    assert await introeval(room, "submit", str(file), "--roll", "R9", "--name", "Asha") == 0
    assert "1 already there." in capsys.readouterr().out


async def test_status_once_shows_lanes_and_queues(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """The phase, both servers, who waits, and for how long at most."""
    await room.accepted()
    room.shown.update(max_wait_seconds=1230.0)
    assert await introeval(room, "status", "--once") == 0
    out = capsys.readouterr().out
    for part in (
        "Phase: speech to text",
        "mistral",
        "llama3",
        "down",
        "Waiting for speech to text 1",
        "within 21 min",
    ):
        assert part in out


async def test_status_json_is_the_snapshot(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """As the daemon sent it, for programs."""
    assert await introeval(room, "status", "--json") == 0
    assert json.loads(capsys.readouterr().out)["phase"] == "stt"


async def test_results_as_csv(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """A graded and a waiting submission, by roll number; a hostile name is no formula."""
    task_id = await room.accepted(roll_number="R2", name="=1+1")
    await room.accepted(roll_number="R1")
    await room.transcribe(task_id, [Piece(0, 1, "Hello")])
    await room.grade(task_id, REPORT)
    capsys.readouterr()  # the server of this test logs beside the command
    assert await introeval(room, "results", "--csv") == 0
    out = capsys.readouterr().out
    assert out.startswith("\ufeff"), "Excel would read it as Windows-1252"
    lines = out.removeprefix("\ufeff").splitlines()
    assert lines[0] == (
        "roll_number,name,state,score,adjusted_score,max_score,clarity,provisional,guards,flags,error,regrade,model,"
        "assignment,version,kind,id"
    )
    assert lines[1].startswith("R1,Asha Rao,stt,,,,,,,,,,,introductions,,intro_video,")
    assert lines[2].startswith(
        "R2,'=1+1,completed,7.0,,10.0,7.0,,brief; no_facts,no_facts,,,mistral:7b,introductions,1,intro_video,"
    )


async def test_results_go_round(
    room: Room, capfdbinary: pytest.CaptureFixture[bytes], tmp_path: Path
) -> None:
    """What ``results`` wrote is read as a teacher's grades and as a roster, and names survive in any locale."""
    task_id = await room.accepted(roll_number="R1", name="Zoë;=1")
    await room.transcribe(task_id, [Piece(0, 1, "Hello")])
    await room.grade(task_id, REPORT)
    capfdbinary.readouterr()
    assert await introeval(room, "results", "--csv") == 0
    written = capfdbinary.readouterr().out
    (tmp_path / "results.csv").write_bytes(written)
    assert written.startswith("\ufeffroll_number".encode())
    assert read_roster(tmp_path / "results.csv") == {"R1": Student("R1", "Zoë;=1")}
    assert [(grade.submission, grade.score) for grade in read_grades(written)] == [(task_id, 7.0)]


async def test_results_of_no_assignment(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """A name that is not there is said, with those that are; an empty sheet would say that nobody handed in."""
    for name in ("nosuch", "Introductions"):
        assert await introeval(room, "results", "--csv", "--assignment", name) == 1
        heard = capsys.readouterr()
        assert f"There is no assignment '{name}'; there are: introductions." in heard.err
        assert "roll_number" not in heard.out
    answer = await room.client.get("/api/v1/submissions?assignment=nosuch")
    assert await problem(answer) == (404, "not_found")


@pytest.mark.parametrize(
    ("argv", "told"),
    [
        (["submit", "--jobs", "abc"], "argument --jobs: 'abc' is no whole number from 1"),
        (["submit", "--jobs", "0"], "argument --jobs: '0' is no whole number from 1"),
        (["backup", "--keep", "zwei"], "argument --keep: 'zwei' is no whole number from 1"),
        (["serve", "--port", "http"], "argument --port: 'http' is no port: a whole number from 0 to 65535"),
        (
            ["assignment", "show", "a", "--version", "new"],
            "argument --version: 'new' is no whole number from 1",
        ),
    ],
)
def test_wrong_numbers_are_named(argv: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    """In words for people, not for programmers."""
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


async def test_results_as_a_table(room: Room, capsys: pytest.CaptureFixture[str]) -> None:
    """With what the teacher should look at, and why the grade is not more."""
    task_id = await room.accepted(roll_number="R1")
    await room.transcribe(task_id, [Piece(0, 1, "Hello")])
    await room.grade(task_id, REPORT)
    assert await introeval(room, "results") == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Asha Rao" in out
    assert "Why not more: The speech has 40 words. At most 6." in out


def test_no_daemon_is_one_line(capsys: pytest.CaptureFixture[str], unused_tcp_port: int) -> None:
    """What to do, and no traceback."""
    assert main(["status", "--once", "--url", f"http://127.0.0.1:{unused_tcp_port}"]) == 1
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "Start one with 'introeval serve'" in err


@pytest.mark.parametrize(
    "argv", [["submit"], ["submit", "absent.mp4"], ["submit", "--dir", "absent"], ["models", "pull", "gpt-9"]]
)
def test_wrong_use_ends_with_2(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """A mistake of the person is told apart from a failure of the work."""
    assert main(argv) == 2
    assert capsys.readouterr().err.startswith("introeval: ")


@pytest.mark.parametrize("argv", [[], ["sing"], ["submit", "--jobs", "0"]])
def test_grammar_ends_with_2(argv: list[str]) -> None:
    """As argparse does."""
    with pytest.raises(SystemExit) as ended:
        main(argv)
    assert ended.value.code == 2


def test_models_list_names_all(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Installed or not, with their sizes."""
    assert main(["models", "list", "--cache-dir", str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "whisper-base " in out
    assert "1,117 MB" in out
    assert "yes" not in out


def test_help_loads_no_heavy_library() -> None:
    """``--help`` is fast because nothing but argparse is imported for it."""
    code = (
        "import sys; from introeval.cli.main import main\n"
        "try: main(['--help'])\n"
        "except SystemExit: pass\n"
        "print(sorted({'aiohttp', 'asyncio', 'pydantic', 'rich', 'models'} & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"


def test_doctor_names_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An empty cache: 1, and under each missing model how to get it."""
    folders = ["--cache-dir", str(tmp_path), "--state-dir", str(tmp_path), "--models", "embedded"]
    assert main(["doctor", *folders]) == 1
    assert "-> Run: introeval models pull whisper-base" in capsys.readouterr().out
