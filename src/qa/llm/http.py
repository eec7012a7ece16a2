"""The HTTP client under an endpoint: direct to loopback, and bounded in bytes and seconds, whatever a server sends.

It does not interpret what it reads; see `openai`.
"""

import re
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from qa.errors import InputError
from qa.llm.failures import FaultReader, ProviderFault
from qa.net import error_chain, is_loopback

CONNECT_SECONDS = 10
"""To reach a server at all: three rounds of a lost packet (1, 2 and 4 seconds) on a slow line, and some."""

_HEADERS = frozenset(
    ("authorization", "content-type", "content-length", "accept", "accept-encoding", "user-agent", "connection", "host")
)
_OPENAI = "api.openai.com"

_DONE = re.compile(rb"(?:^|[\r\n])data: ?\[DONE\]")


class ResponseTooLargeError(Exception):
    """The server sent more bytes than a reply can have."""


class ResponseTooSlowError(Exception):
    """The reply took more seconds than a reply may."""


class Secret:
    """Keeps a value out of every repr, and so out of logs and of tracebacks that show variables."""

    def __init__(self, value: Any) -> None:
        self.value = value

    def __repr__(self) -> str:
        return "…"


class StreamMonitor:
    """What was received for one request: whether anything was, of what kind, and whether it was complete."""

    def __init__(self, *, most_bytes: int, most_seconds: float) -> None:
        self.content_type = ""
        self.received = 0
        self.done = False
        self._most_bytes = most_bytes
        self._until = time.monotonic() + most_seconds
        self._tail = b""
        self._response: Any = None

    def begin(self, response: Any) -> None:
        self._response = response
        self.content_type = response.headers.get("content-type", "").split(";")[0].strip().lower()

    def take(self, data: bytes) -> bytes:
        self.received += len(data)
        if self.received > self._most_bytes:
            raise ResponseTooLargeError
        if time.monotonic() > self._until:
            raise ResponseTooSlowError
        seen = self._tail + data
        self.done = self.done or bool(_DONE.search(seen))
        self._tail = seen[-16:]
        return data

    def close(self) -> None:
        """End the connection; what was not read is never read."""
        if self._response is not None:
            self._response.close()


class HTTPClient:
    """HTTP to one base URL; the client is made when it is first used and shared by all threads.

    User and password of the URL are sent, but never appear in a log or message, nor in `address` and `host`.
    To other hosts than OpenAI's own goes no header of the openai client but those that every request needs: it reads
    the names of organization and project, and headers of any kind, from the environment. Nor does it choose the key.
    """

    def __init__(self, base_url: str, *, silence_seconds: float, key: str = "") -> None:
        parts = _parts(base_url)
        name = parts.hostname or ""
        name = f"[{name}]" if ":" in name else name
        self.host = name if parts.port is None else f"{name}:{parts.port}"
        self.address = f"{parts.scheme}://{self.host}{parts.path.rstrip('/')}"
        self.netloc = f"{name}:{parts.port or (443 if parts.scheme == 'https' else 80)}"
        self.is_loopback = is_loopback(self.host)
        self._login = Secret((unquote(parts.username or ""), unquote(parts.password or "")))
        self._key = Secret(key)
        self._is_openai = parts.scheme == "https" and parts.hostname == _OPENAI
        self._silence_seconds = silence_seconds
        self._client: Any = None
        self._lock = threading.Lock()
        self._monitors = threading.local()

    @property
    def password(self) -> str:
        """The password of the base URL; "" where it has none."""
        return self._login.value[1]

    def client(self) -> Any:
        """The httpx client. It follows no redirects: the abstracts and the key go where the user said, or nowhere."""
        import httpx

        timeout = self.timeout()
        with self._lock:
            if self._client is None:
                self._client = httpx.Client(
                    auth=self._login.value if any(self._login.value) else None,
                    timeout=timeout,
                    headers={"Accept-Encoding": "identity"},  # what is packed could unpack beyond all bounds
                    trust_env=not self.is_loopback,  # else a proxy is asked for this machine's own server
                    event_hooks={"request": [self._strip_headers], "response": [self._monitor_response]},
                    follow_redirects=False,
                )
            return self._client

    def timeout(self) -> Any:
        """httpx's form of the limits for connecting and for silence."""
        import httpx

        return httpx.Timeout(self._silence_seconds, connect=min(CONNECT_SECONDS, self._silence_seconds))

    def monitor(self, *, most_bytes: int, most_seconds: float) -> StreamMonitor:
        """Monitors the next request of this thread."""
        self._monitors.now = StreamMonitor(most_bytes=most_bytes, most_seconds=most_seconds)
        return self._monitors.now

    def fault(self, error: BaseException, faults: FaultReader) -> ProviderFault | None:
        """The fault behind an error of the connection or of a bound; None for errors of another kind."""
        import httpx

        chain = list(error_chain(error))

        def any_is(*kinds: type[BaseException]) -> bool:
            return any(isinstance(cause, kinds) for cause in chain)

        if any_is(httpx.ConnectTimeout):
            return faults.silence(min(CONNECT_SECONDS, self._silence_seconds), connecting=True)
        if any_is(httpx.TimeoutException):
            return faults.silence(self._silence_seconds)
        if any_is(ResponseTooSlowError):
            return faults.too_slow()
        if any_is(ResponseTooLargeError):
            return faults.too_much()
        return faults.transport(error) if any_is(httpx.TransportError, OSError) else None

    def _strip_headers(self, request: Any) -> None:
        if self._is_openai:
            return
        for name in set(request.headers) - _HEADERS:
            del request.headers[name]
        if "authorization" in request.headers and not any(self._login.value):
            request.headers["authorization"] = f"Bearer {self._key.value or 'none'}"

    def _monitor_response(self, response: Any) -> None:
        import httpx

        class MonitoredStream(httpx.SyncByteStream):
            def __init__(self, stream: Any, monitor: StreamMonitor) -> None:
                self.stream, self.monitor = stream, monitor

            def __iter__(self) -> Iterator[bytes]:
                return map(self.monitor.take, self.stream)

            def close(self) -> None:
                self.stream.close()

        monitor: StreamMonitor = self._monitors.now
        monitor.begin(response)
        response.stream = MonitoredStream(response.stream, monitor)


def _parts(base_url: str) -> SplitResult:
    base_url = base_url.strip()
    try:
        parts = urlsplit(base_url)
        port = parts.port
        if (
            parts.scheme in ("http", "https")
            and parts.hostname
            and port != 0
            and not re.search(r"[\s\x00-\x1f]", base_url)
        ):
            return parts
    except ValueError:  # an invalid port, or brackets around an invalid address
        pass
    shown = re.sub(r"//.*@", "//", base_url)[:200]
    raise InputError(
        f"{shown!r} is not the address of an endpoint. Give one like http://localhost:8000/v1 in OPENAI_BASE_URL or --base-url."
    )
