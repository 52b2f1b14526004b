"""A daemon and its children leave no core file, whoever started it."""

import resource
import subprocess
import sys
from pathlib import Path

import pytest

SERVE = """
import resource, subprocess, sys
from introeval.service import serve
from introeval.settings import load
from scheduler.errors import ConfigurationError
hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
try:
    serve(load({"state_dir": sys.argv[1], "port": 0}))
except ConfigurationError as error:
    assert "was interrupted" in str(error), error
    child = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"
    print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True, check=True).stdout)
"""


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_CORE)[1] == 0, reason="core files are forbidden here")
def test_the_daemon_forbids_core_files_to_its_children(tmp_path: Path) -> None:
    """Before it looks at the state: a daemon that is refused by it has forbidden them already."""
    (tmp_path / "restore.unfinished").write_text("somewhere\n")
    command = [sys.executable, "-c", SERVE, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "(0, 0)"
