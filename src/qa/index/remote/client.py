"""Requests to a Chroma server over its HTTP interface (version 2), which self-hosted and hosted servers share.

Retries while a server restarts, within a limit. It does not know what the records mean.
Chroma's own client is not used: it waits for ever, asks a proxy for this machine's own server, and takes a second to
import.
"""

import base64
import json
import re
import ssl
import threading
import time
from collections.abc import Callable
from itertools import chain, repeat
from typing import Any
from urllib.parse import quote

import numpy as np

from qa.errors import IndexDamagedError, InputError, ServerUnavailableError
from qa.index.remote.address import DATABASE, TENANT, TOKEN, Address
from qa.json_types import is_object
from qa.net import ConnectionFault, connection_fault, retry

ASKING_SECONDS = 5.0
"""How long a question waits for a server that is away: a restart takes one to two seconds."""
BUILDING_SECONDS = 60.0
"""How long a build waits: a restart of a large server reads its index first."""
FIRST_PAUSES_SECONDS = (0.1, 0.2, 0.4, 0.8, 1.0)
"""Before the first retries; the last one repeats."""
CONNECT_SECONDS = 5.0
SILENCE_SECONDS = 60.0
"""The longest wait for one response; the slowest are writes that make a large server reindex."""

Waiting = Callable[[str], None]
"""Called before each new try with what is wrong."""


class MissingError(Exception):
    """The server has no such collection, tenant or database."""


class ExistsError(Exception):
    """The server has a collection of this name already."""


class _UnavailableError(Exception):
    """No answer, or one that says to come again."""

    def __init__(self, reason: str, *, again: bool = True) -> None:
        super().__init__(reason)
        self.reason, self.again = reason, again


class ChromaClient:
    """Chroma's interface at one address, tenant and database; made when first used, shared by all threads.

    A request is tried for `patience_seconds` where the server is away: then ServerUnavailableError. InputError where the
    address, the tenant, the database or the token is wrong, IndexDamagedError where the server cannot do what it is
    asked, MissingError and ExistsError for the caller. No message holds the token.
    """

    def __init__(
        self,
        address: Address,
        *,
        patience_seconds: float = ASKING_SECONDS,
        waiting: Waiting | None = None,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = address
        self._patience_seconds, self._waiting = patience_seconds, waiting
        self._sleep, self._now = sleep, now
        self._client: Any = None
        self._limits: dict[str, Any] | None = None
        self._lock = threading.Lock()
        self._base = f"/tenants/{quote(address.tenant, safe='')}/databases/{quote(address.database, safe='')}"

    def close(self) -> None:
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = None

    def collections(self, method: str, path: str = "", body: Any = None) -> Any:
        """A request about collections (`path` begins with a slash); what the answer's JSON holds."""
        return self.call(method, f"{self._base}/collections{path}", body)

    def check(self) -> None:
        """InputError where the server does not have the tenant or the database."""
        address = self.address
        try:
            self.call("GET", f"/tenants/{quote(address.tenant, safe='')}")
        except MissingError as error:
            raise InputError(
                f"The Chroma server at {address.url} has no tenant {address.tenant!r}."
                f" Name one that it has in --chroma-tenant (the usual one is {TENANT})."
            ) from error
        try:
            self.call("GET", self._base)
        except MissingError as error:
            raise InputError(
                f"The Chroma server at {address.url} has no database {address.database!r} in the tenant {address.tenant}."
                f" Make it there, or name one that it has in --chroma-database (the usual one is {DATABASE})."
            ) from error

    def packed(self, vectors: Any) -> list[Any]:
        """Vectors (rows x dimension) in the form in which this server takes them."""
        rows = np.asarray(vectors, "<f4")
        if self._limit("supports_base64_encoding", False):
            return [base64.b64encode(row.tobytes()).decode("ascii") for row in rows]
        return rows.tolist()

    def most_records(self, most: int) -> int:
        """How many records one request may have: `most`, or fewer where the server says so."""
        return max(1, min(most, int(self._limit("max_batch_size", most))))

    def _limit(self, name: str, default: Any) -> Any:
        if self._limits is None:
            answer = self.call("GET", "/pre-flight-checks")
            self._limits = answer if isinstance(answer, dict) else {}
        return self._limits.get(name, default)

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """One request, tried again while the server is away."""
        pauses = chain(FIRST_PAUSES_SECONDS, repeat(FIRST_PAUSES_SECONDS[-1]))
        waiting = self._waiting
        try:
            return retry(
                lambda _seconds_left: self._once(method, path, body),
                on=_UnavailableError,
                pause=lambda error: next(pauses) if error.again else None,
                seconds=self._patience_seconds,
                sleep=self._sleep,
                now=self._now,
                before_pause=None if waiting is None else lambda error: waiting(error.reason),
            )
        except _UnavailableError as error:
            raise self._away(error.reason) from error

    def _once(self, method: str, path: str, body: Any) -> Any:
        import httpx

        try:
            content = None if body is None else json.dumps(body).encode()
            response = self._opened().request(method, f"/api/v2{path}", content=content)
        except httpx.TimeoutException as error:
            raise _UnavailableError("no answer in time") from error
        except httpx.TransportError as error:
            raise self._transport(error) from error
        return self._answer(response)

    def _answer(self, response: Any) -> Any:
        status = response.status_code
        try:
            answer = response.json()
        except ValueError as error:
            answer = error
        if status < 300 and not isinstance(answer, ValueError):
            return answer
        fault: dict[str, Any] = answer if is_object(answer) else {}
        said = self._said(str(fault.get("message") or fault.get("error") or f"HTTP status {status}"))
        if status in (401, 403):
            what = "refuses the token" if self.address.token else "wants a token"
            raise InputError(f"The Chroma server at {self.address.url} {what} (HTTP status {status}). Set {TOKEN}.")
        if status in (429, 500, 502, 503, 504):
            raise _UnavailableError(f"HTTP status {status}: {said}" if fault else said)
        if "error" in fault:
            if status == 404:
                raise MissingError(said)
            if status == 409:
                raise ExistsError(said)
            raise IndexDamagedError(
                f"The Chroma server at {self.address} did not do what it was asked ({said})."
                " Look at its log, and index into a database of its own (--chroma-database) if others write there too."
            )
        raise InputError(
            f"The server at {self.address.url} is not a Chroma server of version 1 or later (HTTP status {status})."
            f" Check host and port; {self.address.start_command} starts one."
        )

    def _transport(self, error: Exception) -> Exception:
        """What a broken connection means: a server that is away, or one that cannot be spoken to so."""
        fault, cause = connection_fault(error)
        url = self.address.url
        if fault is ConnectionFault.UNTRUSTED_CERTIFICATE:
            reason = self._said(getattr(cause, "verify_message", "") or str(cause))
            return InputError(
                f"The certificate of {url} is not to be trusted ({reason})."
                " Name the file of the authority that signed it in SSL_CERT_FILE."
            )
        if fault is ConnectionFault.NOT_TLS:
            return InputError(f"The server at {url} does not speak TLS. Write http:// instead of https://.")
        if fault is ConnectionFault.UNKNOWN_HOST:
            return _UnavailableError("its host is not known", again=False)
        if fault is ConnectionFault.REFUSED:
            return _UnavailableError("connection refused")
        return _UnavailableError(self._said(str(error)) or "the connection broke")

    def _away(self, reason: str) -> ServerUnavailableError:
        start = f"Start it ({self.address.start_command})" if self.address.is_loopback else "See that it runs"
        start = "Look at its log" if reason.startswith("HTTP status") else start
        again = (
            "run the same command again: nothing is lost" if self._patience_seconds > ASKING_SECONDS else "ask again"
        )
        return ServerUnavailableError(
            f"The Chroma server at {self.address.url} does not answer ({reason}). {start} and {again}."
        )

    def _said(self, text: str) -> str:
        """Words of the server or of the system, short, on one line and without the token."""
        if self.address.token:
            text = text.replace(self.address.token, "…")
        return " ".join(re.sub(r"[\x00-\x1f\x7f]", " ", text).split())[:200]

    def _opened(self) -> Any:
        with self._lock:
            if self._client is None:
                import certifi
                import httpx

                headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
                if self.address.token:
                    headers |= {"X-Chroma-Token": self.address.token, "Authorization": f"Bearer {self.address.token}"}
                context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # no certificates are loaded yet
                if self.address.url.startswith("https:"):
                    context.set_default_verify_paths()  # those of the system, or of SSL_CERT_FILE
                    context.load_verify_locations(certifi.where())
                self._client = httpx.Client(
                    base_url=self.address.url, headers=headers, verify=context,
                    timeout=httpx.Timeout(SILENCE_SECONDS, connect=CONNECT_SECONDS),
                    trust_env=not self.address.is_loopback,  # else a proxy is asked for this machine's own server
                    follow_redirects=False,  # the abstracts and the token go where the user said, or nowhere
                )  # fmt: skip
            return self._client
