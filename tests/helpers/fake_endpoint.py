"""A real HTTP server on loopback that speaks OpenAI's chat-completions protocol, and misbehaves on purpose.

    with FakeEndpoint(fails(500), says("It does. [1.2]")) as server:
        model = Endpoint(base_url=server.url, model="fake-model", sleep=lambda seconds: None)
        assert "".join(p for p in model.stream(messages, reply_tokens=50) if isinstance(p, str)) == "It does. [1.2]"
    assert len(server.requests) == 2
    assert server.requests[0].messages == messages

Each chat request takes the next behaviour of the script (a str is `says`); when that is used up, `reply` answers: a text,
or a function of the messages. `models` is what GET /v1/models lists (None: 404). Nothing here depends on the clock: who
is silent stays so until the server is closed.
"""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Messages = list[dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as it came; header names are in small letters, `body` is {} for GET."""

    method: str
    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def messages(self) -> Messages:
        return self.body["messages"]


@dataclass
class Exchange:
    """What a behaviour has at hand: the request, and ways to write, closing included."""

    request: Request
    socket: socket.socket
    closing: threading.Event

    def send(self, data: bytes | str) -> None:
        self.socket.sendall(data.encode() if isinstance(data, str) else data)

    def head(self, status: int = 200, headers: Mapping[str, str] | None = None) -> None:
        lines = [
            f"HTTP/1.1 {status} x",
            "Connection: close",
            *(f"{name}: {value}" for name, value in (headers or {}).items()),
        ]
        self.send("\r\n".join(lines) + "\r\n\r\n")

    def begin_stream(self) -> None:
        self.head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})

    def chunk(self, data: bytes | str) -> None:
        raw = data.encode() if isinstance(data, str) else data
        self.send(f"{len(raw):x}\r\n".encode() + raw + b"\r\n")

    def event(self, value: Any) -> None:
        self.chunk(f"data: {json.dumps(value)}\n\n")

    def piece(self, text: str | None = None, *, finish: str | None = None, **delta: Any) -> None:
        """One piece of a reply; `delta` are further fields beside content (reasoning_content)."""
        if text is not None:
            delta["content"] = text
        self.event(completion_chunk([{"index": 0, "delta": delta, "finish_reason": finish}]))

    def usage(self, tokens_in: int, tokens_out: int) -> None:
        counts = {
            "prompt_tokens": tokens_in,
            "completion_tokens": tokens_out,
            "total_tokens": tokens_in + tokens_out,
        }
        self.event(completion_chunk([], usage=counts))

    def finish(self) -> None:
        self.chunk("data: [DONE]\n\n")
        self.send("0\r\n\r\n")

    def whole(self, status: int, body: bytes | str, headers: Mapping[str, str] | None = None) -> None:
        raw = body.encode() if isinstance(body, str) else body
        self.head(status, {"Content-Length": str(len(raw)), **(headers or {})})
        self.send(raw)

    def stay_silent(self) -> None:
        self.closing.wait()


Behaviour = Callable[[Exchange], None]


def completion_chunk(choices: list[dict[str, Any]] | None, **more: Any) -> dict[str, Any]:
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "fake", "choices": choices, **more}


def pieces(text: str) -> Iterator[str]:
    """The text in uneven pieces of 1 to 7 characters."""
    step = 0
    while text:
        step = step % 7 + 1
        yield text[:step]
        text = text[step:]


def says(text: str, *, usage: tuple[int, int] | None = (100, 20), finish: str | None = "stop") -> Behaviour:
    """The whole reply in uneven pieces; `usage` (tokens in, out) comes only where the request asked for it."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        exchange.piece("", role="assistant")
        for piece in pieces(text):
            exchange.piece(piece)
        exchange.piece(finish=finish)
        if usage and (exchange.request.body.get("stream_options") or {}).get("include_usage"):
            exchange.usage(*usage)
        exchange.finish()

    return behave


def streams(*deltas: str | dict[str, Any]) -> Behaviour:
    """A reply of just these pieces: content, or the fields of a delta."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        for delta in deltas:
            exchange.piece(**({"text": delta} if isinstance(delta, str) else delta))
        exchange.piece(finish="stop")
        exchange.finish()

    return behave


def fails(
    status: int, message: str = "something is wrong", *, headers: Mapping[str, str] | None = None, **fields: Any
) -> Behaviour:
    """An error of the protocol: `fields` are more of its fields (code, type, param)."""

    def behave(exchange: Exchange) -> None:
        body = json.dumps({"error": {"message": message, **fields}})
        exchange.whole(status, body, {"Content-Type": "application/json", **(headers or {})})

    return behave


def too_long() -> Behaviour:
    """The context-length error as OpenAI words it."""
    message = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens."
    return fails(400, message, code="context_length_exceeded", param="messages", type="invalid_request_error")


def rejects(parameter: str) -> Behaviour:
    """400 for one parameter of the request."""
    return fails(400, f"Unsupported parameter: '{parameter}' is not supported with this model.", param=parameter)


def drops() -> Behaviour:
    """The connection is closed without a byte."""
    return lambda exchange: None


def hangs() -> Behaviour:
    """Nothing ever comes."""
    return lambda exchange: exchange.stay_silent()


def stalls(text: str) -> Behaviour:
    """The beginning of a reply, and then nothing ever."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        for piece in pieces(text):
            exchange.piece(piece)
        exchange.stay_silent()

    return behave


def breaks_off(text: str, *, cleanly: bool = False) -> Behaviour:
    """The beginning of a reply, and then the connection ends: within its framing, or `cleanly`, just without [DONE]."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        for piece in pieces(text):
            exchange.piece(piece)
        if cleanly:
            exchange.send("0\r\n\r\n")

    return behave


def breaks_line(text: str) -> Behaviour:
    """The beginning of a reply, and then a line that is not valid JSON."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        for piece in pieces(text):
            exchange.piece(piece)
        exchange.chunk('data: {"choices": [{"delta": {"cont\n\n')
        exchange.piece("lost", finish="stop")
        exchange.finish()

    return behave


def errs(text: str, message: str, **fields: Any) -> Behaviour:
    """The beginning of a reply, and then an error within the stream."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        for piece in pieces(text):
            exchange.piece(piece)
        exchange.event({"error": {"message": message, **fields}})
        exchange.finish()

    return behave


def floods(piece: str, times: int) -> Behaviour:
    """The same piece many times."""

    def behave(exchange: Exchange) -> None:
        exchange.begin_stream()
        for _ in range(times):
            exchange.piece(piece)
        exchange.piece(finish="stop")
        exchange.finish()

    return behave


def page(body: bytes | str = "<html><body>It works!</body></html>", content_type: str = "text/html") -> Behaviour:
    """200 with something that is no reply."""
    return lambda exchange: exchange.whole(200, body, {"Content-Type": content_type})


@dataclass
class FakeEndpoint:
    """The server; a context manager. `url` is its base URL, `requests` the chat requests, `asked_models` the others."""

    script: list[Behaviour | str]
    reply: str | Callable[[Messages], str]
    models: Sequence[str] | Behaviour | None
    requests: list[Request] = field(default_factory=list)
    asked_models: list[Request] = field(default_factory=list)

    def __init__(
        self,
        *script: Behaviour | str,
        reply: str | Callable[[Messages], str] = "A reply.",
        models: Sequence[str] | Behaviour | None = ("fake-model",),
    ) -> None:
        self.script, self.reply, self.models = list(script), reply, models
        self.requests, self.asked_models = [], []
        self._lock = threading.Lock()
        self._closing = threading.Event()

    @property
    def port(self) -> int:
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def __enter__(self) -> "FakeEndpoint":
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 30

            def log_message(self, format: str, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                self._answer(endpoint._listing)

            def do_POST(self) -> None:
                self._answer(endpoint._next)

            def _answer(self, choose: Callable[[Request], Behaviour]) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Request(
                    method=self.command, path=self.path, headers=headers, body=json.loads(raw) if raw else {}
                )
                self.close_connection = True
                with contextlib.suppress(OSError):  # the client may go away
                    choose(request)(Exchange(request, self.connection, endpoint._closing))

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _listing(self, request: Request) -> Behaviour:
        with self._lock:
            self.asked_models.append(request)
        if self.models is None or not request.path.endswith("/models"):
            return fails(404, "Not Found")
        if callable(self.models):
            return self.models
        body = json.dumps({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})
        return lambda exchange: exchange.whole(200, body, {"Content-Type": "application/json"})

    def _next(self, request: Request) -> Behaviour:
        if not request.path.endswith("/chat/completions"):
            return fails(404, "Not Found")
        with self._lock:
            self.requests.append(request)
            behaviour = self.script.pop(0) if self.script else None
        if behaviour is None:
            behaviour = self.reply(request.messages) if callable(self.reply) else self.reply
        return says(behaviour) if isinstance(behaviour, str) else behaviour


def refused_url() -> str:
    """A base URL on loopback where nothing listens: the port was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1"
