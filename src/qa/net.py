"""Facts about hosts and broken connections that need no HTTP client."""

import ipaddress
import re
from collections.abc import Iterator


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
