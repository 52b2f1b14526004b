"""Our own count of a prompt's tokens: a lower bound that needs no tokeniser. Pure."""

import re

_UNSPACED = (
    r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao; Burmese; Khmer
    r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana; Han
)
_LETTER = rf"[^\W\d_{_UNSPACED}]"
_SIGN = rf"[^\x00-\x7f\s\w\u2010-\u2bff{_UNSPACED}]"
"""Marks of letters, which are no letters to ``re``: vowels of Hindi and Tamil, points of Arabic and Hebrew."""
_PIECES = re.compile(
    rf"{_LETTER}(?:{_LETTER}|{_SIGN})*|[{_UNSPACED}]{{1,4}}|\d{{1,3}}|[!-/:-@\[-`{{-~]+(?![^\W\d_])"
)


def estimate(text: str) -> int:
    """A number of tokens that ``text`` has at least, whichever model reads it.

    Byte-pair tokenisers first cut the text into pieces that no token crosses. This counts the pieces that all
    common cutting rules share (GPT-2's regular expression, its Llama 3, Qwen 2 and GPT-4o variants, SentencePiece with
    its default script and number splits): runs of letters with their marks, up to three digits, and runs of ASCII
    punctuation that no letter follows. Each is one token or more; the chat template only adds to it. Scripts that
    write no spaces have no such pieces: four of their characters count one, where those named below need 1.7 or more.

    Measured against Qwen 2.5, SmolLM 2, GPT-2 (Whisper's), GPT-4 and GPT-4o: 0.88 to 0.98 of the true count on spoken
    English, 0.43 to 0.70 on notebooks. Elsewhere a bound that holds for GPT-4o is far below what others need: 0.71 and
    0.17 (Hindi), 0.70 and 0.19 (Urdu), 0.37 and 0.14 (Chinese). Whoever compares must not take it for the true count.
    """
    return sum(1 for _ in _PIECES.finditer(text))
