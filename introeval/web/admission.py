"""``Admission``: who may send a body now, decided before a byte of it is read.

The rules:

1. Every door that reads a large body asks ``admit`` first. What it grants is bound to the request: it is given back
   when the request ends, however it ends (``leave``), and asking twice for one request changes nothing. A place is not
   yet leave to hand in: a body that is held whole takes one too (``document``), whoever reads it then.
2. What is refused for good (too large) is refused first and costs nothing. Then a place is taken (``places``), and only
   then are the tables and the disk asked: a crowd that has no place costs neither.
3. Whoever is sent away is told when to come back (``Retry-After``), each at another time (``comeback``).
4. Pages, the status, events and small documents need no place: they are served while uploads are at their limit.
"""

from functools import partial
from random import Random

from aiohttp import web

from introeval.web.comeback import Comeback
from introeval.web.context import WebContext
from introeval.web.form import OVERHEAD
from introeval.web.incoming import key_of, too_large
from introeval.web.places import Place, Places, client_of
from introeval.web.problems import ProblemError
from introeval.web.storage import UploadRoom
from scheduler.errors import IntroevalError

_PLACE = web.RequestKey("place", Place)
_GUARD = web.RequestKey("guard", partial[None])
_REFUSAL = web.RequestKey("refusal", IntroevalError)
_LET_IN = web.RequestKey("let_in", bool)
"""Whether room was found for the body, and (``True``) for a submission that begins with it."""

SMALL = 64 * 1024
"""Bytes of a body that is read without a place: as much as a connection's buffer holds anyway."""

_ADMITTED_BY_THEIR_DOORS = {"multipart/form-data", "application/offset+octet-stream"}
"""Types of large bodies. Their doors ask themselves; everybody else refuses them unread (``documents``)."""
_BUSY = (
    "Many are handing in at this moment, so the file was not read yet. Nothing is lost: it is your turn soon."
)
_TOO_MANY = "This roll number is sending several files at this moment. Wait until they are through."
_STOPPING = "The service is stopping; send the file again in a minute."
_QUEUE_GAP = 5.0
"""Seconds between two graded submissions, until it was measured."""


class Admission:
    """``places``: shared by all doors of one application."""

    def __init__(self, context: WebContext, jitter: Random | None = None) -> None:
        self._context = context
        self._limits = context.limits
        seed = jitter or Random()
        self._comeback, self._queue_comeback = Comeback(seed), Comeback(seed)
        self._jitter = seed
        self.places = Places(context.limits.places, context.clock)

    async def admit(self, request: web.Request, room: UploadRoom) -> None:
        """Let a submission's body be read into ``room``. Raises ``ProblemError``, ``StateError``."""
        _raise_again(request)
        if not request.get(_LET_IN):
            self._require_size(request)
            await self._take_place(request)
            key = key_of(request.headers.get("Idempotency-Key"))
            if key is None or await self._context.intake.earlier(key) is None:
                await self.require_queue(room.open_drafts)
                await room.require_room(request.content_length or 0)
            request[_LET_IN] = True

    async def enter(self, request: web.Request, room: UploadRoom) -> None:
        """Let another large body be read into ``room``. Raises ``ProblemError``, ``StateError``."""
        _raise_again(request)
        if _LET_IN not in request:
            await self._take_place(request)
            await room.require_room(request.content_length or 0)
            request[_LET_IN] = False

    async def document(self, request: web.Request) -> None:
        """A body that will be held whole needs a place as well, unless it is small. Raises ``ProblemError``."""
        large = request.content_length is None or request.content_length > SMALL
        if request.body_exists and large and request.content_type not in _ADMITTED_BY_THEIR_DOORS:
            await self._take_place(request)

    def remember(self, request: web.Request, refusal: IntroevalError) -> None:
        """``Expect: 100-continue`` is asked first and answered second: the handler is to be told the same."""
        request[_REFUSAL] = refusal.with_traceback(None)

    def count_student(self, request: web.Request, roll_number: str) -> None:
        """The roll number is known now. Raises ``ProblemError`` when it has too many uploads under way already."""
        place = request.get(_PLACE)
        if place is not None and not self.places.claim(place, roll_number):
            raise ProblemError("too_many_uploads", _TOO_MANY, self.later())

    async def require_queue(self, under_way: int = 0, tasks: int = 1) -> None:
        """Refuse more tasks than there is room for in the queue. Raises ``ProblemError``.

        ``under_way``: bodies that are read now. An upload in pieces is asked for once, when it begins, and counts while
        a piece of it comes: whoever sends nothing takes nobody's turn, and what was begun may end.
        """
        waiting = await self._context.intake.waiting() + under_way
        if waiting + tasks > self._limits.max_queue:
            pace = await self._context.views.pace()
            after = self._queue_comeback.seconds(
                self._context.clock.monotonic(), pace.llm_seconds or _QUEUE_GAP
            )
            detail = (
                f"{self._limits.max_queue} submissions are waiting already. Nothing is lost: try again soon."
            )
            if tasks > 1:
                detail = (
                    f"The queue has room for {max(0, self._limits.max_queue - waiting)} more, and these are {tasks}. "
                    "Name fewer submissions at a time, or try again soon."
                )
            raise ProblemError("queue_full", detail, {"Retry-After": str(max(5, after))})

    def later(self) -> dict[str, str]:
        """The header that tells one of a crowd when to come back."""
        return {"Retry-After": str(self._comeback.seconds(self._context.clock.monotonic()))}

    def close(self) -> None:
        """Send away those who wait for a place."""
        self.places.close()

    def _require_size(self, request: web.Request) -> None:
        most = max(self._limits.bytes_of(kind) for kind in self._context.inspect)
        if request.content_length is not None and request.content_length > most + OVERHEAD:
            raise too_large(most)

    async def _take_place(self, request: web.Request) -> None:
        if _PLACE in request:
            return
        place = None if self._context.stop.is_set() else await self.places.take(client_of(request.remote))
        if place is None:
            if self._context.stop.is_set():
                raise ProblemError("stopping", _STOPPING, {"Retry-After": str(self._jitter.randint(15, 60))})
            raise ProblemError("busy", _BUSY, self.later())
        guard = partial(self._leave, place)
        request[_PLACE], request[_GUARD] = place, guard
        # A connection may break between the invitation to send and the handler, which is then never called.
        request.task.add_done_callback(guard)

    def leave(self, request: web.Request) -> None:
        """The request has ended. Idempotent."""
        if _PLACE in request:
            request.task.remove_done_callback(request.pop(_GUARD))
            self._leave(request.pop(_PLACE))

    def _leave(self, place: Place, task: object = None) -> None:
        if place.leave():
            self._comeback.served(self._context.clock.monotonic(), crowded=self.places.waiting > 0)


def _raise_again(request: web.Request) -> None:
    """What was decided before the invitation to send."""
    refusal = request.pop(_REFUSAL, None)
    if refusal is not None:
        raise refusal
