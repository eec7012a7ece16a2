"""Who may read the page, and who may change its index: accounts in a file, and a guard before every request.

Nothing of Gradio is imported here. The guard is ASGI: it looks at a request's head and adds to the response's.
"""

import hashlib
import hmac
import stat
import sys
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from qa.errors import InputError
from qa.net import is_loopback

POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval'",  # Gradio's page has scripts in it, and makes functions of js=
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)
"""The browser loads nothing but from the page's own address, and shows the page in no frame."""
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
)
MAX_BODY_BYTES = 8 << 20
"""Bytes of a request that sends no file; a conversation of 200 turns has about 3 MB."""
_UNCHANGING = ("GET", "HEAD", "OPTIONS")

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


def read_accounts(path: str | Path) -> dict[str, str]:
    """Names and passwords of a file that has `name:password` on each line; blank lines and those that begin with # are
    skipped, and so are blanks around a name. InputError, which never shows the file's contents, for a file that
    cannot be read or has no account, and for a line without a name, a colon or a password, or with a name that was."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"--auth {path} cannot be read ({error.strerror or error}). Check the name.") from error
    except ValueError as error:
        raise InputError(f"--auth {path} is not UTF-8 text. Write one name:password on each line.") from error
    accounts: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        name, colon, password = line.partition(":")
        name = name.strip()
        fault = (
            "has no colon" if not colon
            else "has no name" if not name
            else "has no password" if not password.strip()
            else "has a name that stood before" if name in accounts
            else ""
        )  # fmt: skip
        if fault:
            raise InputError(f"Line {number} of --auth {path} {fault}. Write one name:password on each line.")
        accounts[name] = password
    if not accounts:
        raise InputError(f"--auth {path} has no account. Write one name:password on each line.")
    return accounts


def is_readable_by_others(path: str | Path) -> bool:
    """Whether other users of this machine may read a file; False where the system has no such modes."""
    return sys.platform != "win32" and bool(Path(path).stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def login(accounts: Mapping[str, str]) -> Callable[[str, str], bool]:
    """Whether a name and a password belong together. It takes the same time for a wrong name and a wrong password."""
    kept = {_digest(name): _digest(password) for name, password in accounts.items()}

    def is_valid(name: str, password: str) -> bool:
        found = [hmac.compare_digest(_digest(name), known) for known in kept]
        same = [hmac.compare_digest(_digest(password), known) for known in kept.values()]
        return any(a and b for a, b in zip(found, same, strict=True))

    return is_valid


class Guard:
    """Refuses cross-site requests, and forbids the browser to load anything from other hosts.

    `local` is whether the page is for this machine alone: then only its own names are answered, so that no site can
    reach the page by having its name resolve to this machine. `uploads` is whether visitors may send files.
    """

    def __init__(self, app: App, *, local: bool, uploads: bool) -> None:
        self._app = app
        self._local = local
        self._uploads = uploads

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        status, fault = self._fault(scope["method"], scope["path"], headers)

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                names = {name for name, _ in HEADERS}
                message["headers"] = [pair for pair in message["headers"] if pair[0].lower() not in names] + [*HEADERS]
            await send(message)

        if fault is None:
            await self._app(scope, receive, send_guarded)
            return
        body = fault.encode()
        told = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
        await send_guarded({"type": "http.response.start", "status": status, "headers": told})
        await send({"type": "http.response.body", "body": body})

    def _fault(self, method: str, path: str, headers: Mapping[bytes, str]) -> tuple[int, str | None]:
        """The status of a refusal and its reason; None where there is nothing to refuse."""
        host, origin = headers.get(b"host", ""), headers.get(b"origin")
        if self._local and not is_loopback(_place(f"//{host}").hostname or ""):
            return 403, "This page is for this machine alone. Open it as http://localhost or http://127.0.0.1."
        if method in _UNCHANGING:
            return 200, None
        if origin is not None and _place(origin).netloc.lower() != host.lower():
            return 403, "This came from another site's page. Open the address of this page itself, and do it there."
        if path.rstrip("/").endswith("/upload"):
            refused = "Files can be added only on the page's own machine or with --auth. Ask the operator of this page."
            return (200, None) if self._uploads else (403, refused)
        size = headers.get(b"content-length", "0")
        if b"transfer-encoding" in headers or not size.isdigit() or int(size) > MAX_BODY_BYTES:
            return (
                413,
                f"This is larger than {MAX_BODY_BYTES >> 20} MB, or of no stated size. Begin a new conversation.",
            )
        return 200, None


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _place(address: str) -> SplitResult:
    try:
        return urlsplit(address)
    except ValueError:  # brackets around an invalid address
        return urlsplit("")
