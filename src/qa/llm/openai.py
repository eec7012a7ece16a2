"""A language model behind any endpoint that speaks OpenAI's chat-completions protocol, through the openai client.

Retries within limits and reports failures. Prompts, cache and costs are elsewhere.
"""

import re
import threading
import time
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from typing import Any

from qa.errors import InputError, ModelSetupError
from qa.json_types import is_object
from qa.llm.base import Message, StreamEnd
from qa.llm.chunks import (
    ReasoningFilter,
    TokenCounts,
    latest_counts,
    max_characters,
    read_completion_chunk,
    replace_surrogates,
    why_cut,
)
from qa.llm.failures import FaultReader, ProviderFault
from qa.llm.http import HTTPClient, ResponseTooLargeError, Secret, StreamMonitor
from qa.llm.retries import ProviderFaultError, retry_faults

OPENAI_URL = "https://api.openai.com/v1"
SILENCE_SECONDS = 90.0
"""Between two chunks; a model on a laptop's processor reads a request of 6,000 tokens for more than a minute."""
TOTAL_SECONDS = 600.0
"""For a reply with all its tries: 1,000 tokens at 2 a second, slower than anybody waits for."""
REASONING_TOKENS = 4096
"""Tokens for reasoning besides the reply, for models whose limit counts both: with fewer, gpt-5-mini may reason and not reply."""
BYTES_PER_TOKEN = 2000
"""A chunk of one token comes in 200 to 500 bytes of JSON; beyond this, and a megabyte, nothing is read."""
SLACK_BYTES = 1_000_000
MOST_NAMED = 10

_REASONS = re.compile(r"(?:^|/)(?:o\d|gpt-5)")
_TAKES_DEVELOPER = re.compile(r"(?!o1-mini|o1-preview)(?:o\d|gpt-5)")
"""OpenAI's reasoning models by their plain names: they take instructions in the role developer instead of system."""
_LIMITS = ("max_tokens", "max_completion_tokens")
_PARAMETERS = ("stream_options", "temperature", *_LIMITS)


class _BrokenError(Exception):
    """The stream ended early, or contained something that is not part of a reply."""


class _StatusError(Exception):
    """The endpoint answered a GET with an error status."""

    def __init__(self, response: Any) -> None:
        super().__init__(response.status_code)
        self.response = response


class Endpoint:
    """A Model at `base_url` (OpenAI's own by default). Nothing is imported, built or asked before it is first used.

    Without `model`, it is the only one that the endpoint lists, asked when first needed. `timeout_seconds` is the
    longest silence before and between two chunks, `total_seconds` the time for a reply with all its tries. InputError
    for a base URL or a key that cannot be one. One endpoint may be used by many threads.
    """

    def __init__(
        self,
        *,
        model: str | None = None,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout_seconds: float = SILENCE_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.given_name = model
        """The name as it was given; None where the endpoint has to be asked for it."""
        key = (api_key or "").strip()
        if re.search(r"[^\x21-\x7e]", key):
            raise InputError("The key holds blanks or letters that no key has. Set OPENAI_API_KEY again.")
        self._http = HTTPClient(base_url or OPENAI_URL, silence_seconds=timeout_seconds, key=key)
        self._faults = FaultReader(
            host=self._http.host, netloc=self._http.netloc, address=self._http.address, has_key=bool(key),
            is_loopback=self._http.is_loopback, secrets=(key, self._http.password),
        )  # fmt: skip
        self._key = Secret(key)
        self._timeout_seconds, self._total_seconds, self._sleep = timeout_seconds, total_seconds, sleep
        self._name = model
        self._openai = Secret(None)  # its repr shows the key
        self._rejected: set[str] = set()
        self._lock = threading.RLock()

    def __repr__(self) -> str:
        return f"Endpoint(model={self._name!r}, base_url={self.address!r})"

    @property
    def host(self) -> str:
        """host[:port] of the base URL."""
        return self._http.host

    @property
    def address(self) -> str:
        """The base URL, without user and password."""
        return self._http.address

    @property
    def name(self) -> str:
        """The model's name. Where none was given the endpoint is asked, once: ModelError as in `models`, and
        ModelSetupError where it lists none or several."""
        with self._lock:
            if self._name is None:
                self._name = self._only_one(self.models())
            return self._name

    def models(self) -> list[str]:
        """The names that the endpoint lists, in its order; [] where it lists none, or keeps no list. ModelError where
        it does not answer."""
        return self._retry(self._list_models)

    def most_tokens_out(self, reply_tokens: int) -> int:
        """What a reply of `reply_tokens` tokens may take in tokens, reasoning included."""
        return reply_tokens + (REASONING_TOKENS if self._limit() == "max_completion_tokens" else 0)

    def stream(self, messages: Sequence[Message], *, reply_tokens: int) -> Iterator[str | StreamEnd]:
        """See Model; retried only before the first chunk. An empty reply is a `StreamEnd` alone."""
        plain = [(message["role"], replace_surrogates(message["content"])) for message in messages]

        def begin(seconds: float) -> tuple[str | StreamEnd, Generator[str | StreamEnd, None, None]]:
            reply = self._once(plain, reply_tokens, seconds)
            return next(reply), reply

        first, rest = self._retry(begin)
        with closing(rest):
            yield first
            yield from rest

    def _retry(self, ask: Callable[[float], Any]) -> Any:
        return retry_faults(ask, seconds=self._total_seconds, sleep=self._sleep, leaks=self._faults.leaks)

    def _once(
        self, messages: list[tuple[str, str]], reply_tokens: int, seconds: float
    ) -> Generator[str | StreamEnd, None, None]:
        """One try; ProviderFaultError before the first chunk."""
        name = self.name
        client = self._client()
        options = self._options(reply_tokens)
        most_tokens = self.most_tokens_out(reply_tokens)
        most = max_characters(most_tokens)
        monitor = self._http.monitor(most_bytes=BYTES_PER_TOKEN * most_tokens + SLACK_BYTES, most_seconds=seconds)
        chunks: Any = None
        reasoning = ReasoningFilter()
        read, begun = 0, False
        finish: str | None = None
        tokens: TokenCounts = (None, None)
        cut: str | None = None
        try:
            chunks = client.chat.completions.create(
                model=name, messages=_as_sent(messages, name), stream=True, **options
            )
            for chunk in chunks:
                text, why, counted = read_completion_chunk(chunk)
                finish, tokens = why or finish, latest_counts(tokens, counted)
                released = replace_surrogates(reasoning.feed(text[: most - read]))
                read += len(text)
                if released:
                    begun = True
                    yield released
                if read > most:
                    raise ResponseTooLargeError
            if not (finish or monitor.done):
                raise _BrokenError
            if released := replace_surrogates(reasoning.rest()):
                yield released
        except Exception as error:
            if not (finish or monitor.done) or isinstance(error, ResponseTooLargeError):
                fault = self._fault(error, monitor, list(options))
                if not begun:
                    raise ProviderFaultError(fault) from error
                cut = fault.clause
        finally:
            if chunks is not None:
                chunks.close()
            monitor.close()
        yield StreamEnd(tokens_in=tokens[0], tokens_out=tokens[1], cut=cut or why_cut(finish, reply_tokens))

    def _client(self) -> Any:
        """The openai client; importing it takes most of a second, so not before it is needed."""
        with self._lock:
            if self._openai.value is None:
                from openai import OpenAI

                self._openai.value = OpenAI(
                    base_url=self._http.address, api_key=self._key.value or "none", max_retries=0,
                    timeout=self._http.timeout(), http_client=self._http.client(),
                )  # fmt: skip
            return self._openai.value

    def _limit(self) -> str | None:
        """The parameter that limits the reply: reasoning models take the newer one, many servers know only the older."""
        reasons = bool(_REASONS.search(self._name or ""))
        return next((name for name in _LIMITS[:: -1 if reasons else 1] if name not in self._rejected), None)

    def _options(self, reply_tokens: int) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if limit := self._limit():
            options[limit] = self.most_tokens_out(reply_tokens)
        if "stream_options" not in self._rejected:
            options["stream_options"] = {"include_usage": True}
        if not ("temperature" in self._rejected or _REASONS.search(self._name or "")):
            options["temperature"] = 0
        return options

    def _list_models(self, seconds: float) -> list[str]:
        monitor = self._http.monitor(most_bytes=SLACK_BYTES, most_seconds=seconds)
        headers = {"Authorization": f"Bearer {self._key.value}"} if self._key.value else {}
        try:
            response = self._http.client().get(f"{self._http.address}/models", headers=headers)
            if response.status_code in (404, 405, 501):
                return []
            if response.status_code != 200:
                raise _StatusError(response)
            return [replace_surrogates(str(row["id"])) for row in response.json()["data"] or ()]
        except Exception as error:
            raise ProviderFaultError(self._fault(error, monitor)) from error

    def _only_one(self, listed: list[str]) -> str:
        chat = [name for name in listed if "embed" not in name.lower()]  # LM Studio lists its embedding models too
        if len(chat) == 1:
            return chat[0]
        if not chat:
            raise ModelSetupError(
                f"{self.address} lists no models. Set QA_MODEL or --model to the name of one, or check the address (it mostly ends in /v1)."
            )
        names = ", ".join(self._faults.quote(name)[:80] for name in chat[:MOST_NAMED])
        more = f" and {len(chat) - MOST_NAMED} more" if len(chat) > MOST_NAMED else ""
        raise ModelSetupError(f"{self.host} has several models. Set QA_MODEL or --model to one of them: {names}{more}.")

    def _fault(self, error: Exception, monitor: StreamMonitor, sent: Sequence[str] = ()) -> ProviderFault:
        """What an error of the client, or of reading what came, means to the user; `sent` are the options of the call."""
        if (fault := self._http.fault(error, self._faults)) is not None:
            return fault
        if (response := getattr(error, "response", None)) is not None:
            return self._status(response.status_code, response.headers, _text(response), sent)
        if is_object(body := getattr(error, "body", None)) or isinstance(body, str):  # an error within the stream
            code = str(body.get("code")) if is_object(body) else ""
            return self._status(int(code) if re.fullmatch("[45][0-9][0-9]", code) else 500, {}, body, sent)
        if monitor.received and monitor.content_type != "text/event-stream":
            return self._faults.no_protocol(monitor.content_type)
        return self._faults.broken()

    def _status(self, status: int, headers: Mapping[str, str], body: Any, sent: Sequence[str]) -> ProviderFault:
        name = self._name or ""
        fault = self._faults.status(status, headers, body, name, [option for option in sent if option in _PARAMETERS])
        if fault.rejected:
            with self._lock:
                self._rejected.add(fault.rejected)
        elif sent and (fault.unknown_model or status == 404):
            try:
                listed = self._list_models(self._timeout_seconds)
            except ProviderFaultError:
                listed = []
            if listed and name not in listed:
                return self._faults.no_model(name, listed)
        return fault


def _as_sent(messages: list[tuple[str, str]], name: str) -> list[dict[str, str]]:
    system = "developer" if _TAKES_DEVELOPER.match(name) else "system"
    return [{"role": system if role == "system" else role, "content": text} for role, text in messages]


def _text(response: Any) -> str:
    try:
        return response.text
    except Exception:  # a body that broke off: the status says enough
        return ""
