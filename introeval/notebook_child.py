"""``introeval.notebook_child < FILE``: reads a notebook; one JSON object out: the notebook, or why it is none.

Started by ``stt.sandbox``. Reading is Python and C of others (json, nbformat, fastjsonschema): nothing of it runs what
a notebook holds, but 15 MB of ``{}`` become 400 MB of objects, which are this process's and not the daemon's.
"""

import json
import sys
from dataclasses import asdict
from typing import Any

from introeval.notebooks.errors import NotebookRejectedError, NotebookTooLargeError
from introeval.notebooks.reading import read_notebook

OUT_OF_MEMORY = (
    "This notebook needs more memory than is allowed. Clear its outputs, save it, and hand it in again."
)


def answer(data: bytes) -> dict[str, Any]:
    """``{"notebook": ...}``, or ``{"refused": CODE, "message": TEXT}``."""
    try:
        return {"notebook": asdict(read_notebook(data))}
    except NotebookRejectedError as refused:
        return {"refused": refused.code, "message": str(refused)}
    except MemoryError:
        return {"refused": NotebookTooLargeError.code, "message": OUT_OF_MEMORY}


if __name__ == "__main__":
    print(json.dumps(answer(sys.stdin.buffer.read())))
