"""The ``introeval`` command: find the subcommand, run it, turn what it raises into one line and an exit code.

Exit codes: 0 done; 1 something failed or was refused; 2 wrong usage or configuration; 130 interrupted (Ctrl-C).
A subcommand's module is imported when it is run, so that ``--help`` costs no more than argparse.
"""

import importlib
import os
import sys
from collections.abc import Sequence

from introeval.cli.parser import build_parser
from scheduler.errors import ConfigurationError, IntroevalError

FAILED, WRONG_USE, INTERRUPTED = 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code. ``argv``: without the program's name."""
    options = build_parser().parse_args(argv)
    module, _, function = options.run.partition(":")
    try:
        return int(getattr(importlib.import_module(module), function)(options))
    except ConfigurationError as error:
        return _complain(error, WRONG_USE)
    except IntroevalError as error:
        return _complain(error, FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader of our output left (`introeval results | head`); say nothing while the interpreter ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except OSError as error:
        return _complain(error, FAILED)


def _complain(error: Exception, code: int) -> int:
    sys.stderr.write(f"introeval: {error}\n")
    return code
