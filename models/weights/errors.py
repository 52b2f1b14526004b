"""What can go wrong while weights are installed::

ConfigurationError
└── WeightsError          no source gave the model; the message says for each one why
    └── SourceError       one source failed: the next one is tried
"""

from scheduler.errors import ConfigurationError


class WeightsError(ConfigurationError):
    """The model could not be installed; the message names each source and its reason."""

    code = "weights"


class SourceError(WeightsError):
    """One source could not give the right bytes."""

    code = "weights_source"
