"""The right to write to an index on a Chroma server, which one process has at a time, whatever machine it is on.

A collection of a fixed name is the lease: making it fails where it exists. Its holder renews the time in it; one that
was not renewed for a minute is taken over. What is written under it is not known here.
"""

import contextlib
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Collection, Generator
from contextlib import contextmanager
from typing import Any

from qa.errors import IndexBusyError, IndexDamagedError, InputError, ServerUnavailableError
from qa.index.remote.client import ChromaClient, ExistsError, MissingError

NAME = "abstracts-qa-writer"
RENEWED_SECONDS = 5.0
STALE_SECONDS = 60.0
"""Unchanged for so long in the eyes of who waits, a lease is taken over: the clocks of two machines may differ."""
OLD_SECONDS = 120.0
"""A lease that is so old by its own word need be watched for two renewals only."""


class Lease:
    """The right to write, held. `check` says whether it is still held."""

    def __init__(self, rest: ChromaClient, own_id: str, token: str) -> None:
        self.token = token
        self._rest, self._id = (
            ChromaClient(rest.address),
            own_id,
        )  # of its own: waiting in the thread below is not reported
        self._lost = threading.Event()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """IndexBusyError where another process has taken the right over, since this one did not renew it in time."""
        if not self._lost.is_set() and not self._is_mine():
            self._lost.set()
        if self._lost.is_set():
            raise IndexBusyError(
                f"Another process has begun to write to the index on the Chroma server at {self._rest.address}, since this one"
                " has not renewed its lease for a minute. Wait until it is done and run the same command again: nothing is lost."
            )

    def release(self) -> None:
        """Give the right back; a server that is away keeps it until it is stale."""
        self._ended.set()
        self._thread.join(2 * RENEWED_SECONDS)
        with contextlib.suppress(ServerUnavailableError, IndexDamagedError, InputError, MissingError):
            if not self._lost.is_set():
                _remove(self._rest, self._id)
        self._rest.close()

    def _renew(self) -> None:
        while not self._ended.wait(RENEWED_SECONDS):
            # An error of the server is one of the builder's own requests too, and told there.
            with contextlib.suppress(ServerUnavailableError, IndexDamagedError, InputError):
                try:
                    if not self._is_mine():
                        self._lost.set()
                        return
                    self._rest.collections("PUT", f"/{self._id}", {"new_metadata": _metadata(self.token)})
                except MissingError:
                    self._lost.set()
                    return

    def _is_mine(self) -> bool:
        found = _held(self._rest)
        return found is not None and found["id"] == self._id


@contextmanager
def lease(
    rest: ChromaClient,
    *,
    token: str | None = None,
    before: Collection[str] = (),
    said: Callable[[str], None] | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Generator[Lease, None, None]:
    """The right to write, until the block ends, however it ends.

    IndexBusyError while another process holds it and renews it; whether it does takes up to two renewals to see, and a
    minute where it does not. `before` are tokens of processes that are known to have ended: their lease is taken over at
    once. `token` is the one to be used (`new_token`); `said` is told of a lease that is taken over.
    """
    token = token or new_token()
    own_id = _acquired(rest, token, before, said, sleep)
    held = Lease(rest, own_id, token)
    try:
        yield held
    finally:
        held.release()


def new_token() -> str:
    return secrets.token_hex(16)


def _acquired(
    rest: ChromaClient,
    token: str,
    before: Collection[str],
    said: Callable[[str], None] | None,
    sleep: Callable[[float], None],
) -> str:
    while True:
        try:
            body = {"name": NAME, "metadata": _metadata(token), "get_or_create": False}
            return str(rest.collections("POST", "", body)["id"])
        except ExistsError:
            pass
        found = _held(rest)
        if found is None:
            continue  # given back meanwhile
        metadata: dict[str, Any] = found.get("metadata") or {}
        if metadata.get("token") == token:
            return str(found["id"])  # made by a request whose answer was lost
        if metadata.get("token") not in before:
            _wait_until_stale(rest, found, sleep)
            if said:
                said(f"taking over from {_who(metadata)}, which stopped responding")
        _remove(rest, str(found["id"]))


def _wait_until_stale(rest: ChromaClient, found: dict[str, Any], sleep: Callable[[float], None]) -> None:
    """Until the lease was not renewed for long enough; IndexBusyError where it is."""
    metadata: dict[str, Any] = found.get("metadata") or {}
    age = time.time() - _number(metadata.get("renewed"))
    needed = 2 * RENEWED_SECONDS if age > OLD_SECONDS else STALE_SECONDS
    busy = IndexBusyError(
        f"Another process ({_who(metadata)}) is writing to the index on the Chroma server at {rest.address}."
        " Wait until it is done, then try again."
    )
    if 0 <= age < RENEWED_SECONDS:
        raise busy
    watched = 0.0
    while watched < needed:
        sleep(1.0)
        watched += 1.0
        now = _held(rest)
        if now is None or now["id"] != found["id"]:
            return
        if now.get("metadata") != found.get("metadata"):
            raise busy


def _held(rest: ChromaClient) -> dict[str, Any] | None:
    try:
        return rest.collections("GET", f"/{NAME}")
    except MissingError:
        return None


def _remove(rest: ChromaClient, own_id: str) -> None:
    """Take this very lease away. Collections are deleted by name, and another lease may have it by then: so this one
    gets a name of its own first, which goes by its id."""
    with contextlib.suppress(MissingError):
        name = f"{NAME}-{own_id}"
        rest.collections("PUT", f"/{own_id}", {"new_name": name})
        rest.collections("DELETE", f"/{name}")


def _metadata(token: str) -> dict[str, Any]:
    return {"token": token, "who": f"{socket.gethostname()[:100]}, process {os.getpid()}", "renewed": time.time()}


def _who(metadata: dict[str, Any]) -> str:
    return str(metadata.get("who", "unknown"))[:150]


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
