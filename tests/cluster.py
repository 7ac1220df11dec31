"""A real SLURM of one node in a folder, for tests: munge, controller and node as plain processes, without cgroups."""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

PATH = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"])
NEEDED = ("munged", "slurmctld", "slurmd", "sbatch", "squeue")
GPU = "/dev/zero"
"""Stands in for the node's GPU: SLURM counts device files, it does not look into them."""
CONF = """\
ClusterName=aeslib
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthInfo=socket={folder}/munge.socket
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=1,bf_interval=1
SlurmdTimeout=20
ReturnToService=2
KillWait=2
MailProg=/bin/true
GresTypes=gpu
NodeName={host} NodeAddr=127.0.0.1 CPUs=8 RealMemory=200000 Gres=gpu:1
PartitionName=main Nodes=ALL Default=YES State=UP MaxCPUsPerNode=3
PartitionName=other Nodes=ALL State=UP
"""


def missing() -> str:
    """Why SLURM cannot be started here; empty when it can."""
    absent = [name for name in NEEDED if shutil.which(name, path=PATH) is None]
    return f"needs {', '.join(absent)}" if absent else "" if os.geteuid() == 0 else "needs root to start SLURM"


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on."""
    with_ports = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in with_ports]
    for each in with_ports:
        each.close()
    return ports


def until(condition: Callable[[], object], seconds: float = 60) -> None:
    """Wait for something to become true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.1)


class Slurm:
    """The running daemons; `env` is what a client needs."""

    def __init__(self, folder: Path) -> None:
        conf, path = folder / "slurm.conf", f"{folder}/bin{os.pathsep}{PATH}"
        self.folder, self.env = folder, {"SLURM_CONF": str(conf), "PATH": path}
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        for name in ("bin", "state", "spool"):
            (folder / name).mkdir()
        key = folder / "munge.key"
        key.write_bytes(secrets.token_bytes(256))
        key.chmod(0o400)
        host = socket.gethostname().partition(".")[0]
        conf.write_text(CONF.format(folder=folder, host=host, ports=free_ports(2)))
        srun = folder / "bin" / "srun"  # Snakemake's job step drops SLURM_CONF: it counts on a file in /etc
        srun.write_text(f'#!/bin/sh\nSLURM_CONF={conf} exec {shutil.which("srun", path=PATH)} "$@"\n')
        srun.chmod(0o755)
        (folder / "gres.conf").write_text(f"Name=gpu File={GPU}\n")

    def up(self) -> None:
        """Start the daemons."""
        folder, kinds = self.folder, ("socket", "key-file", "log-file", "pid-file", "seed-file")
        files = [f"--{kind}={folder}/munge.{kind.partition('-')[0]}" for kind in kinds]
        self.start("munged", "--foreground", "--force", *files)
        until((folder / "munge.socket").exists)
        self.start("slurmctld", "-D")
        self.start("slurmd", "-D")
        self.until_idle()

    def start(self, name: str, *options: str) -> None:
        """Start a daemon; what it says goes to NAME.out."""
        with (self.folder / f"{name}.out").open("ab") as out:
            words = [shutil.which(name, path=PATH) or name, *options]
            self.daemons[name] = subprocess.Popen(words, env=os.environ | self.env, stdout=out, stderr=out)

    def ask(self, *command: str) -> str:
        """What a client command prints."""
        return subprocess.run(command, env=os.environ | self.env, capture_output=True, text=True, check=False).stdout

    def jobs(self) -> list[list[str]]:
        """Name, state, cores, memory, GPUs, time limit and partition of the jobs in the queue."""
        asked = "Name:99,State:19,NumCPUs:9,MinMemory:19,tres-per-job:19,TimeLimit:19,Partition:19"
        return [line.split() for line in self.ask("squeue", "--noheader", "--Format", asked).splitlines()]

    def until_idle(self) -> None:
        """Wait until the node takes jobs."""
        until(lambda: self.ask("sinfo", "-h", "-p", "main", "-o", "%T").strip() in {"idle", "mixed"})

    def processes(self) -> list[psutil.Process]:
        """All that the node runs: its daemon, the steps, the jobs."""
        found = {psutil.Process(self.daemons["slurmd"].pid)}
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                words = process.environ()
                if "SLURM_JOB_ID" in words and words.get("SLURM_CONF") == self.env["SLURM_CONF"]:
                    found |= {process, *(step for step in process.parents() if step.name() == "slurmstepd")}
        return list(found)

    def kill_node(self) -> None:
        """What a power cut does: every process on the node is gone at once."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        self.daemons["slurmd"].wait()

    def stop(self) -> None:
        """End everything that was started."""
        if "slurmd" in self.daemons:
            self.kill_node()
        for daemon in self.daemons.values():
            daemon.kill()
            daemon.wait()


@contextmanager
def single_node(folder: Path) -> Iterator[Slurm]:
    """SLURM while the block runs."""
    slurm = Slurm(folder)
    try:
        slurm.up()
        yield slurm
    finally:
        slurm.stop()
