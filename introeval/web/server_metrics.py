"""The language-model servers in Prometheus' terms: health, load, and the circuit breaker's state."""

from collections.abc import Iterator

from prometheus_client.core import GaugeMetricFamily, Metric

from scheduler.snapshot import StatusSnapshot


def server_gauges(snapshot: StatusSnapshot) -> Iterator[Metric]:
    """Of every server, by its name."""
    up = GaugeMetricFamily("introeval_server_up", "1 for a healthy model server.", labels=("server",))
    in_flight = GaugeMetricFamily("introeval_server_in_flight", "Requests under way.", labels=("server",))
    for server in snapshot.servers:
        up.add_metric([server.name], float(server.healthy))
        in_flight.add_metric([server.name], server.in_flight)
    yield up
    yield in_flight
    yield from _breakers(snapshot)


def _breakers(snapshot: StatusSnapshot) -> Iterator[Metric]:
    state = GaugeMetricFamily(
        "introeval_server_breaker",
        "1 for the state of the server's circuit breaker.",
        labels=("server", "state"),
    )
    strikes = GaugeMetricFamily("introeval_server_strikes", "Failures in a row.", labels=("server",))
    again = GaugeMetricFamily(
        "introeval_server_next_try_seconds",
        "Until an open breaker's server is tried again.",
        labels=("server",),
    )
    for server in snapshot.servers:
        for each in ("closed", "open", "half_open"):
            state.add_metric([server.name, each], float(server.breaker == each))
        strikes.add_metric([server.name], server.strikes)
        if server.next_try_seconds is not None:
            again.add_metric([server.name], server.next_try_seconds)
    yield from (state, strikes, again)
