"""``introeval.pages.child JOB < FILE``: looks at pages, or makes page images of them. One JSON object out.

Started by ``stt.sandbox``, so it is confined before it imports a decoder. The file is its standard input: there is no
name to believe. A hostile file can at most end this process, within its seconds, its memory and the bytes that it may
write; and each page has CPU seconds of its own (``next_page``), so that one page cannot use up those of all.

An error of the disk ends it without an answer, so that the work is tried again: it says nothing about the file.
"""

import json
import sys
from pathlib import Path
from typing import Any

from introeval.pages.errors import PagesRejectedError, PagesTooLargeError
from introeval.pages.job import Job, decode_job

BLOCK = 1024 * 1024

OUT_OF_MEMORY = "This file needs more memory than is allowed. Make its pictures smaller and send it again."


def work(job: Job) -> dict[str, Any]:
    """The answer to ``job`` about the file on standard input. Raises ``OSError`` when the disk fails."""
    # Decoders call a disk that cannot be read a broken file, so it is read once before they are asked.
    while sys.stdin.buffer.read(BLOCK):
        pass
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
    width, height = save(picture, Path(job.target), job.limits).size
    return facts | {"media_type": "image/jpeg", "width": width, "height": height}


def _document(job: Job) -> dict[str, Any]:
    from introeval.pages.rendering import document

    return document(sys.stdin.buffer, job)


if __name__ == "__main__":
    print(json.dumps(work(decode_job(sys.argv[1]))))
