"""``python -m tests.hostile.judge FOLDER``: has the product judge the files of a folder, as the daemon would.

``FOLDER/<label>/in/`` holds one file, under the name that the student gave it, and what may lie beside it. What the
product makes of it goes to ``FOLDER/<label>/out/``. A process of its own, so that its memory can be told. One JSON
object on standard output: ``{"verdicts": {label: {...}}, "grown": bytes}``.
"""

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from introeval.notebook_reader import open_notebook
from introeval.pages.documents import inspect_document, render_pages
from introeval.pages.limits import PageLimits
from scheduler.errors import IntroevalError
from stt.audio import extract_audio
from stt.limits import MediaLimits
from stt.probe import probe_file
from tests.hostile.craft import OK, wav

AT_ONCE = 2
WARM_UP = "warm-up"
LIMITS = MediaLimits()
PAGES = PageLimits(cpu_seconds=2, document_cpu_seconds=4)
"""As the product's, but for the seconds of CPU that a bomb may use up before it is ended: a test has fewer to spare."""


@dataclass(frozen=True)
class Verdict:
    """``code``: ``ok`` or the refusal's. ``message``: what the student reads. ``wall``: seconds."""

    code: str
    message: str = ""
    wall: float = 0.0


async def judge(file: Path, out: Path) -> Verdict:
    """One file through the production path of its kind: looked into, then used. Never raises one of our errors."""
    began = time.monotonic()
    try:
        await _use(file, out)
    except IntroevalError as error:
        return Verdict(error.code, str(error), time.monotonic() - began)
    return Verdict(OK, "", time.monotonic() - began)


async def _use(file: Path, out: Path) -> None:
    kind = file.parents[1].name.partition(" ")[0]
    if kind == "notebook":
        await open_notebook(file)
    elif kind == "pages":
        await inspect_document(file, limits=PAGES)
        await render_pages(file, out, limits=PAGES)
    else:
        await probe_file(file, LIMITS)
        await extract_audio(file, out / "a.wav", LIMITS)


def resident(field: str) -> int:
    """This process's memory in bytes: ``VmRSS`` now, ``VmHWM`` at its height."""
    status = Path("/proc/self/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith(field))) * 1024


async def judge_all(folder: Path) -> tuple[dict[str, Verdict], int]:
    """Every file's verdict, and how much this process grew meanwhile."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(label: Path) -> tuple[str, Verdict]:
        async with gate:
            return label.name, await judge(_file_in(label), label / "out")

    labels, warm = _lay_out(folder)
    await one(warm)
    before = resident("VmRSS")
    verdicts = dict(await asyncio.gather(*(one(label) for label in labels)))
    return verdicts, resident("VmHWM") - before


def _file_in(label: Path) -> Path:
    """The one file that is not hidden."""
    (file,) = (path for path in (label / "in").iterdir() if not path.name.startswith("."))
    return file


def _lay_out(folder: Path) -> tuple[list[Path], Path]:
    """The folders of the files, and one more with an honest file, to be judged before memory is measured."""
    labels, warm = sorted(folder.iterdir()), folder / WARM_UP
    (warm / "in").mkdir(parents=True)
    (warm / "out").mkdir()
    (warm / "in" / "a").write_bytes(wav())
    return labels, warm


def main(folder: str) -> None:
    """Print what ``judge_all`` found."""
    verdicts, grown = asyncio.run(judge_all(Path(folder)))
    print(
        json.dumps(
            {"verdicts": {label: asdict(verdict) for label, verdict in verdicts.items()}, "grown": grown}
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
