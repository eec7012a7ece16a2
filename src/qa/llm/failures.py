"""Failures of an endpoint as messages: what is wrong, what to do, and whether a retry may help.

Nothing is sent or retried here (see `openai` and `retries`), and no type of an HTTP client is needed.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from qa.errors import ModelError, ModelSetupError, ModelUnavailableError, TooLongError
from qa.json_types import is_object
from qa.net import ConnectionFault, connection_fault, error_chain

MAX_QUOTED_CHARACTERS = 300
"""Characters of a server's own words that are shown."""
MAX_LISTED_MODELS = 5
TRIES = 3
SILENT_TRIES = 2
"""Waiting for a silent server is what takes a reader longest."""
REFUSED_PAUSE_SECONDS = 0.2
"""On this machine a refusal comes at once and mostly stays: one more try, for a server that is just starting."""
LONGEST_WAIT_SECONDS = 20.0
"""A server that asks for more is taken to be away: quotes at once serve a reader better."""
LATER = "Ask again later, or without the model: --no-model."
CHECK_URL = "Check OPENAI_BASE_URL or --base-url (it mostly ends in /v1)."

_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|context[ _]?(length|window|size)|maximum (input|prompt) length"
    r"|(prompt|input|request)( is)? too (long|large)|too many (input )?tokens|exceeds the maximum number of tokens"
    r"|max_new_tokens. must be <=",
    re.IGNORECASE,
)
_NO_CREDIT = re.compile(
    r"insufficient_quota|exceeded your current quota|billing|insufficient (balance|credit)", re.IGNORECASE
)
_NO_MODEL = re.compile(
    r"model_not_found|\bmodel\b.{0,120}\b(not found|not exist|unknown|not available|no access)"
    r"|(unknown|invalid|no such)\W+model",
    re.IGNORECASE,
)
_NO_CHAT = re.compile(r"not a chat model|only supported in v1/responses", re.IGNORECASE)
_KEYS = re.compile(r"\bsk-[\w*.\-]+|\b(Bearer|Basic)\s+[\w*.\-+/=~]+", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class ProviderFault:
    """`what` went wrong and what to `do`, each for a sentence; `clause` says it of a reply that had begun. Up to `tries` in
    all may help, after `wait_seconds` where the server named them; `pause_seconds` replaces the pause drawn by lot. `rejected` is the
    parameter that it refused."""

    kind: type[ModelError]
    what: str
    do: str
    clause: str = "the connection broke"
    tries: int = 1
    wait_seconds: float = 0.0
    pause_seconds: float | None = None
    rejected: str | None = None
    unknown_model: bool = False

    def error(self, tries: int = 1) -> ModelError:
        return self.kind(f"{self.what}{f', {tries} times in a row' if tries > 1 else ''}. {self.do}")


@dataclass(frozen=True, kw_only=True)
class FaultReader:
    """Classifies failures of one endpoint; `secrets` are removed from its messages."""

    host: str
    netloc: str
    address: str
    has_key: bool
    is_loopback: bool = False
    secrets: Sequence[str] = field(default=(), repr=False)

    def quote(self, text: str) -> str:
        """A server's words without keys, on one line, bounded."""
        for secret in sorted(filter(None, self.secrets), key=len, reverse=True):
            text = text.replace(secret, "…")
        text = " ".join(_KEYS.sub("…", text).split())
        return text if len(text) <= MAX_QUOTED_CHARACTERS else text[: MAX_QUOTED_CHARACTERS - 1] + "…"

    def leaks(self, error: BaseException | None) -> bool:
        """Whether the error, or what caused it, repeats a secret: servers are known to."""
        detail = " ".join(f"{cause} {cause!r}" for cause in error_chain(error))
        return any(secret in detail for secret in self.secrets if secret)

    def status(
        self, status: int, headers: Mapping[str, str], body: Any, model: str, parameters: Sequence[str]
    ) -> ProviderFault:
        """The fault behind an answer with an error status; `body` as it came, `parameters` those that could be left out."""
        message, code, parameter = _fields(body)
        saying = self.quote(message)
        detail = f"({status}: {saying})" if saying else f"({status})"
        clause = f"{self.host} failed {detail}"
        words = f"{code} {message}"
        if status in (400, 413, 422, 429, 500) and (_TOO_LONG.search(words) or status == 413):
            return ProviderFault(
                kind=TooLongError, what=f"The request is longer than {model} at {self.host} can read {detail}",
                do="Show it fewer papers, or use a model with a longer context.", clause=clause,
            )  # fmt: skip
        if status in (400, 422):
            named = [name for name in parameters if parameter == name or re.search(rf"\b{name}\b", message)]
            if named:
                return self._setup(
                    f"{self.host} rejects {named[0]} {detail}", "Use another model or endpoint.", named[0]
                )
        if (access := self._access(status, model, words, detail)) is not None:
            return access
        if status in (400, 404) and _NO_CHAT.search(message):
            return self._setup(f"{model} does not answer chat completions", "Set QA_MODEL or --model to one that does.")
        if status in (400, 404, 422) and _NO_MODEL.search(words):
            return self.no_model(model, ())
        if status in (404, 405, 501):
            return self._setup(
                f"Nothing at {self.address} answers chat completions {detail}",
                f"{CHECK_URL[:-1]}, and QA_MODEL or --model.",
            )
        if 300 <= status < 400:
            return self._setup(f"{self.address} sends on to another address ({status})", CHECK_URL)
        if status in (408, 409, 425, 429) or status >= 500:
            what = f"{self.host} takes no more requests now {detail}" if status == 429 else clause
            return _transient(what, clause, retry_after(headers) or 0.0)
        return self._setup(
            f"{self.host} rejects the request {detail}", "Check the model's name and the endpoint's address."
        )

    def _access(self, status: int, model: str, words: str, detail: str) -> ProviderFault | None:
        """The fault where the key or the account is the cause; None where neither is."""
        if status == 401:
            if self.has_key:
                return self._setup(
                    f"{self.host} refuses the key (401)", "Set OPENAI_API_KEY to a valid key of that endpoint."
                )
            return self._setup(f"{self.host} wants a key (401)", "Set OPENAI_API_KEY.")
        if status == 402 or (status in (403, 429) and _NO_CREDIT.search(words)):
            return self._setup(
                f"The account at {self.host} has no credit left {detail}",
                "Add credit to it, or set another OPENAI_API_KEY.",
            )
        if status == 403:
            return self._setup(
                f"{self.host} does not let this key use {model} {detail}",
                "Set OPENAI_API_KEY to a key that may, or QA_MODEL.",
            )
        return None

    def no_model(self, model: str, listed: Sequence[str]) -> ProviderFault:
        """The endpoint does not know the model; `listed` are those that it does."""
        names = ", ".join(self.quote(name)[:80] for name in listed[:MAX_LISTED_MODELS])
        more = " and others" if len(listed) > MAX_LISTED_MODELS else ""
        one = f"one that it has: {names}{more}." if names else "one that it has."
        fault = self._setup(f"{self.host} has no model {model!r}", f"Set QA_MODEL or --model to {one}")
        return replace(fault, unknown_model=True)

    def no_protocol(self, content_type: str) -> ProviderFault:
        """200, but not a stream of a chat completion."""
        sent = self.quote(content_type)[:60] or "something else"
        return self._setup(f"The server at {self.address} does not stream chat completions (it sent {sent})", CHECK_URL)

    def broken(self) -> ProviderFault:
        """A line that cannot be read, or an end before the end."""
        return ProviderFault(
            kind=ModelUnavailableError, what=f"The reply of {self.host} broke off before its first word", do=LATER, tries=TRIES,
        )  # fmt: skip

    def silence(self, seconds: float, *, connecting: bool = False) -> ProviderFault:
        what = f"Connection to {self.netloc} timed out" if connecting else f"{self.host} said nothing"
        return ProviderFault(
            kind=ModelUnavailableError, what=f"{what} for {seconds:g} s", do=LATER, tries=SILENT_TRIES,
            clause=f"nothing more came for {seconds:g} s",
        )  # fmt: skip

    def too_slow(self) -> ProviderFault:
        what = f"{self.host} took too long over its reply"
        return ProviderFault(kind=ModelUnavailableError, what=what, do=LATER, clause="it took too long")

    def too_much(self) -> ProviderFault:
        what = f"{self.host} sent far more than was asked for, and no reply in it"
        return replace(self._setup(what, "Use another model or endpoint."), clause="it went far past its limit")

    def transport(self, error: BaseException) -> ProviderFault:
        """The fault behind an error of the connection, found in what caused it."""
        reason, cause = connection_fault(error)
        if reason is ConnectionFault.REFUSED:
            return ProviderFault(
                kind=ModelUnavailableError, what=f"No server answers at {self.netloc} (connection refused)",
                tries=2 if self.is_loopback else TRIES, pause_seconds=REFUSED_PAUSE_SECONDS if self.is_loopback else None,
                do="Is it running? Start it, check OPENAI_BASE_URL or --base-url, or ask without the model: --no-model.",
            )  # fmt: skip
        if reason is ConnectionFault.UNKNOWN_HOST:
            return ProviderFault(
                kind=ModelUnavailableError, what=f"The address of {self.host} cannot be found", tries=TRIES,
                do="Check the network, and OPENAI_BASE_URL or --base-url; or ask without the model: --no-model.",
            )  # fmt: skip
        if reason is ConnectionFault.UNTRUSTED_CERTIFICATE:
            return self._setup(
                f"The certificate of {self.host} cannot be trusted",
                "Check the address, or name your own in SSL_CERT_FILE.",
            )
        if reason is ConnectionFault.NOT_TLS:
            return self._setup(
                f"The server at {self.netloc} does not speak TLS",
                "Write http:// instead of https:// in OPENAI_BASE_URL or --base-url.",
            )
        return ProviderFault(
            kind=ModelUnavailableError, what=f"The connection to {self.netloc} broke ({type(cause).__name__})", do=LATER, tries=TRIES,
        )  # fmt: skip

    def _setup(self, what: str, do: str, rejected: str | None = None) -> ProviderFault:
        return ProviderFault(
            kind=ModelSetupError, what=what, do=do, clause=what[:1].lower() + what[1:], rejected=rejected
        )


def _transient(what: str, clause: str, wait_seconds: float) -> ProviderFault:
    too_long = wait_seconds > LONGEST_WAIT_SECONDS
    return ProviderFault(
        kind=ModelUnavailableError, what=f"{what} and asks to wait {wait_seconds:,.0f} s" if too_long else what,
        do=LATER, clause=clause, wait_seconds=wait_seconds, tries=1 if too_long else TRIES,
    )  # fmt: skip


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks to wait, as a number or until a date (by the server's own clock where it tells it);
    None where it does not say or says nonsense. `headers` are read by names in small letters."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d*)?", value):
        return float(value)
    until = _date(value)
    if until is None:
        return None
    now = _date(headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError):
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)


def _fields(body: Any) -> tuple[str, str, str]:
    """Message, code or type, and parameter of an error body, as far as it has them; of other bodies the text."""
    if isinstance(body, str):
        try:
            body = json.loads(body)
        except (ValueError, RecursionError):
            return ("" if "<" in body[:200] else body), "", ""
    error: Any = body.get("error", body) if is_object(body) else body
    if not is_object(error):
        return str(error or ""), "", ""
    message = error.get("message") or error.get("detail") or ""
    return str(message), f"{error.get('code') or ''} {error.get('type') or ''}", str(error.get("param") or "")
