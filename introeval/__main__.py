"""``python -m introeval``: the same as the ``introeval`` command."""

import sys

from introeval.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
