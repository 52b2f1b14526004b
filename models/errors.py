"""Everything that can go wrong between us and a language-model server, by whom it speaks against::

AttemptFailedError
├── ServerFailedError             the server: the pool gives the request to another one
│   ├── ServerUnreachableError        no connection
│   ├── ServerTimeoutError            connected, but no answer, or no further token, in time
│   ├── StreamCutError                the connection ended in the middle of a reply
│   ├── ServerStatusError             it answered with an error of its own (5xx, an error line)
│   │   ├── ServerBusyError               its queue is full (503)
│   │   └── RateLimitedError              it has had enough of our requests for now (429)
│   ├── ModelUnavailableError         the server is well but does not have the model
│   ├── NotAskedError                 it went out of use before the request was sent
│   └── WrongServiceError             what answers on this port is not Ollama
├── ReplyError                    the model: it is asked again, with the reason
│   ├── TruncatedReplyError           cut off at ``num_predict``
│   ├── EmptyReplyError               nothing, or whitespace without end
│   ├── OversizedReplyError           more bytes than any valid reply has
│   └── SchemaValidationError         not what the schema asked for
├── ContextOverflowError          the server cut the prompt to its window
├── SlowReplyError                tokens came, but not the last one in time
├── RequestRefusedError           the server refused the request (4xx)
└── ResponseShapeError            the reply does not follow the protocol
RejectedWorkError
└── PromptTooLongError            cannot fit into the window; never sent
"""

from typing import ClassVar

from scheduler.errors import AttemptFailedError, RejectedWorkError


class ServerFailedError(AttemptFailedError):
    """The server, not the request, is to blame; another server can take it.

    ``may_blame_request``: the server lived on while the request failed, so the request itself may be the cause. When
    every server failed on it like this, the attempt counts; otherwise such a request would go round for ever.
    """

    code = "server_failed"
    may_blame_request: ClassVar[bool] = False


class ServerUnreachableError(ServerFailedError):
    """No connection. ``refused``: the machine is there and nothing listens, so the server's process is gone."""

    code = "server_unreachable"

    def __init__(self, message: str, *, refused: bool = False) -> None:
        super().__init__(message)
        self.refused = refused


class ServerTimeoutError(ServerFailedError):
    """Connected, but the first or the next token (or any answer) did not come in time."""

    code = "server_timeout"
    may_blame_request = True


class StreamCutError(ServerFailedError):
    """The connection ended before the reply did."""

    code = "stream_cut"


class ServerStatusError(ServerFailedError):
    """The server answered with an error of its own.

    ``retry_after``: the seconds for which it is to be left alone, where it says so.
    """

    code = "server_status"
    may_blame_request = True

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class ServerBusyError(ServerStatusError):
    """503: the server's queue is full or it is still starting."""

    code = "server_busy"
    may_blame_request = False


class RateLimitedError(ServerStatusError):
    """429: we asked too much."""

    code = "rate_limited"
    may_blame_request = False


class ModelUnavailableError(ServerFailedError):
    """The server does not have the model; the message says how to get it."""

    code = "model_unavailable"


class WrongServiceError(ServerFailedError):
    """Something answers on this port, and it is not Ollama."""

    code = "wrong_service"


class NotAskedError(ServerFailedError):
    """The server went out of use while the request waited for a limit; it was not sent."""

    code = "not_asked"


class ReplyError(AttemptFailedError):
    """The model's text is unusable. ``str()`` is told to the model when it is asked again."""

    code = "reply"


class TruncatedReplyError(ReplyError):
    """The reply was cut off at ``num_predict`` tokens."""

    code = "reply_truncated"


class EmptyReplyError(ReplyError):
    """The reply is empty, or the model writes whitespace without end."""

    code = "reply_empty"


class OversizedReplyError(ReplyError):
    """The reply is larger than ``max_reply_bytes``."""

    code = "reply_oversized"


class SchemaValidationError(ReplyError):
    """The reply is not valid against the schema, although the server was given it."""

    code = "reply_schema"


class ContextOverflowError(AttemptFailedError):
    """The server dropped a part of the prompt, so the reply is about something else."""

    code = "context_overflow"


class SlowReplyError(AttemptFailedError):
    """The server works, but the whole reply did not come in time."""

    code = "reply_slow"


class RequestRefusedError(AttemptFailedError):
    """The server understood the request and refused it."""

    code = "request_refused"


class ResponseShapeError(AttemptFailedError):
    """The reply does not follow Ollama's protocol."""

    code = "response_shape"


class PromptTooLongError(RejectedWorkError):
    """The prompt cannot fit into the model's context window."""

    code = "prompt_too_long"
