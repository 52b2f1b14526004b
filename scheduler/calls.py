"""What one request to a language model came to, and where it is kept. Pure values and a port.

A call is named by its *key*: a hash of all that decides the reply (assignment version, inputs, prompt, schema, model,
options, try). So a finished call is a checkpoint: whoever asks the same again, after a crash or in another run, gets
the kept reply, and nothing is asked twice.
"""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """One accepted reply. ``stage``: what it was asked for (``grade``, ``rubric``, ``assessment``, ``technical``,
    ``feedback``, ``transcription``, ...). ``raw_reply``: its text, whole. Tokens and times are sums over all attempts.
    """

    key: str
    task_id: str
    stage: str
    model: str
    server: str
    prompt_hash: str
    tokens_in: int
    tokens_out: int
    latency_ms: int
    load_ms: int
    attempts: int
    raw_reply: str


class CallStore(Protocol):
    """The kept calls. Each method is one transaction, committed and synced when it returns."""

    async def find(self, key: str) -> ModelCall | None:
        """The kept call of this key, or ``None``. Raises ``StateError``."""
        ...

    async def keep(self, call: ModelCall, now: float, *, instead_of: ModelCall | None = None) -> ModelCall:
        """Keep a call. Returns what is kept under its key: this one, or the one that came first and stays.

        ``instead_of``: what was found under the key and is of no use any more; while its text is still what is kept,
        it is replaced. Raises ``StateError``.
        """
        ...
