"""What ends a demo early::

IntroevalError
└── DemoError    the daemon would not start, or died again and again; the message names its log
"""

from scheduler.errors import IntroevalError


class DemoError(IntroevalError):
    """The demo cannot go on."""

    code = "demo"
