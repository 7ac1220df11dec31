"""A kernel that is forked, not started: what is imported already need not be imported again."""

import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint
from subprocess import Popen
from typing import Any, cast

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner


class Waiting:
    """A child that waits to become an IPython kernel; to Jupyter's client it is like a `subprocess.Popen`.

    It is forked while there is neither another thread nor an event loop, and ends when its parent does.

    Args:
        closed: file descriptors that the child must not hold.
    """

    stdin = stdout = stderr = None

    def __init__(self, *closed: int) -> None:
        self.returncode: int | None = None
        reading, self._order = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            for number in (*closed, self._order):
                os.close(number)
            _wait(reading)
        os.close(reading)

    def begin(self, arguments: Sequence[str], environment: Mapping[str, str], folder: str) -> None:
        """Become the kernel that these arguments of ipykernel describe."""
        with os.fdopen(self._order, "w", encoding="utf-8") as order:
            json.dump([[*arguments, f"--IPKernelApp.parent_handle={os.getpid()}"], dict(environment), folder], order)

    def poll(self) -> int | None:
        """Its exit code; None while it lives."""
        return self._look(os.WNOHANG)

    def wait(self) -> int | None:
        """Its exit code, once it has ended."""
        return self._look(0)

    def _look(self, how: int) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, how)
            self.returncode = os.waitstatus_to_exitcode(status) if pid else None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)


def _wait(reading: int) -> None:
    """In the child: wait for the order, then be a kernel until told to end."""
    try:
        os.setsid()  # as Jupyter starts its kernels
        with os.fdopen(reading, encoding="utf-8") as pipe:
            order = pipe.read()
        if order:
            from ipykernel.kernelapp import launch_new_instance

            arguments, environment, folder = json.loads(order)
            os.environ.clear()
            os.environ.update(environment)
            os.chdir(folder)
            del sys.path[0]  # the folder that `python -m` began in; a kernel adds its own
            launch_new_instance(argv=arguments)
    finally:
        os._exit(0)


class Forked(LocalProvisioner):
    """What Jupyter's client asks for a kernel: it gets the one that waits."""

    waiting: Waiting

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """`cmd` is `python -m ipykernel_launcher ARGUMENTS`."""
        self.cwd = options.get("cwd", os.getcwd())
        self.waiting.begin(cmd[3:], options["env"], str(self.cwd))
        self.process = cast(Popen[Any], self.waiting)
        self.pid = self.pgid = self.waiting.pid
        return self.connection_info


def offer(waiting: Waiting) -> None:
    """The next kernel that is started in this process is this one."""
    factory = KernelProvisionerFactory.instance()
    factory.provisioners["forked"] = EntryPoint("forked", f"{__name__}:{Forked.__name__}", factory.GROUP_NAME)
    factory.default_provisioner_name = "forked"
    Forked.waiting = waiting
