"""Our own count of a prompt's tokens: a lower bound that needs no tokeniser. Pure."""

import re

_PIECES = re.compile(r"[^\W\d_]+|\d{1,3}|[!-/:-@\[-`{-~]+(?![^\W\d_])")


def estimate(text: str) -> int:
    """A number of tokens that ``text`` has at least, whichever model reads it.

    Byte-pair tokenisers first cut the text into pieces that no token crosses. This counts the pieces that all
    common cutting rules share (GPT-2's regular expression, its Llama 3 and Qwen 2 variants, SentencePiece with
    its default script and number splits): runs of letters, up to three digits, and runs of ASCII punctuation that
    no letter follows. Each is one token or more; the chat template only adds to it.

    Measured with GPT-2's tokeniser (Whisper's): 0.95 to 0.97 of the true count on spoken English and on numbered
    segments, 0.7 on Markdown. Scripts without spaces are counted far too low.
    """
    return sum(1 for _ in _PIECES.finditer(text))
