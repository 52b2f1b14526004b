"""No core files: the memory of this process and of its children holds names, speech and answers.

A crash would write it where no deletion reaches it (``/var/lib/systemd/coredump``). The limit is inherited, and a child
cannot raise it, for the hard one is lowered too. ``LimitCORE=0`` in the unit says the same; this is for other starts.
"""

import resource


def forbid() -> None:
    """For this process and all that it starts. There is no way back."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
