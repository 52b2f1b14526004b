"""The grammar of a teacher's measuring and proposing: agreement, and the commands for exams on paper."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    Commands = argparse._SubParsersAction[argparse.ArgumentParser]

Command = Callable[["Commands", str, str, str], argparse.ArgumentParser]

_EXAMS = "introeval.cli.exams"


def add_teacher(
    commands: "Commands", command: Command, url: Callable[[argparse.ArgumentParser], None]
) -> None:
    """Add the commands. ``command`` makes one; ``url`` adds the option that says where the daemon is."""

    def add(name: str, run: str, text: str) -> argparse.ArgumentParser:
        made = command(commands, name, run, text)
        made.add_argument("--assignment", metavar="ID", required=True, help="the assignment's id")
        url(made)
        return made

    agreement = add(
        "agreement",
        "introeval.cli.agreement:run",
        "how far grades agree, with a teacher's and between models and tries",
    )
    agreement.add_argument("--human", type=Path, metavar="FILE", help="a teacher's grades as CSV")
    agreement.add_argument("--json", action="store_true", help="the whole report as JSON")
    agreement.add_argument(
        "--question-intervals",
        action="store_true",
        help="in the JSON, intervals by question too: much slower",
    )
    add("transcribe", f"{_EXAMS}:transcribe", "read the pages of all submissions that were not read yet")
    for name, run, what in (
        ("generate-answer-key", "generate_answer_key", "an answer for each question"),
        ("generate-rubric", "generate_rubric", "marking points for each question, which add up to its worth"),
    ):
        made = add(name, f"{_EXAMS}:{run}", f"have the models propose {what}")
        made.add_argument("--question", action="append", metavar="N", help="only this one (may be repeated)")
        made.add_argument("--apply", action="store_true", help="make the next version of it at once")
