"""How a model server answers a request, well or not."""

from enum import StrEnum


class Mood(StrEnum):
    """How the next request to ``/api/generate`` is answered."""

    WELL = "well"
    HELD = "held"
    HANG_FIRST = "hang before the first token"
    HANG_BETWEEN = "hang between tokens"
    CUT = "cut stream"
    MISSING = "404"
    ERROR = "500"
    BUSY = "503"
    BUSY_FOR = "503 with a time"
    LIMITED = "429"
    ERROR_LINE = "error line"
    EMPTY = "empty done"
    WHITESPACE = "whitespace forever"
    ENDLESS = "text forever"
    BAD_JSON = "invalid JSON"
    LENGTH = "cut by length"
    WRONG_SERVICE = "wrong service"
    GIANT_LINE = "giant line"
    GZIP = "gzip bomb"
    REDIRECT = "redirect"
    CUT_PROMPT = "silently cut prompt"
    TOO_LONG = "prompt refused as too long"
    NO_COUNT = "no token count"
    LONG_CONTEXT = "a token list as long as the window"
    TOO_LARGE = "413 of a proxy"
    LATE_GIANT = "giant line after good ones"
