"""The tables and the statements as texts: the schema is the sum of its migrations, and no statement is idle."""

import re
import sqlite3
from pathlib import Path

import pytest

import db
from db.migrations import migrate, migrations
from db.statements import STATEMENTS
from scheduler.errors import ConfigurationError

PACKAGE = Path(db.__file__).parent


def _tables(connection: sqlite3.Connection) -> list[tuple[str, str]]:
    rows = connection.execute(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name"
    ).fetchall()
    # A schema's text keeps its comments and spaces; only what it says counts.
    return [(name, " ".join(re.sub(r"--.*", "", sql).split())) for name, sql in rows]


def test_schema_is_the_sum_of_the_migrations() -> None:
    """A fresh schema and a migrated state are the same."""
    fresh, migrated = sqlite3.connect(":memory:"), sqlite3.connect(":memory:", isolation_level=None)
    fresh.executescript((PACKAGE / "schema.sql").read_text(encoding="utf-8"))
    assert migrate(migrated) == max(migrations())
    assert _tables(migrated) == _tables(fresh)
    row = "SELECT * FROM system_state"
    assert migrated.execute(row).fetchall() == fresh.execute(row).fetchall()


def test_a_state_from_a_newer_version_is_refused() -> None:
    """Going on could lose what the newer one knows; the message says what to do."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA user_version = 999")
    with pytest.raises(ConfigurationError, match="newer introeval"):
        migrate(connection)


def test_a_failed_migration_leaves_the_old_version_whole(tmp_path: Path) -> None:
    """A script that breaks in its middle changes nothing, not even the version."""
    connection = sqlite3.connect(tmp_path / "x.db", isolation_level=None)
    connection.execute("CREATE TABLE batches (other INTEGER)")
    with pytest.raises(sqlite3.Error):
        migrate(connection)
    connection.close()
    reopened = sqlite3.connect(tmp_path / "x.db")
    assert reopened.execute("PRAGMA user_version").fetchone() == (0,)
    assert [name for name, _ in _tables(reopened)] == ["batches"]
    reopened.close()


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_statement_has_one_line_about_it(name: str) -> None:
    """A second one would be its first words: the simulator of the tables reads from these what it writes."""
    assert not STATEMENTS[name].startswith("--")


def test_every_statement_is_used_and_every_use_exists() -> None:
    """The names in the code and in ``queries.sql`` are the same."""
    blocks = re.findall(
        r"^-- name: (\w+)$", (PACKAGE / "queries.sql").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(blocks) == len(set(blocks)) == len(STATEMENTS)
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py"))
    used = set(re.findall(r'\.(?:execute|all|one)\(\s*"([a-z_]+)"', code))
    assert used == set(STATEMENTS)


@pytest.mark.parametrize("name", sorted(STATEMENTS))
def test_every_statement_compiles(name: str) -> None:
    """SQLite accepts each statement against the schema."""
    connection = sqlite3.connect(":memory:")
    connection.executescript((PACKAGE / "schema.sql").read_text(encoding="utf-8"))
    parameters = dict.fromkeys(re.findall(r":(\w+)", STATEMENTS[name]), None)
    connection.execute(f"EXPLAIN {STATEMENTS[name]}", parameters)
