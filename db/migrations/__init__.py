"""``PRAGMA user_version`` migrations: files ``NNNN_name.sql``, each applied once, in a transaction with its record."""

import re
import sqlite3
from importlib import resources

from scheduler.errors import ConfigurationError


def migrations() -> dict[int, str]:
    """The scripts by version, in order."""
    files = (item for item in resources.files(__name__).iterdir() if re.match(r"\d{4}_\w+\.sql$", item.name))
    return {
        int(item.name[:4]): item.read_text(encoding="utf-8") for item in sorted(files, key=lambda f: f.name)
    }


def migrate(connection: sqlite3.Connection) -> int:
    """Bring a database up to date; returns its version.

    Raises ``ConfigurationError`` when a newer introeval has written it: going on could lose what it knows.
    """
    scripts = migrations()
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    newest = max(scripts)
    if version > newest:
        message = (
            f"the state was written by a newer introeval (schema {version}, this one knows {newest}); "
            "install that version again, or restore a backup"
        )
        raise ConfigurationError(message)
    for number in range(version + 1, newest + 1):
        # One script, one transaction, with its number in it: a crash leaves the old version, whole.
        connection.executescript(
            f"BEGIN IMMEDIATE;\n{scripts[number]}\nPRAGMA user_version = {number};\nCOMMIT;"
        )
    return newest
