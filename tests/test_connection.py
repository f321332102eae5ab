from unittest.mock import create_autospec

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection
from jupyter_server.services.kernels.websocket import KernelWebsocketHandler

from trpo_lib.connection import PromptConnection


def test_messages_are_not_held_back_once_a_browser_has_connected(monkeypatch):
    monkeypatch.setattr(ZMQChannelsWebsocketConnection, "connect", lambda self: "connected")
    handler = create_autospec(KernelWebsocketHandler, instance=True)
    connection = PromptConnection(websocket_handler=handler, parent=None)
    assert connection.connect() == "connected"
    handler.set_nodelay.assert_called_once_with(True)
