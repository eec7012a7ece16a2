"""The `Model` protocol, and the adapter that makes llama-index LLM objects and plain functions fit it.

Nothing is retried or cached here, and no cost is counted: see `openai`, `cache` and `client`.
"""

import inspect
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from qa.errors import InputError, ModelError, ModelSetupError, ModelUnavailableError
from qa.llm.chunks import (
    Chunk,
    ReasoningFilter,
    TokenCounts,
    latest_counts,
    max_characters,
    read_response,
    replace_surrogates,
    why_cut,
)

Message = Mapping[str, str]
"""{"role": "system", "user" or "assistant", "content": text}"""

MAX_QUOTED_CHARACTERS = 300
"""Characters of an adapted object's error that are shown."""


@dataclass(frozen=True, kw_only=True)
class StreamEnd:
    """The last item of every reply: tokens as the endpoint counted them (None where it did not say), and in `cut`,
    where the reply is not whole, why (a clause: "the connection broke"). `cost` (US dollars, None: not known) and
    `cached` are filled in by `MeteredModel`."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    cut: str | None = None
    cost: float | None = None
    cached: bool = False


class Model(Protocol):
    """A language model: `name` as its endpoint calls it, `host` where it answers ("" in this process)."""

    @property
    def name(self) -> str: ...

    @property
    def host(self) -> str: ...

    def stream(self, messages: Sequence[Message], *, reply_tokens: int) -> Iterator[str | StreamEnd]:
        """The reply in chunks, and finally a `StreamEnd`; at most about `reply_tokens` tokens.

        ModelError is raised only before the first chunk; a later failure is reported in `StreamEnd.cut`.
        """
        ...


def as_model(thing: Any) -> Model:
    """A Model for this object: a Model as it is, a llama-index LLM object, or a callable that gets a list of
    {"role", "content"} and returns a str or an iterable of str. InputError for anything else.

    What these raise becomes a ModelUnavailableError before the first chunk, and cuts the reply after it. Their limit
    of tokens is unknown here, so their replies are cut by characters (`max_characters`).
    """
    if not isinstance(thing, type):
        # Looked at without asking: the name of an endpoint may be one that it has to be asked for.
        if all(inspect.getattr_static(thing, part, None) is not None for part in ("stream", "name", "host")):
            return thing
        if callable(getattr(thing, "stream_chat", None)) and hasattr(thing, "metadata"):
            name = getattr(thing.metadata, "model_name", None)
            return _AdaptedModel(
                str(name or type(thing).__name__), lambda messages: _llama_index_chunks(thing, messages)
            )
        if callable(thing):
            name = getattr(thing, "__name__", None) or type(thing).__name__
            return _AdaptedModel(str(name).strip("<>"), lambda messages: _callable_chunks(thing, messages))
    raise InputError(
        f"{_truncate(repr(thing), 60)} is not a language model. Pass a llama-index LLM object, or a function that gets a list"
        ' of {"role", "content"} and returns text.'
    )


@dataclass(frozen=True)
class _AdaptedModel:
    """An adapted object: its chunks are checked and bounded, its errors translated."""

    name: str
    chunks: Callable[[list[dict[str, str]]], Generator[Chunk, None, None]]
    host: str = ""

    def stream(self, messages: Sequence[Message], *, reply_tokens: int) -> Iterator[str | StreamEnd]:
        reasoning = ReasoningFilter()
        given, most, begun = 0, max_characters(reply_tokens), False
        finish: str | None = None
        tokens: TokenCounts = (None, None)
        cut: str | None = None
        chunks = self.chunks([{"role": message["role"], "content": message["content"]} for message in messages])
        try:
            for text, why, counted in chunks:
                finish, tokens = why or finish, latest_counts(tokens, counted)
                if given + len(text) > most:
                    cut = f"it went on past {most:,} characters"
                released = replace_surrogates(reasoning.feed(text[: most - given]))
                given += len(text)
                if released:
                    begun = True
                    yield released
                if cut:
                    break
            if cut is None and (released := replace_surrogates(reasoning.rest())):
                yield released
        except Exception as error:
            if begun:
                cut = f"{self.name} failed ({_describe(error)})"
            elif isinstance(error, ModelError):
                raise
            else:
                raise ModelUnavailableError(
                    f"The model {_truncate(self.name, 80)} failed ({_describe(error)}). Ask again, or without a model."
                ) from error
        finally:
            chunks.close()
        yield StreamEnd(tokens_in=tokens[0], tokens_out=tokens[1], cut=cut or why_cut(finish, reply_tokens))


def _llama_index_chunks(llm: Any, messages: list[dict[str, str]]) -> Generator[Chunk, None, None]:
    from llama_index.core.base.llms.types import ChatMessage

    chat = [ChatMessage(role=message["role"], content=message["content"]) for message in messages]
    length = 0
    try:
        responses = llm.stream_chat(chat)
    except NotImplementedError:  # some of them cannot stream
        responses = iter([llm.chat(chat)])
    try:
        for response in responses:
            chunk = read_response(response, length)
            length += len(chunk[0])
            yield chunk
    finally:
        _close(responses)


def _callable_chunks(
    function: Callable[[list[dict[str, str]]], Any], messages: list[dict[str, str]]
) -> Generator[Chunk, None, None]:
    reply = function(messages)
    if isinstance(reply, str):
        reply = [reply]
    if not isinstance(reply, Iterable) or isinstance(reply, (bytes, Mapping)):
        raise _no_text(reply)
    chunks = iter(cast(Iterable[Any], reply))
    try:
        for chunk in chunks:
            if not isinstance(chunk, str):
                raise _no_text(chunk)
            yield chunk, None, (None, None)
    finally:
        _close(chunks)


def _no_text(thing: Any) -> ModelSetupError:
    return ModelSetupError(
        f"The model gave {type(thing).__name__} where text was expected. Let it return a str or an iterable of str."
    )


def _close(iterator: Any) -> None:
    close = getattr(iterator, "close", None)
    if callable(close):
        close()


def _describe(error: Exception) -> str:
    words = _truncate(" ".join(str(error).split()), MAX_QUOTED_CHARACTERS)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def _truncate(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"
