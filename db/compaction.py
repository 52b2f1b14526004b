"""``rewrite``: the state file without a trace of what was deleted. Commits must wait meanwhile.

SQLite's VACUUM writes the whole content into a temporary file first, by default below /var/tmp or /tmp: another disk,
perhaps a smaller or an unencrypted one, which no deletion of ours reaches. So other temporary things stay in memory
(``temp_store``), and for this one file the state folder itself is named. ``temp_store_directory`` is of the whole
process and deprecated, but its only substitute, an environment variable, is read before any state is known
(https://www.sqlite.org/tempfiles.html). SQLite unlinks the file as soon as it is open: a crash leaves nothing.
"""

from pathlib import Path

import aiosqlite


async def rewrite(connection: aiosqlite.Connection, folder: Path) -> bool:
    """Rewrite the file and empty the log. ``False``: somebody still reads an older commit, so the log is not empty.

    Raises ``sqlite3.Error``; nothing is lost then.
    """
    quoted = str(folder).replace("'", "''")
    await connection.execute("PRAGMA temp_store = FILE")
    try:
        await connection.execute(f"PRAGMA temp_store_directory = '{quoted}'")
        await connection.execute("VACUUM")
    finally:
        await connection.execute("PRAGMA temp_store = MEMORY")
    # All commits wait here, so a reader of an older state is not waited for.
    await connection.execute("PRAGMA busy_timeout = 500")
    try:
        rows = list(await connection.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)"))
    finally:
        await connection.execute("PRAGMA busy_timeout = 10000")
    return not rows[0][0]
