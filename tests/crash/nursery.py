"""A process that has imported the daemon and forks one at each command: a start without the 0.6 s of imports.

Commands come as one JSON object a message on a Unix socket (descriptor 0), each with the child's own socket and its log
file attached. The child answers on its socket: the descriptor of the listener (when it is to be watched), then its URL.
A message ``{"wait": pid}`` is answered with the exit code. The nursery ends when its socket does.
"""

import ctypes
import gc
import json
import os
import signal
import socket
import sys
from typing import Any

from introeval.settings import load
from tests.crash import paper, seccomp

MESSAGE = 1 << 16
_PR_SET_PDEATHSIG = 1


def main() -> int:
    """Serve commands until the socket ends."""
    channel = socket.socket(fileno=0)
    gc.freeze()
    while True:
        data, descriptors, _, _ = socket.recv_fds(channel, MESSAGE, 2)
        if not data:
            return 0
        command = json.loads(data)
        if "wait" in command:
            _, status = os.waitpid(command["wait"], 0)
            channel.send(json.dumps({"code": os.waitstatus_to_exitcode(status)}).encode())
            continue
        pid = os.fork()
        if pid == 0:
            # Descriptor 0 stays taken: a socket of that number would be one that uvloop refuses to close.
            os.dup2(os.open(os.devnull, os.O_RDONLY), channel.detach())
            _child(command, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        channel.send(json.dumps({"pid": pid}).encode())


def _child(command: dict[str, Any], answers: int, log: int) -> None:
    code = 1
    try:
        os.setsid()
        # A daemon must not outlive a run that was broken off: it ends with the nursery.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        os.dup2(log, 2)
        os.dup2(log, 1)
        os.environ.update(command["environment"])
        channel = socket.socket(fileno=answers)
        settings = load({"state_dir": command["state_dir"], "port": command["port"]})
        if command["watched"]:
            listener = seccomp.install()
            socket.send_fds(channel, [b"listener"], [listener])
            os.close(listener)
        paper.run(settings, channel)
        code = 0
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
