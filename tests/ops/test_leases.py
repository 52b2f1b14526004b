"""Leases are longer than all that is honest: they are the last of the limits, the others must speak first."""

import re
from pathlib import Path

import pytest

from introeval import assembly
from introeval.listening import WEB_SHUTDOWN_SECONDS
from introeval.settings import Settings, load
from models.embedded.supervisor import STOP_SECONDS
from models.worker import MAX_ASKS


@pytest.mark.parametrize(
    "settings",
    [
        load({}),
        load({"models": "ollama"}),
        load({"ollama": {"timeout_seconds": 7200.0}, "models": "ollama"}),
        load({"upload": {"max_seconds": 36000.0}, "phases": {"handover_seconds": 900.0}}),
    ],
    ids=["embedded", "ollama", "slow servers", "long media"],
)
def test_a_lease_outlives_every_other_limit(settings: Settings) -> None:
    """Whatever an administrator has set."""
    leases, watch = assembly.leases(settings), assembly.speech_watch(settings)
    media = assembly.media(settings)
    assert leases.stt > watch.load + media.extract_timeout + watch.silence
    assert (
        leases.stt > watch.load + media.extract_timeout + watch.stall + watch.stall_factor * media.max_seconds
    )
    assert leases.llm > MAX_ASKS * settings.llm_timeout_seconds
    assert leases.cancel > watch.exit
    assert assembly.queue_settings(settings, None).handover > 2 * settings.phases.handover_seconds


def test_a_stop_fits_into_the_units_time() -> None:
    """The web's end, draining, the end of what was cancelled, then the model servers: systemd's kill is the last."""
    settings, unit = load({}), Path(__file__).parents[2] / "systemd" / "introeval.service"
    given = re.search(r"(?m)^TimeoutStopSec=(\d+)$", unit.read_text(encoding="utf-8"))
    assert given is not None
    ends = WEB_SHUTDOWN_SECONDS + settings.embedded.servers * STOP_SECONDS
    assert settings.drain_seconds + assembly.leases(settings).cancel + ends + 15.0 <= int(given[1])
