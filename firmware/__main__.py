"""`python -m firmware` is the `continuo` command."""

import sys

from firmware.cli import main

if __name__ == "__main__":
    sys.exit(main())
