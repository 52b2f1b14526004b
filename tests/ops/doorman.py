"""A process with few descriptors and a ``Door``: says its port, answers every connection's first bytes, and closes."""

import asyncio
import resource
import sys
from pathlib import Path
from typing import cast

import uvloop

from introeval.door import Door, DoorLimits, bind


class Answering(asyncio.Protocol):
    """Sends back what it got."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._transport.write(data)
        self._transport.close()


async def main(spare: int, per_client: int) -> None:
    """``spare``: how many descriptors there are beyond those in use. ``per_client``: as ``DoorLimits``."""
    listeners = bind("127.0.0.1", 0)
    door = Door(listeners, Answering, DoorLimits(per_client=per_client), asyncio.get_running_loop())
    used = await asyncio.to_thread(lambda: len(list(Path("/proc/self/fd").iterdir())))
    resource.setrlimit(resource.RLIMIT_NOFILE, (used + spare, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
    print(listeners[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await door.close()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2])))
