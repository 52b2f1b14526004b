"""Other children than the real one: programs that speak a part of the protocol and then misbehave."""

import sys
from collections.abc import Callable

from stt.protocol import ChildSettings

LOADED = 'say(\'{"kind":"loaded","device":"cpu","compute_type":"int8","seconds":0}\')'
BEAT = 'say(\'{"kind":"heartbeat","steps":0,"rss":%d}\')'
HEARD = 'say(\'{"kind":"heard","segment":{"start":0,"end":1,"text":"a","words":[]}}\')'
DONE = 'say(\'{"kind":"done","language":"en","media_seconds":1,"compute_seconds":1}\')'
FAILED = 'say(\'{"kind":"failed","error":"cannot"}\')'
READ = "sys.stdin.readline()"
FOREVER = "signal.pause()"
EXIT = "print('out of luck', file=sys.stderr); sys.exit(3)"
BEAT_FOREVER = f"while True: {BEAT % 1}"
"""As fast as somebody reads it."""
NO_LINE = "print('x' * 5_000_000, end='', flush=True)"


def program(*lines: str) -> list[str]:
    """The command line of a child that does these things in turn."""
    start = ["import sys, signal", "say = lambda line: print(line, flush=True)"]
    return [sys.executable, "-c", "\n".join([*start, *lines])]


def in_turn(*commands: list[str]) -> Callable[[ChildSettings], list[str]]:
    """A maker of command lines that gives each of these once, then the last one again."""
    left = list(commands)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]
