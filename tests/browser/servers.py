"""A Jupyter server of the tests' own: on a free port, with private folders, ended for certain."""

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_OF_PATIENCE = 300  # for everything that a busy machine may delay


@contextmanager
def serve(*command: str, home: Path) -> Iterator[str]:
    """Runs `python command` on a free port, all its settings below home -> its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    home.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, *command, f"--port={port}", "--no-browser"]
    with (
        (home / "log.txt").open("w") as log,
        subprocess.Popen(command, env=private(home), stdout=log, stderr=log) as process,
    ):
        try:
            wait_for(url, process, home)
            yield url
        finally:
            end(process)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def private(home: Path) -> dict[str, str]:
    """The environment, but whatever Jupyter reads or writes for its user lies below home."""
    folders = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
    }
    return os.environ | {name: str(home / folder) for name, folder in folders.items()}


def wait_for(url: str, process: subprocess.Popen, home: Path) -> None:
    end_of_patience = time.monotonic() + SECONDS_OF_PATIENCE
    while time.monotonic() < end_of_patience and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=SECONDS_OF_PATIENCE).close()
            return
        except urllib.error.HTTPError as answer:  # it answers, if only that it wants a token
            answer.close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"no server at {url}:\n{(home / 'log.txt').read_text()}")


def end(process: subprocess.Popen) -> None:
    """Asks first, so that the server can shut its kernels down."""
    process.terminate()
    try:
        process.wait(SECONDS_OF_PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
