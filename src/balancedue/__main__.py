"""`python -m balancedue` is the `balancedue` command."""

import sys

from balancedue.cli import main

sys.exit(main())
