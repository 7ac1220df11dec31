"""Snakemake, as a child that does not outlive the run that started it: `python -m aeslib.cli.dag ARGUMENTS`."""

import sys

from aeslib.cli.process import die_with_parent

if __name__ == "__main__":
    die_with_parent()
    from snakemake.cli import main

    main(sys.argv[1:])
