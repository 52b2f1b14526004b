"""Server-sent events (WHATWG HTML, 9.2), as far as our stream uses them. Pure: lines in, events out."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StreamEvent:
    """One event. ``id`` is the last id that the stream gave, which a resumed request sends back."""

    kind: str
    data: str
    id: str | None


class EventParser:
    """Feed it lines without their line ends; an empty line ends an event. Comments (heartbeats) are dropped."""

    def __init__(self) -> None:
        self.last_id: str | None = None
        self._kind = ""
        self._data: list[str] = []

    def feed(self, line: str) -> StreamEvent | None:
        """The event that this line completes, if any."""
        if not line:
            return self._dispatch()
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._kind = value
        elif name == "data":
            self._data.append(value)
        elif name == "id" and "\0" not in value:
            self.last_id = value
        return None

    def _dispatch(self) -> StreamEvent | None:
        kind, data = self._kind, self._data
        self._kind, self._data = "", []
        return StreamEvent(kind or "message", "\n".join(data), self.last_id) if data else None
