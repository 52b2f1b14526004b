"""The outbox's own error."""

from scheduler.errors import IntroevalError


class ForbiddenAddressError(IntroevalError):
    """The receiver's name stands for an address that must not be called; the message names it. Nothing was sent."""

    code = "forbidden_address"
