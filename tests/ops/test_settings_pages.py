"""The example file and the table of settings say what the settings are."""

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from introeval import sections
from introeval.settings import Settings, load

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "systemd" / "introeval.toml"
ROW = re.compile(r"(?m)^\| `([a-z_.]+)` \| (?:`(.+?)` )?\| ")
OF_THE_MACHINE = {"state_dir", "cache_dir"}
CHOSEN = {"models": "ollama"}
"""What the example sets otherwise than the default."""


def active(text: str) -> str:
    """The example with every suggestion uncommented."""
    return re.sub(r"(?m)^# (?=\w+ = )", "", text)


def folders_of_the_unit() -> tuple[str, str]:
    """Where systemd puts the state and the cache (systemd.exec(5)): commands that a person types must find them too."""
    unit = (ROOT / "systemd" / "introeval.service").read_text(encoding="utf-8")
    names = [re.search(rf"(?m)^{kind}Directory=(\S+)$", unit) for kind in ("State", "Cache")]
    state, cache = (found.group(1) for found in names if found is not None)
    return f"/var/lib/{state}", f"/var/cache/{cache}"


def defaults() -> dict[str, Any]:
    """Every setting by its dotted name, as JSON has it; ``None`` when there is no constant default."""
    found: dict[str, Any] = {}
    for name, field in Settings.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, sections.Section):
            for inner, value in field.get_default().model_dump(mode="json").items():
                found[f"{name}.{inner}"] = value
        elif name != "config":
            found[name] = None if name in OF_THE_MACHINE else field.default
    return found


def test_the_table_has_every_setting() -> None:
    """With its default; a list or a value that depends on others is told in words."""
    rows = dict(ROW.findall((ROOT / "docs" / "operations.md").read_text(encoding="utf-8")))
    expected = {
        name: "" if value is None or isinstance(value, list) else json.dumps(value)
        for name, value in defaults().items()
    }
    assert rows == expected


def test_the_example_has_every_setting() -> None:
    """With its default; where there is none, with an example."""
    shown: dict[str, Any] = {}
    for name, value in tomllib.loads(active(EXAMPLE.read_text(encoding="utf-8"))).items():
        shown |= (
            {f"{name}.{inner}": v for inner, v in value.items()} if isinstance(value, dict) else {name: value}
        )
    known = defaults()
    assert shown.keys() == known.keys()
    given = {name: value for name, value in known.items() if value is not None and name != "ollama.servers"}
    assert {name: shown[name] for name in given} == given | CHOSEN


@pytest.mark.parametrize("commented", [True, False], ids=["as it is", "all lines active"])
def test_example_file_is_valid(tmp_path: Path, commented: bool) -> None:
    """The example loads, and so it does with every suggestion uncommented; its servers are the default ones."""
    text = EXAMPLE.read_text(encoding="utf-8")
    file = tmp_path / "introeval.toml"
    file.write_text(text if commented else active(text))
    settings = load({"config": file})
    assert (str(settings.state_dir), str(settings.cache_dir)) == folders_of_the_unit()
    assert (settings.models, settings.ollama.servers) == ("ollama", sections.OllamaSettings().servers)
