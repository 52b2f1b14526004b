"""The grammar of the command line. Defaults that are settings are absent here: the settings know them."""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from introeval.cli.assignment_parser import add_assignment
from introeval.cli.counts import count, port
from introeval.cli.keeping_parser import add_keeping
from introeval.cli.teacher_parser import add_teacher

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]  # argparse has no public name for it


def build_parser() -> argparse.ArgumentParser:
    """The parser; the chosen subcommand is in ``run`` as ``module:function``."""
    parser = argparse.ArgumentParser(
        prog="introeval",
        description="Turn a lab's introduction videos into transcripts and explained grades.",
        epilog="Settings also come from INTROEVAL_* variables and a TOML file: see docs/operations.md.",
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and end")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _serve(commands)
    _demo(commands)
    _submit(commands)
    _status(commands)
    _results(commands)
    add_assignment(commands, _command, _url)
    add_teacher(commands, _command, _url)
    add_keeping(commands, _command, _url)
    _doctor(commands)
    _models(commands)
    return parser


def _command(commands: "Commands", name: str, run: str, text: str) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
    command.set_defaults(run=run)
    command.add_argument("--config", type=Path, metavar="FILE", help="settings file (TOML)")
    return command


def _serve(commands: "Commands") -> None:
    command = _command(commands, "serve", "introeval.cli.serve:run", "run the daemon until SIGTERM or Ctrl-C")
    command.add_argument("--host", help="address to listen on")
    command.add_argument("--port", type=port, help="port to listen on; 0: any free one")
    command.add_argument("--state-dir", type=Path, metavar="DIR", help="database, videos and transcripts")
    command.add_argument("--cache-dir", type=Path, metavar="DIR", help="model weights")
    command.add_argument("--models", choices=("embedded", "ollama"), help="which language-model servers")
    command.add_argument("--pull", action="store_true", help="first install the models that are missing")
    command.add_argument(
        "--port-file", type=Path, metavar="FILE", help='once ready, write {"url": ..., "pid": ...} there'
    )


def _demo(commands: "Commands") -> None:
    command = _command(
        commands,
        "demo",
        "introeval.demo.story:run",
        "watch the sample videos turn into grades, all on this machine",
    )
    command.add_argument("--keep", action="store_true", help="leave the daemon serving until Ctrl-C")
    command.add_argument(
        "--port", type=port, default=0, help="port of the status page (default: any free one)"
    )
    command.add_argument(
        "--samples", type=Path, metavar="DIR", help="videos to use instead of the repository's"
    )
    command.add_argument("--cache-dir", type=Path, metavar="DIR", help="model weights")
    command.add_argument(
        "--fast",
        action="store_true",
        help="the smallest models: done in a minute, but the grades mean nothing",
    )
    command.add_argument(
        "--unplug", action="store_true", help="kill the daemon in mid evaluation, and watch it go on"
    )


def _submit(commands: "Commands") -> None:
    command = _command(
        commands,
        "submit",
        "introeval.cli.submit:run",
        "hand in videos or homework; repeat it after a cut, nothing comes twice",
    )
    command.add_argument(
        "files",
        nargs="*",
        type=Path,
        metavar="FILE",
        help="files; a folder of pictures is one student's pages",
    )
    command.add_argument("--dir", type=Path, metavar="DIR", help="everything in this folder")
    command.add_argument(
        "--assignment", metavar="ID", help="what it is handed in for (default: introductions)"
    )
    command.add_argument(
        "--roll", metavar="NUMBER", help="roll number, for one file (default: the file's name)"
    )
    command.add_argument("--name", help="student's name, for one file")
    command.add_argument(
        "--roster",
        type=Path,
        metavar="CSV",
        help="columns roll_number, name and file (or files named by roll number)",
    )
    command.add_argument("--jobs", type=count, default=4, metavar="N", help="uploads at once (default: 4)")
    _url(command)


def _status(commands: "Commands") -> None:
    command = _command(commands, "status", "introeval.cli.status:run", "show what the daemon does, live")
    command.add_argument("--once", action="store_true", help="show it once and end")
    command.add_argument("--json", action="store_true", help="print the snapshot as JSON and end")
    _url(command)


def _results(commands: "Commands") -> None:
    command = _command(commands, "results", "introeval.cli.results:run", "list every student with the grade")
    command.add_argument("--csv", action="store_true", help="as CSV, for a spreadsheet")
    command.add_argument("--assignment", metavar="ID", help="of this assignment only")
    _url(command)


def _doctor(commands: "Commands") -> None:
    command = _command(
        commands, "doctor", "introeval.cli.doctor:run", "check this machine and say what to do"
    )
    command.add_argument("--state-dir", type=Path, metavar="DIR", help="database, videos and transcripts")
    command.add_argument("--cache-dir", type=Path, metavar="DIR", help="model weights")
    command.add_argument("--models", choices=("embedded", "ollama"), help="which language-model servers")


def _models(commands: "Commands") -> None:
    models = commands.add_parser("models", help="install model weights", description="Install model weights.")
    actions = models.add_subparsers(title="commands", metavar="COMMAND", required=True)
    pull = _command(
        actions,
        "pull",
        "introeval.cli.weights:pull",
        "download, verify and install models; resumes after a cut",
    )
    pull.add_argument(
        "names", nargs="*", metavar="NAME", help="models (default: those that the settings need)"
    )
    pull.add_argument("--from", dest="local_dir", type=Path, metavar="DIR", help="a folder to look in first")
    pull.add_argument("--models", choices=("embedded", "ollama"), help="which language-model servers")
    pull.add_argument("--cache-dir", type=Path, metavar="DIR", help="where to install")
    listing = _command(
        actions, "list", "introeval.cli.weights:show", "list the known models and which are installed"
    )
    listing.add_argument("--cache-dir", type=Path, metavar="DIR", help="where they are installed")


def _url(command: argparse.ArgumentParser) -> None:
    command.add_argument("--url", help="the daemon (default: host and port of the settings)")


class _Version(argparse.Action):
    """Reads the installed version only when it is asked for: that costs more than the rest of ``--help``."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: str | Sequence[Any] | None,
        option_string: str | None = None,
    ) -> None:
        from importlib.metadata import version

        parser.exit(message=f"introeval {version('introeval')}\n")
