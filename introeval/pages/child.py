"""``python -m introeval.pages.child JOB < FILE``: looks at pages, or makes page images of them. One JSON object out.

Confines itself (``stt.confine``) before it imports a decoder. The file is its standard input: there is no name to
believe. A hostile file can at most end this process, within its seconds, its memory and the bytes that it may write.
"""

import json
import sys
from pathlib import Path
from typing import Any

from introeval.pages.errors import PagesRejectedError, PagesTooLargeError
from introeval.pages.job import Job, decode_job
from stt.confine import Confinement, confine

OUT_OF_MEMORY = "This file needs more memory than is allowed. Make its pictures smaller and send it again."


def work(job: Job) -> dict[str, Any]:
    """The answer to ``job`` about the file on standard input."""
    try:
        return _image(job) if job.what == "image" else _document(job)
    except PagesRejectedError as refused:
        return {"refused": refused.code, "message": str(refused)}
    except MemoryError:
        return {"refused": PagesTooLargeError.code, "message": OUT_OF_MEMORY}


def _image(job: Job) -> dict[str, Any]:
    from introeval.pages.decoding import look, save

    picture, facts = look(sys.stdin.buffer, job.limits)
    if job.target is None:
        return facts
    width, height = save(picture, Path(job.target), job.limits)
    return facts | {"media_type": "image/jpeg", "width": width, "height": height}


def _document(job: Job) -> dict[str, Any]:
    from introeval.pages.rendering import document

    return document(sys.stdin.buffer, job)


def main(argument: str) -> None:
    """Confine this process, then answer."""
    job = decode_job(argument)
    limits = job.limits
    confine(
        Confinement(
            job.parent,
            memory=limits.memory,
            cpu_seconds=limits.cpu_seconds * (1 if job.what == "image" else limits.max_pages),
            file_bytes=0 if job.target is None else limits.image_bytes,
            nice=5,
        )
    )
    print(json.dumps(work(job)))


if __name__ == "__main__":
    main(sys.argv[1])
