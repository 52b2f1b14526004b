"""A disk that fails is never called a broken file: that would be the student's, and for good."""

import errno
import io
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from introeval.pages import rendering
from introeval.pages.errors import PageReaderError
from introeval.pages.job import Job, encode_job, page_name, understand
from introeval.pages.limits import PageLimits
from tests.keeping.shelves import small_disk
from tests.pages.pictures import encoded, noise
from tests.pages.test_documents import archive


@pytest.mark.parametrize("what", ["image", "document"])
def test_what_cannot_be_read_is_tried_again(what: Literal["image", "document"]) -> None:
    """The kernel answers a read of a process's first page of memory with EIO, as a dying disk does."""
    command = [sys.executable, "-m", "introeval.pages.child", encode_job(Job(what, None, PageLimits()))]
    with Path("/proc/self/mem").open("rb") as file:
        done = subprocess.run(command, stdin=file, capture_output=True, text=True, check=False)
    with pytest.raises(PageReaderError, match="Input/output error"):
        understand(done.stdout.encode(), done.stderr, done.returncode)


def test_no_room_for_the_pages(tmp_path: Path) -> None:
    """The second photo of a bundle finds no room."""
    photos = archive([(f"{page:04}", encoded(noise(page), "JPEG")) for page in (1, 2)])
    whole = tmp_path / "whole"
    whole.mkdir()
    rendering.document(io.BytesIO(photos), Job("document", str(whole), PageLimits()))
    kib = (whole / page_name(1)).stat().st_size // 1024 + 8
    with small_disk(tmp_path / "small", kib) as disk, pytest.raises(OSError, match="No space") as caught:
        rendering.document(io.BytesIO(photos), Job("document", str(disk), PageLimits()))
    assert caught.value.errno == errno.ENOSPC
