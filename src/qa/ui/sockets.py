"""Where the page answers: a socket of this machine, bound by us, so that no other program takes the port in between."""

import errno
import os
import socket

from qa.errors import InputError
from qa.net import is_loopback

HOST, PORT = "127.0.0.1", 7860
PORTS_TRIED = 100
"""From `PORT` on where none is asked for; as many as Gradio's own launch tries."""


def listen(host: str = HOST, port: int | None = None, *, first: int = PORT) -> socket.socket:
    """A socket that listens at a name or address of this machine.

    `port` is None for the first free one from `first` on, 0 for any. InputError where the host is none of this machine,
    or the port is none, is taken or is not this user's to take.
    """
    if port is not None and not 0 <= port < 65536:
        raise InputError(f"--port is {port}, but ports go from 1 to 65535. Use --port {PORT}.")
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
    except (OSError, UnicodeError) as error:
        raise InputError(f"--host {host} is not a known address. {_HOSTS}") from error
    for number in range(first, min(first + PORTS_TRIED, 65536)) if port is None else [port]:
        sock = socket.socket(family, kind, protocol)
        if os.name == "posix":  # elsewhere this would take the port from a program that listens
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((place[0], number, *place[2:]))
            sock.listen(128)
            return sock
        except OSError as error:
            sock.close()
            if error.errno == errno.EADDRNOTAVAIL:
                raise InputError(f"--host {host} is not an address of this machine. {_HOSTS}") from error
            if port is not None:
                why = "taken by another program" if error.errno == errno.EADDRINUSE else (error.strerror or str(error))
                raise InputError(
                    f"--port {port} cannot be used: {why}. Name another, or none for a free one."
                ) from error
    raise InputError(f"No port from {first} to {first + PORTS_TRIED - 1} is free. Name one: qa ui --port 9000")


def port_of(sock: socket.socket) -> int:
    return sock.getsockname()[1]


def is_local(sock: socket.socket) -> bool:
    """Whether only this machine can reach it."""
    return is_loopback(sock.getsockname()[0])


def is_everywhere(sock: socket.socket) -> bool:
    """Whether it answers at every address of this machine."""
    return sock.getsockname()[0] in ("0.0.0.0", "::")


def address_of(sock: socket.socket) -> str:
    """What a browser on this machine opens."""
    name = "localhost" if is_everywhere(sock) else sock.getsockname()[0]
    return f"http://{f'[{name}]' if ':' in name else name}:{port_of(sock)}/"


_HOSTS = f"Use {HOST}, or 0.0.0.0 for every network."
