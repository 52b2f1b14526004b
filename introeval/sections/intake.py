"""The sections about what is taken in, and from how many at once."""

from pydantic import Field, HttpUrl, NonNegativeInt, PositiveFloat, PositiveInt

from introeval.sections.base import Section


class UploadSettings(Section):
    """Limits on what is taken in. ``max_queue``: accepted and not yet ended, and what is being read at the moment;
    beyond it nothing new begins (429). One in pieces that has begun goes on, and does not count between two pieces.

    ``max_at_once``: uploads that are read at one moment, of which one client (an address, which a whole lab may share)
    has at most ``max_at_once_per_client`` and one roll number there ``max_at_once_per_student``. ``max_waiting`` more
    wait for a place, at most ``wait_seconds``; others hear when to come back (503). A place takes up to 3 MiB of
    memory. ``reserve_bytes``: free space that is never touched (507). ``idle_seconds``: a body that is silent for
    longer is cut; ``least_rate``: bytes a second, below which one is cut after a minute; ``longest_seconds``: one
    upload as a whole.
    """

    max_bytes: PositiveInt = 500_000_000
    max_seconds: PositiveFloat = 900.0
    max_queue: PositiveInt = 500
    max_at_once: PositiveInt = 128
    max_at_once_per_client: PositiveInt = 96
    max_at_once_per_student: PositiveInt = 8
    max_waiting: NonNegativeInt = 256
    wait_seconds: PositiveFloat = 10.0
    reserve_bytes: NonNegativeInt = 268_435_456
    idle_seconds: PositiveFloat = 30.0
    least_rate: NonNegativeInt = 1000
    longest_seconds: PositiveFloat = 3600.0
    expire_seconds: PositiveFloat = Field(
        default=86_400.0, description="an upload in pieces that stands still for longer is forgotten"
    )
    public_url: HttpUrl | None = Field(
        default=None, description="where people reach the service, when a proxy makes that another address"
    )


class WebSettings(Section):
    """Connections. ``max_connections``: open at once; more wait unharmed until one ends. One client (an address) has at
    most ``max_connections_per_client``. ``head_seconds``: for the head of a request, and between two requests.
    """

    max_connections: PositiveInt = 4096
    max_connections_per_client: PositiveInt = 3072
    head_seconds: PositiveFloat = 20.0
