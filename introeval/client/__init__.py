"""The HTTP client of our own API, for the command line and the demo. It knows the wire and nothing of the daemon."""

from introeval.client.api import Api, Receipt, connect
from introeval.client.errors import ClientError, DaemonRefusedError, UnreachableError

__all__ = ["Api", "ClientError", "DaemonRefusedError", "Receipt", "UnreachableError", "connect"]
