"""How long a failed attempt waits before it is made again. Pure: the jitter comes from the task, not from chance.

The rules:

1. What the model wrote badly may be asked again at once: nothing is overloaded, another seed or server may do.
2. What failed for load, or for reasons unknown, waits ``base`` seconds, twice as long each further time.
3. A server that asked for patience gets four times as much.
4. What found no server (the one model that it names is away) is not handed out again at once, and ever more slowly,
   up to ``LONGEST`` times ``base``. It is no retry.
5. Each pause is spread by a quarter up or down, so that tasks that failed together do not come back together.
"""

from zlib import crc32

from scheduler.task import Status, Task

PROMPT = 0.2
PATIENT = 4.0
SPREAD = 0.25
LONGEST = 24.0

_BAD_REPLIES = ("reply", "response_shape")
_OVERLOADED = ("rate_limited", "server_busy")


def is_away(task: Task) -> bool:
    """Whether the task waits because no server could take it (rule 4)."""
    return task.state.status is Status.PENDING and task.error_code == "no_server"


def pause_seconds(task: Task, base: float) -> float:
    """Seconds from its last failure; 0 for a task that neither waits for a retry nor found no server."""
    if is_away(task):
        return base * min(LONGEST, PROMPT * 2.0 ** min(task.hand_outs, 10))
    if task.state.status is not Status.RETRY:
        return 0.0
    code = task.error_code or ""
    if code.startswith(_BAD_REPLIES):
        factor = PROMPT
    else:
        factor = 2.0 ** max(0, task.retry_count - 1) * (PATIENT if code in _OVERLOADED else 1.0)
    share = crc32(f"{task.id}/{task.retry_count}".encode()) / 2**32
    return base * factor * (1 - SPREAD + 2 * SPREAD * share)
