"""The machine's clock jumps: an administrator sets it, a virtual machine wakes up, NTP corrects a day."""

from pathlib import Path

import pytest

from tests.faults.clocks import HurriedClock
from tests.faults.lab import fault_lab
from tests.models.fake_ollama import fake_ollama
from tests.models.moods import Mood

pytestmark = [pytest.mark.timeout(120), pytest.mark.usefixtures("tiny_stt_dir")]
DAY = 86_400.0


class JumpingClock(HurriedClock):
    """Its wall time can be set; spans are not touched, as on a real machine."""

    offset = 0.0

    def now(self) -> float:
        return super().now() + self.offset


@pytest.mark.parametrize("jump", [-DAY, -1.0, DAY, 400 * DAY])
async def test_clock_jump(tmp_path: Path, jump: float) -> None:
    """In mid work, and between an upload and its start: everybody is graded once, nothing waits for the lost time."""
    clock = JumpingClock()
    async with fake_ollama() as server, fault_lab(tmp_path, server, clock=clock) as lab:
        server.mood = Mood.HELD
        await lab.hand_in(1, 2)
        await server.asked.wait()
        clock.offset = jump
        server.mood = Mood.WELL
        server.gate.set()
        await lab.hand_in(3)
        await lab.nothing_lost()
        clock.offset = 0.0
        await lab.hand_in(4)
        await lab.nothing_lost()
