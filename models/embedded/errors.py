"""What an embedded server answers instead of a result. ``status``: the HTTP status that a real Ollama uses."""

from typing import ClassVar

from scheduler.errors import ConfigurationError, IntroevalError


class EmbeddedServerError(ConfigurationError):
    """A server did not start at all; the message carries its last words."""

    code = "embedded_server"


class RequestError(IntroevalError):
    """The request cannot be served; the message goes to the client as ``{"error": ...}``."""

    code = "embedded_request"
    status: ClassVar[int] = 400


class ModelNotFoundError(RequestError):
    """The server has another model than the one that was asked for."""

    code = "embedded_model_not_found"
    status = 404


class RunnerError(RequestError):
    """The process with the weights could not be started, or ended in the middle of a request."""

    code = "embedded_runner"
    status = 500
