"""Hosts, broken connections and retries, without an HTTP client: `httpx` is never imported here."""

import ipaddress
import re
import ssl
import time
from collections.abc import Callable, Iterator
from enum import Enum, auto
from socket import gaierror
from typing import TypeVar

T = TypeVar("T")
E = TypeVar("E", bound=Exception)

_REFUSED = re.compile(r"Errno (?:111|61)\b|10061|refused")


def is_loopback(host: str) -> bool:
    """Whether a `host[:port]` is this machine by its name: localhost, 127.x.x.x or ::1."""
    name = re.sub(r"(?<=[^:]):\d+$", "", host).strip("[]").rstrip(".").lower()
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")


def error_chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and what led to it, nearest first."""
    current = error
    for _ in range(20):  # a chain may bite its tail
        if current is None:
            return
        yield current
        current = current.__cause__ or current.__context__


class ConnectionFault(Enum):
    """Why no connection was made, where the cause is known."""

    REFUSED = auto()
    UNKNOWN_HOST = auto()
    UNTRUSTED_CERTIFICATE = auto()
    NOT_TLS = auto()
    """The server speaks plain HTTP at an https:// address."""


def connection_fault(error: BaseException) -> tuple[ConnectionFault | None, BaseException]:
    """The reason for a failed connection, None where it is another one, and the error of the chain that tells it (the
    root cause where none does). Timeouts are left to the HTTP client's own types: they tell connecting from reading."""
    chain = list(error_chain(error))
    for cause in chain:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return ConnectionFault.UNTRUSTED_CERTIFICATE, cause
        if isinstance(cause, ssl.SSLError) and "WRONG_VERSION_NUMBER" in str(cause):
            return ConnectionFault.NOT_TLS, cause
        if isinstance(cause, gaierror):
            return ConnectionFault.UNKNOWN_HOST, cause
        if isinstance(cause, ConnectionRefusedError):
            return ConnectionFault.REFUSED, cause
    for cause in chain:  # several addresses tried at once: only the text tells
        if _REFUSED.search(str(cause)):
            return ConnectionFault.REFUSED, cause
    return None, chain[-1]


def retry(
    attempt: Callable[[float], T],
    *,
    on: type[E],
    pause: Callable[[E], float | None],
    seconds: float,
    sleep: Callable[[float], None] = time.sleep,
    now: Callable[[], float] = time.monotonic,
    before_pause: Callable[[E], None] | None = None,
) -> T:
    """The result of `attempt(seconds left)`, repeated while it raises `on`.

    `pause(error)` is the time before the next attempt in seconds, 0 for at once, None to stop. The last error is raised
    where it is None or the pause would end after `seconds` in all. `before_pause` is called with each error that is
    followed by a pause.
    """
    until = now() + seconds
    while True:
        try:
            return attempt(until - now())
        except on as error:
            wait = pause(error)
            if wait is None or (wait and now() + wait > until):
                raise
            if wait and before_pause is not None:
                before_pause(error)
        if wait:
            sleep(wait)
