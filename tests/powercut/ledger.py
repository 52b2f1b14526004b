"""What was promised, and when: the acknowledgements that an outside observer has seen."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Promise:
    """``at``: bytes of the log when the acknowledgement had been seen, so it was given at or before that moment.

    ``kind`` and ``value``: ``submission`` (SHA-256 of the bytes), ``image`` (the same), ``event`` (what happened to
    the task ``id``), ``batch`` (how many tasks it has), ``session`` (nothing), ``upload`` (bytes received,
    ``/``, what is sent: ``contents``).
    """

    at: int
    kind: str
    id: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Run:
    """A workload that was recorded, in a folder of its own: the log in ``log``, this in ``run.json``.

    ``filesystem``: its name in ``disks.FILESYSTEMS``. ``disks``: how many. ``start``: bytes of the log when they were
    ready and all was flushed.
    """

    folder: str
    filesystem: str
    disks: int
    start: int
    promises: tuple[Promise, ...]

    @property
    def log(self) -> Path:
        return Path(self.folder) / "log"

    def save(self) -> None:
        """Write it beside its log, so that a finding can be looked at again."""
        (Path(self.folder) / "run.json").write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Run":
        """The run in this folder, wherever it was made."""
        values = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        promises = tuple(Promise(**promise) for promise in values.pop("promises"))
        return cls(**(values | {"folder": str(folder), "promises": promises}))
