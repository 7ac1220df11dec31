"""Papermill's engine, but it tells which cell it is at, and neither loses a reply nor shares its kernel's doors."""

from functools import partial
from pathlib import Path
from typing import Any

import zmq
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import Engine, papermill_engines
from papermill.execute import execute_notebook
from traitlets.config import Config

from aeslib.cli.scratch import scratch_folder

KERNEL = "python3"
PATIENCE = 300
"""Seconds that a kernel may take to start: a busy machine is slow."""


class Client(PapermillNotebookClient):
    """Runs the cells of one notebook."""

    def start_new_kernel_client(self, **options: Any) -> Any:
        """A client that looks for messages whenever it has sent one.

        Widgets make the client send while a cell runs. Sending passes by asyncio and can swallow its only sign that
        the cell's reply is there; then the client would wait for ever.
        """
        client = super().start_new_kernel_client(**options)
        shell = client.shell_channel
        send = shell.send

        def send_and_look(message: Any) -> None:
            send(message)
            shell.socket.get(zmq.EVENTS)  # makes asyncio handle what is waiting

        shell.send = send_and_look
        return client


class Counting(Engine):
    """Writes "cell/cells" to the file `count` as it goes."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, count: Path, **_: Any) -> Any:
        """Called by papermill.

        The kernel listens on sockets in a folder of its own. Ports are only looked up, then taken when the kernel
        is there; of two kernels that start at once, one may find its port gone and die.
        """

        def note(cell_index: int, **_: Any) -> None:
            count.write_text(f"{cell_index + 1}/{len(nb_man.nb.cells)}", encoding="utf-8")

        options = {"kernel_name": kernel_name, "startup_timeout": PATIENCE, "on_cell_start": note}
        with scratch_folder(room=len("/kernel-5")) as folder:
            sockets = Config(KernelManager={"transport": "ipc", "ip": f"{folder}/kernel"})
            return Client(nb_man, config=sockets, **options).execute()


papermill_engines.register("counting", Counting)
run = partial(execute_notebook, engine_name="counting", kernel_name=KERNEL, language="python", progress_bar=False)
"""`run(path, copy, parameters, cwd=..., count=...)`: papermill's `execute_notebook` with this engine."""


def literal(path: Path) -> str:
    """Return a path for papermill, which fills parameters into braces: those of the path stay as they are."""
    return str(path).replace("{", "{{").replace("}", "}}")
