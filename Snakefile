"""The run as a graph: notebooks, then the report over them. `./run_all.sh` is the door to it.

A job is done when the file `.done/NAME.KEY` is there. The key covers the contents of all that the job is made from
(see aeslib/cli/keys.py), so Snakemake only has to look for missing files. By hand: `snakemake --cores 2 -C profile=smoke`.
"""

import os
import sys

from aeslib.cli import keys
from aeslib.paths import results_dir

NEEDS = {
    "smoke": {"cpus_per_task": 1, "mem_mb": 4000, "runtime": 60},
    "default": {"cpus_per_task": 1, "mem_mb": 8000, "runtime": 24 * 60},
    "paper": {"cpus_per_task": 8, "mem_mb": 64000, "runtime": 3 * 24 * 60, "gpu": 1},
}
"""Profile → what a notebook gets on a cluster: cores, memory in MB, minutes, GPUs."""
REPORT_NEEDS = {"cpus_per_task": 1, "mem_mb": 4000, "runtime": 60}

PROFILE = config.get("profile", "default")
WHERE = {f"slurm_{name}": config[name] for name in ("partition", "account") if name in config}
PLAN = keys.plan(PROFILE, config.get("only", "*"))


workdir: results_dir(PROFILE)


def marker(name):
    """Return the mark of a job relative to the results folder, whose name may hold braces."""
    return os.path.relpath(PLAN.marker(name), results_dir(PROFILE))


rule report:
    input:
        [marker(name) for name in PLAN.notebooks],
    output:
        touch(marker(keys.REPORT)),
    resources:
        **REPORT_NEEDS,
        **WHERE,
    shell:
        "mkdir -p logs; exec {sys.executable:q} -m aeslib book --profile {PROFILE} --key {PLAN.report}"
        " > logs/report.log 2>&1"


rule notebook:
    input:
        lambda wanted: [marker(name) for name in PLAN.after[wanted.name]],
    output:
        touch(".done/{name}.{key}"),
    priority:
        lambda wanted: round(PLAN.urgency(wanted.name))
    wildcard_constraints:
        name="[^./]+",
        key="[0-9a-f]+",
    resources:
        **NEEDS[PROFILE],
        **WHERE,
    shell:
        "mkdir -p logs; exec {sys.executable:q} -m aeslib notebook {wildcards.name:q} --profile {PROFILE}"
        " --key {wildcards.key}"
        " > logs/{wildcards.name}.log 2>&1"
