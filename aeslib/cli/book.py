"""The report as a job of the run."""

import argparse
from functools import partial

from aeslib.cli.keys import REPORT, unchanged_job
from aeslib.cli.process import die_with_starter, own_environment
from aeslib.cli.records import run_job
from aeslib.paths import results_dir


def main(options: argparse.Namespace) -> int:
    """`python -m aeslib book`: the report over all executed notebooks of a profile; 1 when it fails."""
    die_with_starter()
    own_environment()
    for marker in (results_dir(options.profile) / ".done").glob(f"{REPORT}.*"):
        marker.unlink()
    index = results_dir(options.profile) / "report" / "index.html"
    return run_job(
        options.profile,
        REPORT,
        partial(build, options.profile, options.key),
        lambda: [index] if index.is_file() else [],
        {},
    )


def build(profile: str, key: str | None = None) -> None:
    """Import late: Sphinx is heavy, and its absence must be told in the record like any other failure."""
    from aeslib.report import build as build_report

    with unchanged_job(REPORT, profile, key):
        build_report(profile)
