"""The built wheel, installed where nothing of the checkout can be seen."""

import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("introeval", "scheduler", "stt", "models", "db")
UV = shutil.which("uv") or shutil.which(str(ROOT / ".tools" / "bin" / "uv"))
SHOW = """
import importlib, pathlib, sys
for name in sys.argv[1:]:
    print(pathlib.Path(importlib.import_module(name).__file__).parent.parent)
"""


def run(command: Sequence[str], cwd: Path) -> str:
    """Run a tool; its own words are the failure's message."""
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=110)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    target = tmp_path_factory.mktemp("dist")
    if UV:
        run([UV, "build", "--wheel", "--quiet", "--out-dir", str(target), str(ROOT)], target)
    else:
        run([sys.executable, "-m", "pip", "wheel", "--no-deps", "-q", "-w", str(target), str(ROOT)], target)
    (built,) = target.glob("*.whl")
    return built


def test_everything_that_is_no_code_is_in_it(wheel: Path) -> None:
    """SQL, registry, rubrics, templates and static files come along; tests and weights do not."""
    inside = set(zipfile.ZipFile(wheel).namelist())
    data = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.suffix != ".pyc" and "__pycache__" not in path.parts
    }
    assert data - inside == set()
    assert {name.partition("/")[0] for name in inside if ".dist-info/" not in name} == set(PACKAGES)
    assert {"db/schema.sql", "db/queries.sql", "models/registry.toml"} <= inside


def test_packages_share_one_parent(wheel: Path, tmp_path: Path) -> None:
    """The five import packages come from one installed folder, not from the checkout nor from a namesake."""
    venv = tmp_path / "venv"
    if UV:
        run([UV, "venv", "--quiet", "--python", sys.executable, str(venv)], tmp_path)
        target = ["--python", str(venv / "bin" / "python")]
        run([UV, "pip", "install", "--quiet", "--no-deps", "--no-index", *target, str(wheel)], tmp_path)
    else:
        run([sys.executable, "-m", "venv", "--without-pip", str(venv)], tmp_path)
        install = [sys.executable, "-m", "pip", "--python", str(venv / "bin" / "python"), "install"]
        run([*install, "-q", "--no-deps", "--no-index", str(wheel)], tmp_path)
    parents = run([str(venv / "bin" / "python"), "-I", "-c", SHOW, *PACKAGES], tmp_path).splitlines()
    assert len(parents) == len(PACKAGES)
    assert len(set(parents)) == 1
    assert Path(parents[0]).is_relative_to(venv)
