"""The circuit breaker of a model server, where people and machines see it: page, API, metrics."""

from dataclasses import replace
from pathlib import Path

from tests.web.running import running
from tests.web.status_board import server

DOWN = replace(
    server("llama3", 11435, healthy=False), breaker="open", strikes=3, next_try_seconds=3.4, failures=3
)


async def test_an_open_breaker_is_shown(tmp_path: Path) -> None:
    """Its state, how often it failed in a row, and when it is tried again."""
    async with running(tmp_path) as room:
        room.shown.update(servers=(server("mistral", 11434), DOWN))
        page = await (await room.client.get("/")).text()
        closed, opened = (await (await room.client.get("/api/v1/status")).json())["servers"]
        lines = (await (await room.client.get("/metrics")).text()).splitlines()
    assert "Left alone after 3 failures in a row; tried again in 4 s." in page
    assert page.count("Left alone") == 1
    assert (closed["breaker"], closed["strikes"], closed["next_try_seconds"]) == ("closed", 0, None)
    assert (opened["breaker"], opened["strikes"], opened["next_try_seconds"]) == ("open", 3, 3.4)
    assert [line for line in lines if line.startswith("introeval_server_breaker{")] == [
        'introeval_server_breaker{server="mistral",state="closed"} 1.0',
        'introeval_server_breaker{server="mistral",state="open"} 0.0',
        'introeval_server_breaker{server="mistral",state="half_open"} 0.0',
        'introeval_server_breaker{server="llama3",state="closed"} 0.0',
        'introeval_server_breaker{server="llama3",state="open"} 1.0',
        'introeval_server_breaker{server="llama3",state="half_open"} 0.0',
    ]
    assert 'introeval_server_strikes{server="llama3"} 3.0' in lines
    assert [line for line in lines if line.startswith("introeval_server_next_try_seconds{")] == [
        'introeval_server_next_try_seconds{server="llama3"} 3.4'
    ]


async def test_what_is_due_or_on_trial_is_shown(tmp_path: Path) -> None:
    """One that is being tried says so, one on trial is in use again."""
    due = replace(DOWN, strikes=1, next_try_seconds=0.0)
    trial = replace(DOWN, name="third", healthy=True, breaker="half_open", next_try_seconds=None)
    async with running(tmp_path) as room:
        room.shown.update(servers=(due, trial))
        page = await (await room.client.get("/")).text()
    assert "Left alone after 1 failure; it is being tried now." in page
    assert "on trial" in page
