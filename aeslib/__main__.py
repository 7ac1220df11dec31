"""`python -m aeslib WORD OPTIONS`: the same words as `./run_all.sh`."""

import sys

from aeslib.cli import main

sys.exit(main())
