"""The lock files and the checker's configuration say what they must, and the tree holds nothing of one machine."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DRIVERS = {"controller", "jobs", "leases", "ports", "preparing", "queues"}
"""Modules of ``scheduler`` that wait, log or speak of asyncio; all others are the pure core."""


@pytest.mark.parametrize("name", ["requirements.lock", "requirements-dev.lock"])
def test_lock_names_no_host(name: str) -> None:
    """Every requirement is pinned and hashed, and nothing says where it came from."""
    text = (ROOT / name).read_text(encoding="utf-8")
    assert re.findall(r"(?m)^.*(?:://|--(?:extra-)?index-url|--find-links).*$", text) == []
    pinned = re.findall(r"(?m)^[a-zA-Z0-9][^\s=]*==\S+.*(?:\n    --hash=sha256:[0-9a-f]{64}.*)+", text)
    assert len(pinned) == len(re.findall(r"(?m)^[a-zA-Z0-9]", text)) > 0


def test_lock_covers_the_dependencies() -> None:
    """What pyproject asks for is in the lock, and the development lock agrees with it."""
    locks = [_versions(name) for name in ("requirements.lock", "requirements-dev.lock")]
    asked = {_normal(re.split(r"[^\w.-]", text)[0]) for text in PROJECT["project"]["dependencies"]}
    assert asked - locks[0].keys() == set()
    assert {name: locks[1].get(name) for name in locks[0]} == locks[0]


def test_the_pure_core_is_listed_whole() -> None:
    """A new module of the scheduler is pure unless it is named a driver."""
    contracts = PROJECT["tool"]["importlinter"]["contracts"]
    listed = next(c["source_modules"] for c in contracts if c["name"] == "the scheduler's core is pure")
    modules = {path.stem for path in (ROOT / "scheduler").glob("*.py")} - {"__init__"}
    assert {f"scheduler.{name}" for name in modules - DRIVERS} == set(listed)


def test_nothing_of_one_machine_is_committed() -> None:
    """No home folder, no scratch folder and no credentials in any tracked text."""
    pattern = r"/root/|/home/[a-z]|/tmp/[a-z]|-----BEGIN [A-Z ]*PRIVATE KEY"
    command = ["git", "grep", "-IlE", pattern, "--", ":!tests/packaging", ":!*.lock"]
    try:
        found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    if found.returncode > 1:
        pytest.skip("this is no git checkout")
    assert found.stdout == ""


def _versions(name: str) -> dict[str, str]:
    text = (ROOT / name).read_text(encoding="utf-8")
    return {_normal(found[0]): found[1] for found in re.findall(r"(?m)^([\w.-]+)==(\S+)", text)}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
