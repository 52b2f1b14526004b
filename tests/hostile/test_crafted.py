"""Every crafted file is accepted, or refused for a reason that a student can read; none reaches further than itself."""

import subprocess
from pathlib import Path

import pytest

from stt.audio import find_ffmpeg
from tests.hostile.craft import NOT_MEDIA, Crafted, Workshop
from tests.hostile.crafted import ALL, Judged, judge_files
from tests.hostile.traps import holds_canary, listening, plant

pytestmark = pytest.mark.timeout(900)
MIB = 1024 * 1024
LAX = ("-protocol_whitelist", "file,http,tcp", "-safe", "0")


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Judged:
    """What became of all of them, judged in one process."""
    return judge_files(ALL, tmp_path_factory.mktemp("hostile"))


@pytest.mark.parametrize("file", ALL, ids=lambda file: file.label)
def test_outcome(judged: Judged, file: Crafted) -> None:
    """The outcome is one of those that are right, and a refusal has a sentence."""
    if file.label in judged.left_out:
        pytest.skip(f"this ffmpeg cannot make it: {judged.left_out[file.label]}")
    verdict = judged.verdicts[file.label]

    assert verdict["code"] in file.outcomes, verdict
    assert verdict["code"] == "ok" or len(verdict["message"]) > 40


def test_nothing_reached_further(judged: Judged) -> None:
    """No output holds another student's bytes, nobody was called, and the memory of who asked stayed what it was."""
    assert judged.foreign == []
    assert judged.connections == 0
    assert judged.grown < 50 * MIB
    assert len(judged.verdicts) >= 100


def test_the_traps_work(tmp_path: Path) -> None:
    """An ffmpeg that is let do what it wants takes another's bytes and calls an address, and both are noticed."""
    with listening() as listener:
        shop = Workshop(tmp_path, plant(tmp_path / "other-student.wav"), listener.port)
        out = tmp_path / "out.wav"
        for target in (str(shop.canary), f"http://127.0.0.1:{shop.port}/a.ts"):
            (tmp_path / "x.mp4").write_text(f"ffconcat version 1.0\nfile '{target}'\n")
            command = [find_ffmpeg(), "-v", "error", "-y", *LAX, "-i", str(tmp_path / "x.mp4")]
            subprocess.run([*command, "-c", "copy", str(out)], capture_output=True, timeout=60, check=False)
            if target == str(shop.canary):
                assert holds_canary(out.read_bytes())

    assert listener.connections > 0


def test_enough_of_them() -> None:
    """At least 40 hostile recordings, and every label once."""
    labels = [file.label for file in ALL]

    assert len(set(labels)) == len(labels)
    assert sum(file.outcomes != {"ok"} for file in ALL) >= 40
    assert sum(NOT_MEDIA in file.outcomes for file in ALL) >= 40
