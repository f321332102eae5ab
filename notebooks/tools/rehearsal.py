"""Lessons that have run before their pages are opened, for `make demo`.

Voilà can do this by itself, but then it neither lets us change a lesson nor shows the page of any
other lesson before its last cell has run.
"""

import asyncio
import json
from pathlib import PurePosixPath

from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from tornado.ioloop import IOLoop
from voila.execute import VoilaExecutor
from voila.tornado.execution_request_handler import ExecutionRequestHandler


class RehearsingKernelManager(AsyncMappingKernelManager):
    """Gives the page of a lesson a kernel in which the lesson has run, if there is one.

    Its parent has ``lesson(name)``, which makes the notebook that a page shows.
    """

    def __init__(self, **given):
        super().__init__(**given)
        self._ready: dict[str, str] = {}  # the kernel that waits for the page of a lesson
        self._one_at_a_time = asyncio.Lock()  # together, none would be quick

    def is_ready(self, name: str) -> bool:
        """Whether a lesson has run, for a page to come."""
        return name in self._ready

    async def rehearse(self, name: str) -> None:
        """Runs a lesson for a page to come."""
        async with self._one_at_a_time:
            notebook = self.parent.lesson(name)
            kernel_name = notebook.metadata.kernelspec.name
            kernel_id = await super().start_kernel(kernel_name=kernel_name, path="")
            manager = self.get_kernel(kernel_id)
            await self._run(notebook, manager)
            manager.rehearsed = notebook
            self._ready[name] = kernel_id
        self.log.info("Ready: %s", name)

    async def _run(self, notebook: NotebookNode, manager) -> None:
        """Runs the cells, and keeps in them what they show."""
        executor = VoilaExecutor(notebook, km=manager)
        executor.kc = await executor.async_start_new_kernel_client()
        for number, cell in enumerate(notebook.cells):
            try:
                await executor.execute_cell(cell, None, number, store_history=False)
            except CellExecutionError:
                self.log.exception("A cell failed:\n%s", cell.source)
        executor.kc.stop_channels()

    async def start_kernel(self, *, env: dict[str, str], **given) -> str:
        """The kernel for a page. Voilà names the page's address in the environment."""
        name = PurePosixPath(env["SCRIPT_NAME"]).name
        kernel_id = self._ready.pop(name, None)
        if kernel_id is None:
            return await super().start_kernel(env=env, **given)
        IOLoop.current().add_callback(self.rehearse, name)  # for the next page
        if same_sources(self.get_kernel(kernel_id).rehearsed, self.parent.lesson(name)):
            return kernel_id
        await self.shutdown_kernel(kernel_id)  # the file has changed since
        return await super().start_kernel(env=env, **given)

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """Ends a kernel that no page uses, but not one that waits for its page."""
        if kernel_id not in self._ready.values():
            await super().cull_kernel_if_idle(kernel_id)


def same_sources(one: NotebookNode, other: NotebookNode) -> bool:
    """Whether two notebooks have the same cells."""
    return [cell.source for cell in one.cells] == [cell.source for cell in other.cells]


class CellsHandler(ExecutionRequestHandler):
    """Sends a page what its cells show. What they have shown before is sent as it is."""

    _executor = None  # which Voilà's own method looks for when the page is closed

    async def on_message(self, text: str) -> None:
        """Answers the page's only question."""
        kernel = self.kernel_manager.get_kernel(self._kernel_id)
        notebook = vars(kernel).pop("rehearsed", None)
        if notebook is None:
            await super().on_message(text)
            return
        self._execution_data.pop(self._kernel_id)
        for number, cell in enumerate(notebook.cells):
            shown = {key: value for key, value in cell.items() if key != "source"}
            place = {"cell_index": number, "total_cell": len(notebook.cells)}
            payload = {"output_cell": shown, **place}
            await self.write_message(json.dumps({"action": "execution_result", "payload": payload}))
