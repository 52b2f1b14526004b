"""Running Debian's ``spin`` on a model: generate the verifier, compile it, run it, and read what it says.

``SAFETY``: assertions, and no state in which all are blocked before the end. ``LIVENESS``: the formula of the model,
under weak fairness. Both are exhaustive unless the verdict says that it ran out of memory or depth.
"""

import re
import resource
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

MODELS = Path(__file__).parents[2] / "docs" / "models"
MISSING = [program for program in ("spin", "gcc") if shutil.which(program) is None]
"""What must be installed first (``apt-get install spin gcc libc6-dev``)."""
if not Path("/usr/include/stdio.h").exists():
    MISSING.append("libc6-dev")


@dataclass(frozen=True, slots=True)
class Mode:
    """How a model is checked: ``flags`` for the compiler, ``arguments`` for the verifier."""

    flags: tuple[str, ...]
    arguments: tuple[str, ...]


SAFETY = Mode(("-DSAFETY", "-DNOCLAIM"), ("-m1000000",))
ASSERTIONS = Mode(("-DSAFETY", "-DNOCLAIM"), ("-m1000000", "-E"))
LIVENESS = Mode(("-DNFAIR=4",), ("-m5000000", "-a", "-f"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What spin said. ``problem``: its words for the first error, or ``None``. ``complete``: it searched everything.

    ``states``: stored. ``seconds``: CPU, of the search alone. ``text``: all that it printed.
    """

    problem: str | None
    complete: bool
    states: int
    depth: int
    seconds: float
    text: str


def check(
    model: str,
    sizes: Mapping[str, int | None],
    mode: Mode,
    *,
    optimise: str = "-O1",
    extra_flags: tuple[str, ...] = (),
    seconds: float = 100,
) -> Verdict:
    """Check a model of ``docs/models``. ``sizes``: its ``-D`` names; ``None``: defined without a value.

    Raises ``subprocess.CalledProcessError`` when the model is not accepted, ``TimeoutExpired`` after ``seconds``.
    """
    defines = [f"-D{name}" if value is None else f"-D{name}={value}" for name, value in sizes.items()]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in MODELS.glob("*.pml"):
            shutil.copy(part, folder)
        _run(["spin", "-a", *defines, model], folder, seconds)
        _run(["gcc", "-w", optimise, *mode.flags, *extra_flags, "-o", "pan", "pan.c"], folder, seconds)
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        said = _run(["./pan", *mode.arguments], folder, seconds)
        return _read(said, resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)


def _run(command: list[str], folder: Path, seconds: float) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode != 0 and command[0] != "./pan":
        raise AssertionError(f"{' '.join(command)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def _read(text: str, seconds: float) -> Verdict:
    problem = re.search(r"^pan:\d+: (.*?)(?: \(at depth \d+\))?$", text, re.MULTILINE)
    states = re.search(r"^ *([0-9.e+]+) states, stored", text, re.MULTILINE)
    depth = re.search(r"depth reached (\d+)", text)
    assert states is not None, text
    assert depth is not None, text
    cut = ("out of memory", "max search depth too small", "Search not completed", "too many processes")
    return Verdict(
        problem=None if problem is None else problem[1],
        complete=not any(words in text for words in cut),
        states=int(float(states[1])),
        depth=int(depth[1]),
        seconds=seconds,
        text=text,
    )
