"""What a database of ours must be to be trusted, and which files it names. Reads only; no file is touched."""

import sqlite3
from pathlib import PurePosixPath

COUNTERS = """
SELECT s.stt_queue_count = coalesce(sum(t.current_phase = 'stt' AND t.status IN ('pending', 'retry')), 0)
   AND s.llm_queue_count = coalesce(sum(t.current_phase = 'llm' AND t.status IN ('pending', 'retry')), 0)
   AND s.active_workers = coalesce(sum(t.status = 'processing'), 0)
FROM system_state s LEFT JOIN processing_tasks t"""

BUNDLE = "-pages"
"""Several files that were made one: the row's SHA-256 is that of what was sent, not of this file."""


def wrong_tables(connection: sqlite3.Connection) -> list[str]:
    """Why this database cannot be trusted; nothing when it can. Reads all of it."""
    try:
        wrong = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(5)")]
        if wrong != ["ok"]:
            return wrong
        dangling = connection.execute("PRAGMA foreign_key_check").fetchall()
        if dangling:
            return [f"{len(dangling)} rows refer to rows that are not there (first: table {dangling[0][0]})"]
        if connection.execute(COUNTERS).fetchone()[0] != 1:
            return ["the counters of the queues are not those of the submissions"]
    except sqlite3.Error as error:
        return [str(error)]
    return []


def named_files(connection: sqlite3.Connection) -> dict[str, str | None]:
    """Every file that a row accounts for, relative to the state directory, with its SHA-256 where the row knows it."""
    found: dict[str, str | None] = {}
    for path, sha256, transcript in connection.execute(
        "SELECT video_path, sha256, transcript_path FROM processing_tasks"
    ):
        if PurePosixPath(path).parent.name == "videos":
            found[path] = None if PurePosixPath(path).stem.endswith(BUNDLE) else sha256
        if transcript:
            found[transcript] = None
    if connection.execute("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'images'").fetchone():
        found |= dict.fromkeys((row[0] for row in connection.execute("SELECT path FROM images")), None)
    return found
