"""`python -m aeslib WORD OPTIONS`: the same words as `./run_all.sh`."""

import signal
import sys

from aeslib.cli import main

for request in (signal.SIGTERM, signal.SIGHUP):  # `kill`, a scheduler's limit, a closed terminal: as Ctrl-C
    if signal.getsignal(request) is signal.SIG_DFL:
        signal.signal(request, signal.default_int_handler)
sys.exit(main())
