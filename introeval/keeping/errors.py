"""What can go wrong with backups and with a state that is not whole."""

from scheduler.errors import ConfigurationError, StateError


class BackupError(StateError):
    """A backup could not be made; nothing of it was left, and the earlier ones are as they were."""

    code = "backup"


class KeepingBusyError(StateError):
    """Another backup, restore or purge is at work on this state."""

    code = "keeping_busy"


class RestoreError(ConfigurationError):
    """A backup cannot be put back: it is damaged, or there is a state in its place."""

    code = "restore"


class DamagedStateError(ConfigurationError):
    """The state folder is not whole: nobody may work on it before it was restored."""

    code = "damaged_state"
