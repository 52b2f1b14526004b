"""Where the daemon is, from what the person gave or from the settings that the daemon itself would use."""

from introeval.settings import Settings

ANY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}


def base_url(given: str | None, settings: Settings) -> str:
    """``given``: ``--url``. A daemon that listens on every address is asked on the loopback one."""
    if given:
        return given if "://" in given else f"http://{given}"
    host = ANY_ADDRESS.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"
