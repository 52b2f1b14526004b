"""``WebContext``: what the composition root hands to the web. One frozen value, no settings object, no globals."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from db.assignments import Assignments
from db.intake import Intake
from db.requests import Requests
from db.uploads import Uploads
from db.views import Views
from introeval.assignments import Assignment, Kind
from introeval.fairness import Fairness
from introeval.graders.asked import Preview
from introeval.grading import Segment
from introeval.library import AssignmentLibrary
from introeval.web.hub import CommitHub
from introeval.web.keeping_context import KeepingPorts
from introeval.web.places import PlaceLimits
from introeval.web.session_context import SessionPorts
from scheduler.ports import Clock
from scheduler.snapshot import StatusSnapshot
from scheduler.task import Task

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """Bounds of the intake.

    ``max_queue``: accepted and not ended, and what is being read, beyond which no submission begins; one in pieces that
    has begun goes on, and counts while a piece comes. ``reserve_bytes``: disk space that uploads never touch.
    ``idle_seconds``: a body that is silent for longer is cut; ``upload_seconds``: an upload as a whole.
    ``least_rate``: bytes a second, below which a body is cut after a minute of waiting for it.
    ``probes``: how many files are looked into at once. ``places``: how many uploads are read at once. ``max_bytes``
    and ``max_seconds`` are those of a recording. ``expire_seconds``: an upload in pieces that stands still for longer
    is forgotten; ``open_per_client``: how many of them one address may have begun and not ended. ``public_url``: where
    people reach the service, if a proxy in front makes that another address.
    """

    max_bytes: int = 500_000_000
    notebook_bytes: int = 16_000_000
    pages_bytes: int = 100 * MIB
    pages_files: int = 40
    max_seconds: float = 900.0
    max_queue: int = 500
    reserve_bytes: int = 256 * MIB
    idle_seconds: float = 30.0
    upload_seconds: float = 3600.0
    least_rate: int = 1000
    probes: int = 4
    places: PlaceLimits = field(default_factory=PlaceLimits)
    expire_seconds: float = 86_400.0
    open_per_client: int = 1000
    public_url: str | None = None

    def bytes_of(self, kind: str) -> int:
        """How large the files of one submission may be together."""
        return {Kind.NOTEBOOK: self.notebook_bytes, Kind.PAGES: self.pages_bytes}.get(
            Kind(kind), self.max_bytes
        )

    def files_of(self, kind: str) -> int:
        """How many files one submission may have."""
        return self.pages_files if kind == Kind.PAGES else 1


Inspect = Callable[[Path, str], Awaitable[float | None]]
"""Looks into a stored file, given the name that its sender gave it: its length in seconds, if it has one.

Raises a ``RejectedWorkError`` whose text a student understands.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class WebContext:
    """The web's ports.

    ``wake``: called after an accepted submission; must not block. ``cancel``: called after a submission was cancelled
    in the tables, so that whoever works on it stops. ``status``: the one snapshot. ``inspect``: looks into what was
    handed in, by kind of work. ``bundle``: makes one new file of several pages in their order (called in a thread).
    ``preview``: what grading would ask of the models. ``unread``: an assignment's submissions whose pages nobody has
    read, each with the task that is to do it. ``read_segments``: reads a transcript file (called in a thread).
    ``commits``: ``database.on_commit(context.commits.notify)`` feeds it. ``stop``: set at shutdown; ends every open
    stream. ``batch_size``: for the estimate of a student's waiting time. ``sessions``: what sessions need.
    ``keeping``: how long things are kept. ``work``: what runs beside the requests while the application does; whoever
    runs it watches these, for none ends by itself.
    """

    intake: Intake
    uploads: Uploads
    views: Views
    library: AssignmentLibrary
    tallies: Assignments
    requests: Requests
    fairness: Fairness
    unread: Callable[[str], Awaitable[dict[str, str | None]]]
    state_dir: Path
    wake: Callable[[], None]
    cancel: Callable[[str], None]
    status: Callable[[], Awaitable[StatusSnapshot]]
    inspect: Mapping[str, Inspect]
    bundle: Callable[[Sequence[Path], Path], None]
    preview: Callable[[Task, Assignment], Awaitable[Preview]]
    read_segments: Callable[[str], Sequence[Segment]]
    clock: Clock
    sessions: SessionPorts
    keeping: KeepingPorts
    limits: UploadLimits = field(default_factory=UploadLimits)
    commits: CommitHub = field(default_factory=CommitHub)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    work: list[asyncio.Task[None]] = field(default_factory=list)
    batch_size: int = 30
    heartbeat_seconds: float = 15.0
    max_streams: int = 500

    @property
    def videos(self) -> Path:
        """The folder of the accepted files."""
        return self.state_dir / "videos"

    @property
    def images(self) -> Path:
        """The folder of the sessions' page images."""
        return self.state_dir / "images"
