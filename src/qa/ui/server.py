"""Serves the page: Gradio's app behind the guard, in a thread, on a socket that listens. What is on the page is in app.

Gradio's own `launch` is left to `gradio ui/app.py`: it asks its own server over HTTP whether it runs, through a proxy
where one is set, and binds the port only after it looked whether it is free.
"""

import socket
import threading
from collections.abc import Mapping
from typing import Any, cast

import gradio as gr
import uvicorn
from fastapi import FastAPI
from gradio.routes import App
from starlette.middleware import Middleware
from starlette.routing import Mount

from qa.ui.auth import Guard, login
from qa.ui.sockets import address_of, is_local, port_of
from qa.ui.theme import css, head, theme
from qa.ui.uploads import MAX_BYTES

AT_A_TIME = 16
"""Events of one kind that run at a time, more wait: most of an answer's time goes by waiting for a model."""
_CLOSING_SECONDS = 2


class _Server(uvicorn.Server):
    """Closes all connections when it ends: streams of a page could otherwise stay open for hours."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for connection in list(self.server_state.connections):
            connection.transport.close()
        await super().shutdown(sockets)


class RunningPage:
    """A page that answers at its `address` until `close`; a context manager."""

    def __init__(self, app: FastAPI, demo: gr.Blocks, sock: socket.socket, *, uploads: bool) -> None:
        self.address = address_of(sock)
        self.demo = demo
        self._socket = sock
        config = uvicorn.Config(
            Guard(app, local=is_local(sock), uploads=uploads), log_level="warning", access_log=False, server_header=False,
            timeout_graceful_shutdown=_CLOSING_SECONDS,
        )  # fmt: skip
        self._server = _Server(config)
        self._thread = threading.Thread(target=self._server.run, args=([sock],), name="page", daemon=True)
        self._thread.start()

    def wait(self) -> None:
        """Block until it is closed or Ctrl-C is pressed."""
        while self._thread.is_alive():
            self._thread.join(1)

    def close(self) -> None:
        """Cut off what is still sent to browsers, and free the port."""
        self.demo.close(verbose=False)
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> "RunningPage":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def launch_page(demo: gr.Blocks, sock: socket.socket, *, accounts: Mapping[str, str] | None = None) -> RunningPage:
    """Serve the page on a socket of `sockets.listen`.

    With `accounts`, names and their passwords, nothing is shown before a login. Files are taken from this machine alone,
    and from logged-in visitors. The page owns the socket from now on.
    """
    demo.queue(default_concurrency_limit=AT_A_TIME)
    app: FastAPI = cast(Any, gr).mount_gradio_app(
        FastAPI(openapi_url=None),
        demo,
        path="/",
        server_name=sock.getsockname()[0],
        server_port=port_of(sock),
        auth=login(accounts) if accounts else None,
        app_kwargs={"openapi_url": None},
        **_options(),
    )
    for route in app.routes:
        if isinstance(route, Mount) and isinstance(route.app, App):
            route.app.startup_events_triggered = True  # otherwise the next caller would start the queue a second time
    return RunningPage(app, demo, sock, uploads=is_local(sock) or bool(accounts))


def launch_options(*, local: bool) -> dict[str, Any]:
    """The same for Gradio's own `launch`: how the page looks, and what is switched off. `local` is whether it is reached
    from this machine alone."""
    app = {"openapi_url": None, "middleware": [Middleware(Guard, local=local, uploads=local)]}
    return {**_options(), "app_kwargs": app, "share": False}


def _options() -> dict[str, Any]:
    return {
        "theme": theme(), "css": css(), "head": head(), "footer_links": [], "run_history": False, "root_path": "",
        "show_error": False, "max_file_size": MAX_BYTES, "allowed_paths": [], "ssr_mode": False,
        "enable_monitoring": False, "pwa": False, "mcp_server": False,
    }  # fmt: skip
