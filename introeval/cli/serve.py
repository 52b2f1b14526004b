"""``introeval serve``: the daemon in the foreground, until SIGTERM or Ctrl-C."""

import argparse

from introeval import service
from introeval.cli.overrides import settings_of


def run(options: argparse.Namespace) -> int:
    """Serve; returns the daemon's exit code."""
    settings = settings_of(options)
    if options.pull:
        from introeval.cli.weights import pull_needed  # rich's bars: not for every start

        pull_needed(settings)
    return service.serve(settings, port_file=options.port_file)
