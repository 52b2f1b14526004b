"""From parsed options to settings: only what was given on the command line overrides."""

import argparse

from introeval.settings import Settings, load

FIELDS = ("config", "host", "port", "state_dir", "cache_dir", "models")


def settings_of(options: argparse.Namespace) -> Settings:
    """The settings under these options. Raises ``ConfigurationError``."""
    return load({name: getattr(options, name, None) for name in FIELDS})
