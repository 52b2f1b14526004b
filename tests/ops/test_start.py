"""What a start costs: the daemon's process loads nothing that only other commands, pages or children need."""

import subprocess
import sys

HEAVY = (
    "rich",
    "jinja2",
    "numpy",
    "av",
    "faster_whisper",
    "ctranslate2",
    "onnxruntime",
    "xllamacpp",
    "huggingface_hub",
)


def test_a_start_imports_nothing_heavy() -> None:
    """The modules of the daemon, imported in a fresh process, bring none of these along."""
    code = "import sys, introeval.service; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stdout.split()
    assert [name for name in HEAVY if name in loaded] == []


def test_what_was_absent_can_be_imported_later() -> None:
    """Only the import of structlog goes without rich; the terminal's commands have it."""
    code = "import introeval.logs, rich.table, structlog; print(rich.table.__name__)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "rich.table"
