"""Files to hand in, for the tests of uploads."""

from pathlib import Path

from introeval.client.upload import Entry
from tests.web.running import VIDEO


def videos(folder: Path, *names: str, content: bytes = VIDEO) -> list[Entry]:
    """Files with distinct content, handed in under their own names."""
    folder.mkdir(exist_ok=True)
    found = []
    for name in names:
        path = folder / name
        path.write_bytes(content + name.encode())
        found.append(Entry(path=path, roll_number=path.stem))
    return found
