"""``Operation``: an endpoint as data. Routes and the OpenAPI document are made from tables of them."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web
from pydantic import BaseModel

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
JSON = "application/json"
TOML = "application/toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful answer. ``model``: ``None`` for what is not JSON. ``also``: other types that ``Accept`` may name."""

    about: str
    model: type[BaseModel] | None = None
    content_type: str = JSON
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A body that is no form. ``model``: what it must be. ``types``: its content types, the first is the usual one."""

    model: type[BaseModel]
    types: tuple[str, ...] = (JSON,)
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An endpoint. ``problems``: codes of ``problems.PROBLEMS`` that it may answer with.

    ``form``: the fields of a multipart upload (see ``intake``). ``body``: any other body. ``before_body``: who
    invites a client that waits with its body (``Expect: 100-continue``); ``None``: it always is invited.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Handler
    answers: Mapping[int, Answer]
    problems: tuple[str, ...] = ()
    query: type[BaseModel] | None = None
    form: type[BaseModel] | None = None
    body: Document | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    before_body: Callable[[web.Request], Awaitable[None]] | None = None
