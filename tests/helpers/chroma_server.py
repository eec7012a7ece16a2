"""The real `chroma run` on loopback, to be killed and started again; and before it a door that speaks TLS, wants a
token and records what it is sent.

    with ChromaServer(tmp_path) as server:
        qa.build_index([pages], chroma=server.url)
        server.kill()
        server.start()
"""

import contextlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

STARTED_SECONDS = 60


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class ChromaServer:
    """A Chroma server over a folder; the port stays the same over all its starts."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.kill()

    def start(self):
        """Returns once it answers."""
        command = Path(sys.executable).with_name("chroma")
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [command, "run", "--path", self.folder / "data", "--port", str(self.port), "--host", "127.0.0.1"],
                stdout=log, stderr=log, cwd=self.folder,
            )  # fmt: skip
        until = time.monotonic() + STARTED_SECONDS
        while not self.answers():
            assert self._process.poll() is None, (self.folder / "log").read_text(errors="replace")
            assert time.monotonic() < until, "chroma run does not answer"
            time.sleep(0.05)

    def kill(self):
        """As kill -9 does: nothing is written any more, nothing is closed."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
        self._process = None

    def answers(self):
        with contextlib.suppress(OSError):
            return self._ask("GET", "/heartbeat") == 200
        return False

    def database(self, name):
        """Make a database; gives its name."""
        assert self._ask("POST", "/tenants/default_tenant/databases", f'{{"name": "{name}"}}') == 200
        return name

    def tenant(self, name, database):
        """Make a tenant that has one database."""
        assert self._ask("POST", "/tenants", f'{{"name": "{name}"}}') == 200
        assert self._ask("POST", f"/tenants/{name}/databases", f'{{"name": "{database}"}}') == 200

    def _ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request(method, f"/api/v2{path}", body, {"Content-Type": "application/json"})
            return connection.getresponse().status
        finally:
            connection.close()


class Door:
    """Hands requests on to a Chroma server and keeps their `headers`, `paths` and `bodies`.

    With `certificate` it speaks TLS, with `token` it refuses those who do not show it. `before(method, path)` may
    return the status and the text with which it answers by itself; `after(method, path)` is called before it hands back
    what the server said.
    """

    def __init__(self, port, *, certificate=None, token=None, before=None, after=None):
        self.headers, self.paths, self.bodies = [], [], []
        door = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                door.headers.append(dict(self.headers))
                door.bodies.append(body)
                door.paths.append(f"{self.command} {self.path}")
                own = before(self.command, self.path) if before else None
                if token and self.headers.get("X-Chroma-Token") != token:
                    own = 401, f"not with {self.headers.get('X-Chroma-Token')}"
                if own:
                    return self.reply(own[0], own[1].encode())
                inner = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
                try:
                    inner.request(self.command, self.path, body, {"Content-Type": "application/json"})
                    answer = inner.getresponse()
                    body = answer.read()
                    if after:
                        after(self.command, self.path)
                    return self.reply(answer.status, body)
                finally:
                    inner.close()

            def reply(self, status, body):
                with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # who asked may be dead by now
                    self.send_response(status)
                    self.send_header("Content-Type", "application/json")
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

            do_GET = do_POST = do_PUT = do_DELETE = handle_any  # noqa: N815

            def log_message(self, format, *args):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()


def make_certificate(folder):
    """A self-signed certificate for 127.0.0.1 with its key, in one file."""
    command = shutil.which("openssl")
    if command is None:
        if os.environ.get("CI"):
            pytest.fail("openssl is not installed, and CI must run this test")
        pytest.skip("openssl is not installed")
    key, made = folder / "key.pem", folder / "made.pem"
    subprocess.run(
        [command, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", made],
        check=True, capture_output=True,
    )  # fmt: skip
    certificate = folder / "certificate.pem"
    certificate.write_bytes(made.read_bytes() + key.read_bytes())
    return certificate
