"""The systemd units: valid, hardened, and in agreement with the settings' defaults. The tools only read."""

import configparser
import re
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from introeval.sections import OllamaSettings
from introeval.settings import Settings

UNITS = sorted((Path(__file__).parents[2] / "systemd").glob("*.service"))
ANALYZE = shutil.which("systemd-analyze")
needs_analyze = pytest.mark.skipif(
    ANALYZE is None, reason="systemd-analyze is not installed (Debian: systemd)"
)
each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda path: path.stem)


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run systemd-analyze on files; no service manager is asked."""
    return subprocess.run([str(ANALYZE), *arguments], capture_output=True, text=True, timeout=60, check=False)


def options(unit: Path) -> dict[str, list[str]]:
    """The unit's options with all their values, whatever the section."""
    found: dict[str, list[str]] = {}
    for line in unit.read_text().splitlines():
        if re.match(r"[A-Za-z]+=", line):
            name, _, value = line.partition("=")
            found.setdefault(name, []).append(value)
    return found


@needs_analyze
@each_unit
def test_verify(unit: Path, tmp_path: Path) -> None:
    """Each unit is valid; its program is replaced by one that exists here, for its path is the lab's."""
    copy = tmp_path / unit.name
    copy.write_text(re.sub(r"(?m)^ExecStart=\S+", f"ExecStart={shutil.which('true')}", unit.read_text()))
    result = analyze("verify", "--recursive-errors=no", str(copy))
    assert (result.returncode, result.stderr) == (0, "")


@needs_analyze
@each_unit
def test_exposure(unit: Path) -> None:
    """Each unit's exposure level is 2.0 or less."""
    result = analyze("security", "--offline=true", "--threshold=20", str(unit))
    assert result.returncode == 0, result.stdout.splitlines()[-1]


def test_stop_is_longer_than_the_drain() -> None:
    """systemd does not kill a daemon that still drains."""
    unit = options(next(path for path in UNITS if path.stem == "introeval"))
    assert float(unit["TimeoutStopSec"][0]) > Settings(config=None).drain_seconds
    assert unit["Type"] == ["notify"]
    assert float(unit["WatchdogSec"][0]) > 0


@each_unit
def test_no_core_files(unit: Path) -> None:
    """They would hold what students said, where no deletion reaches it."""
    assert options(unit)["LimitCORE"] == ["0"]


def test_the_daemon_waits_for_the_right_time() -> None:
    """What is due is deleted by the clock, and backups go by their names."""
    for name in ("introeval", "introeval-backup"):
        unit = options(next(path for path in UNITS if path.stem == name))
        for option in ("Wants", "After"):
            assert "time-sync.target" in " ".join(unit[option]).split()


@pytest.mark.parametrize("server", OllamaSettings().servers, ids=lambda server: server.name)
def test_servers_are_where_the_settings_look(server: object) -> None:
    """Each default server has a unit of its name, on its port, with as many slots as requests are sent."""
    defaults = OllamaSettings()
    chosen = next(known for known in defaults.servers if known is server)
    environment = options(UNITS[0].with_name(f"ollama-{chosen.name}.service"))["Environment"]
    assert f"OLLAMA_HOST=127.0.0.1:{urlsplit(chosen.base_url).port}" in environment
    assert f"OLLAMA_NUM_PARALLEL={defaults.max_concurrent}" in environment
    assert "OLLAMA_MAX_LOADED_MODELS=1" in environment


def test_units_parse_as_ini() -> None:
    """Every unit has the three sections that an installed service needs."""
    for unit in UNITS:
        parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
        parser.read_string(unit.read_text())
        assert parser.sections() == ["Unit", "Service", "Install"]
