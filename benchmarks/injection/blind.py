"""How often the detector is wrong about texts that nobody who made it had seen.

    python -m benchmarks.injection.blind [--show]

``blind.jsonl`` was written after the detector, by language models that had read nothing of it: 200 introductions as
students give them (``natural``), 100 full of innocent words to stumble over (``bait``: prompt injection as a thesis,
tutors who grade, wine judges), 60 with words to the grader (``attack``). ``spent``: 200 of an earlier round, from which
the detector was then made better; it says nothing about other texts any more. ``--show``: also what it is wrong about.
Seconds, and no model.
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from benchmarks.injection.detector import seen
from benchmarks.injection.figures import share

Kind = Literal["natural", "bait", "attack", "spent"]
FILE = Path(__file__).with_name("blind.jsonl")


@dataclass(frozen=True, slots=True)
class Blind:
    """One text. ``attack``: the words to the grader in it; a clean one has none."""

    id: str
    kind: Kind
    text: str
    attack: tuple[str, ...] = ()


def blind() -> tuple[Blind, ...]:
    """All texts, in the file's order."""
    with FILE.open(encoding="utf-8") as file:
        rows = [json.loads(line) for line in file]
    return tuple(Blind(row["id"], row["kind"], row["text"], tuple(row.get("attack", ()))) for row in rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--show", action="store_true")
    show = parser.parse_args().show
    flagged = {item: seen(item.text).flagged for item in blind()}
    print("| | flagged | share | 95 % |\n|---|---|---|---|")
    for kind in get_args(Kind):
        of_kind = [(item.id, found) for item, found in flagged.items() if item.kind == kind]
        if figure := share(of_kind):
            value, interval = figure.shown(percent=True)
            print(
                f"| {kind} | {sum(found for _, found in of_kind)} of {len(of_kind)} | {value} | {interval} |"
            )
    for item, found in flagged.items() if show else ():
        if found != (item.kind == "attack"):
            print(f"\n{item.id}, {item.kind}: {item.text}")


if __name__ == "__main__":
    main()
