"""Nobody starves: a side that has work gets the machine within one phase of the other kind and two hand-overs.

A fault (a kill, a hand-over that failed, a hang, a dead server, a bad disk) begins the count anew: its time is its own.
And what failed is tried again in the same phase, unless that has had its time or nobody is there to ask.
"""

from dataclasses import dataclass, field

from tests.simulator.loop import VirtualLoop
from tests.simulator.machine import DURATIONS
from tests.simulator.oracle import Oracle
from tests.simulator.script import LLM, STT

HAND_OVER = 5.0
"""Seconds of the longest one that does not fail: 2 to leave, 3 to enter."""
SLACK = 3.0
_WAITS = {"stt/pending": STT, "stt/retry": STT, "llm/pending": LLM, "llm/retry": LLM}


@dataclass
class Starvation:
    """``caps``: seconds of a phase, by side. ``servers``: whether a model server is up is asked at each look."""

    loop: VirtualLoop
    oracle: Oracle
    caps: dict[str, float]
    up: list[bool]
    _since: dict[str, float | None] = field(default_factory=lambda: {STT: None, LLM: None})
    _phase: str = "stt"
    _phase_since: float = 0.0
    _excused: float = 0.0

    def excuse(self, seconds: float = 0.0) -> None:
        """Something went wrong, and may hold up all for ``seconds``: count anew from then on."""
        self._excused = max(self._excused, self.loop.now + seconds)

    def restarted(self) -> None:
        """Whatever hung has ended with its process."""
        self._excused = self.loop.now

    def look(self) -> None:
        """After each commit."""
        now, oracle = self.loop.now, self.oracle
        waiting = {STT: False, LLM: False}
        failed, any_up = False, True in self.up
        for task in oracle.tasks.values():
            side = _WAITS.get(task.state)
            if side is None or task.batch is None:
                continue
            if side == STT or (any_up and task.code != "no_server" and not oracle.in_stt(task.batch)):
                waiting[side] = True
                failed = failed or task.state == "llm/retry"
        if oracle.phase != self._phase:
            young = (
                now - max(self._phase_since, self._excused) < self.caps[LLM]
                and self._excused < self._phase_since
            )
            if self._phase == LLM and failed and young:
                oracle.broken("retried before the next phase", "the models were left with a retry waiting")
            self._phase, self._phase_since = oracle.phase, now
        for side, other in ((STT, LLM), (LLM, STT)):
            began = self._since[side]
            if not waiting[side] or oracle.phase == side:
                self._since[side] = None
            elif began is None:
                self._since[side] = now
            else:
                most = self.caps[other] + 2 * DURATIONS[other] + 2 * HAND_OVER + SLACK
                if now - max(began, self._excused) > most:
                    oracle.broken("nobody starves", f"{side} work has waited for more than {most:.0f} s")
