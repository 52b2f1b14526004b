"""File descriptors: each connection and each open file takes one, and a process has a limit.

A daemon that runs out of them cannot accept, nor open a file for an upload that it has accepted already. So the limit
is raised at start as far as this is allowed (the *soft* limit up to the *hard* one), and the number of connections
follows from what there is.
"""

import resource
import sys
from pathlib import Path

RESERVE = 768
"""For everything that is no connection: two files for each upload that is read, the tables, children's pipes."""

_SOMAXCONN = Path("/proc/sys/net/core/somaxconn")


def raise_limit(wanted: int) -> int:
    """Let this process have ``wanted`` descriptors, if it may; returns how many it may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return wanted if soft == resource.RLIM_INFINITY else soft


def hard_limit() -> int:
    """How many descriptors this process may have at the most."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    return sys.maxsize if hard == resource.RLIM_INFINITY else hard


def connections_within(descriptors: int, wanted: int) -> int:
    """How many of the ``wanted`` connections ``descriptors`` are enough for; at least a few."""
    return max(16, min(wanted, descriptors - RESERVE))


def longest_backlog(wanted: int) -> int:
    """What the kernel makes of ``listen(wanted)``: it cuts it to ``net.core.somaxconn``."""
    try:
        return min(wanted, int(_SOMAXCONN.read_text()))
    except (OSError, ValueError):
        return wanted
