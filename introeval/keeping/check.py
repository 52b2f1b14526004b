"""``check_backup``: whether a backup can be put back. It opens everything read-only and changes nothing."""

import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from db.database import FILE_NAME
from db.migrations import migrations
from introeval.keeping.errors import RestoreError
from introeval.keeping.files import digest
from introeval.keeping.manifest import Manifest, read_manifest
from introeval.keeping.tables import named_files, wrong_tables

MOST_REASONS = 20


def check_backup(backup: Path, *, lacking: bool = True) -> list[str]:
    """Why it cannot be trusted, each reason a sentence; nothing when it can. Reads every byte of it.

    ``lacking``: name the files too that the state had lost before the backup was made.
    """
    try:
        manifest = read_manifest(backup)
    except RestoreError as error:
        return [str(error)]
    if manifest.changing:
        return ["A purge of this backup was interrupted: run `introeval purge`, which goes on with it."]
    reasons = [*_wrong_files(backup, manifest)]
    missing = manifest.missing if lacking else ()
    reasons += [f"The file {name} was not there when the backup was made." for name in missing]
    if (backup / FILE_NAME).is_file():
        reasons += _wrong_database(backup, manifest)
    more = len(reasons) - MOST_REASONS
    return [*reasons[:MOST_REASONS], f"... and {more} more."] if more > 0 else reasons


def read_only(path: Path) -> sqlite3.Connection:
    """A connection that leaves no trace beside the file: only for a database that nobody writes."""
    return sqlite3.connect(f"file:{quote(str(path))}?mode=ro&immutable=1", uri=True)


def _wrong_files(backup: Path, manifest: Manifest) -> list[str]:
    wrong = []
    for name, kept in manifest.files.items():
        path = backup / name
        try:
            if path.stat().st_size != kept.size:
                wrong.append(f"The file {name} has another size than when it was kept.")
            elif digest(path) != kept.sha256:
                wrong.append(f"The file {name} has another content than when it was kept.")
        except OSError as error:
            wrong.append(f"The file {name} cannot be read ({error.strerror}).")
    return wrong


def _wrong_database(backup: Path, manifest: Manifest) -> list[str]:
    newest = max(migrations())
    if manifest.schema > newest:
        return [
            f"It was made by a newer introeval (schema {manifest.schema}, this one knows {newest}): install that "
            "version to put it back."
        ]
    with closing(read_only(backup / FILE_NAME)) as connection:
        wrong = [f"The database is damaged: {reason}." for reason in wrong_tables(connection)]
        if wrong:
            return wrong
        schema = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if schema != manifest.schema:
            return [f"The database has schema {schema}, and the manifest says {manifest.schema}."]
        named = named_files(connection)
    lacking = set(named) - set(manifest.files) - set(manifest.missing)
    other = [
        name
        for name, sha256 in named.items()
        if sha256 is not None and name in manifest.files and manifest.files[name].sha256 != sha256
    ]
    return [f"The file {name}, which a row names, is not in it." for name in sorted(lacking)] + [
        f"The file {name} is not the one that was handed in." for name in sorted(other)
    ]
