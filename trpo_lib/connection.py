"""A Jupyter server's line to the browser on which a small message does not wait.

By default the system holds a small message back until the browser has confirmed the one before it
(Nagle's algorithm); a confirmation may take 40 ms, and a picture that follows a slider is such a
message. `make lab` and `make demo` name this class to their servers.
"""

import asyncio

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Sends each message at once."""

    def connect(self) -> asyncio.Future[None] | None:
        """Opens the channels of a kernel to a browser that has just connected."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()
