"""Snakemake, as a child that does not outlive the run that started it: `python -m aeslib.cli.dag ARGUMENTS`."""

import os
import sys

from aeslib.cli.process import STARTER, die_with_starter

if __name__ == "__main__":
    die_with_starter()
    if "--executor" not in sys.argv:  # a cluster's own processes start the jobs
        os.environ[STARTER] = str(os.getpid())
    from snakemake.cli import main

    main(sys.argv[1:])
