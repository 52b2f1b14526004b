"""``Sender``: one signed POST, and what came back. It decides nothing and keeps nothing.

The body of an answer is not read: nothing in it counts, and it could be endless. Headers are bounded by aiohttp.
"""

from types import TracebackType

import aiohttp
from aiohttp.abc import AbstractResolver

from db.outbox import Message
from introeval.outbox.connection import CheckedResolver, open_session
from introeval.outbox.decision import Attempt, answered
from introeval.outbox.errors import ForbiddenAddressError
from introeval.outbox.message import body_of, headers_of
from introeval.outbox.receiver import Receiver
from scheduler.ports import Clock


class Sender:
    """Sends to one receiver; use it as an asynchronous context. ``resolver``: how names become addresses."""

    def __init__(self, receiver: Receiver, clock: Clock, resolver: AbstractResolver | None = None) -> None:
        self._receiver = receiver
        self._clock = clock
        self._resolver = resolver or CheckedResolver(receiver.allow_private)
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "Sender":
        receiver = self._receiver
        self._session = open_session(
            receiver.allow_private, receiver.connect_seconds, receiver.timeout_seconds, self._resolver
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        await self._resolver.close()

    async def send(self, message: Message) -> Attempt:
        """Try once. Never raises for what the receiver or the network does: that is in the ``Attempt``."""
        assert self._session is not None, "use it as a context"
        body = body_of(message, self._receiver.public_url)
        headers = headers_of(message, body, self._receiver.secrets, self._clock.now())
        try:
            async with self._session.post(
                self._receiver.url, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                return answered(response.status, response.headers.get("Retry-After"), self._clock.now())
        except ForbiddenAddressError as error:
            return Attempt(status=None, reason=str(error))
        except TimeoutError:
            return Attempt(status=None, reason="The receiver did not answer in time.")
        except aiohttp.InvalidURL:
            return Attempt(status=None, reason="The receiver's address is not valid: correct webhook.url.")
        except aiohttp.ClientConnectorCertificateError:
            return Attempt(status=None, reason="The receiver's certificate is not valid.")
        except aiohttp.ClientConnectorDNSError:
            return Attempt(status=None, reason="The receiver's name cannot be looked up.")
        except (aiohttp.ClientConnectorError, OSError) as error:
            return Attempt(status=None, reason=f"The receiver cannot be reached ({type(error).__name__}).")
        except (aiohttp.ClientError, ValueError, RuntimeError) as error:
            # uvloop raises RuntimeError, and a broken answer ValueError, where asyncio and aiohttp have their own.
            return Attempt(status=None, reason=f"The receiver did not speak HTTP ({type(error).__name__}).")
