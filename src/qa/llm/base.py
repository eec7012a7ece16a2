"""The seam to a language model: what the chain needs of one, and how foreign objects are made to fit.

No prompt is written here, nothing is retried, cached or paid: see prompts, endpoint and calls.
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
"""Characters that are shown of what a server or a foreign object says."""


@dataclass(frozen=True, kw_only=True)
class StreamEnd:
    """The last item of every reply: tokens as the endpoint counted them (None where it did not say), and in `cut`,
    where the reply is not whole, why (a clause: "the connection broke"). `cost` (US dollars, None: not known) and
    `cached` are filled in by who keeps accounts."""

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
    """The model that was meant: one of ours as it is, a llama-index LLM object, or a callable that gets a list of
    {"role", "content"} and returns a str or an iterable of str. InputError for anything else.

    What these raise is a ModelAwayError before the first piece, and cuts the reply after it. They keep no limit of
    tokens that is known here, so their replies are cut by characters (`max_characters`).
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
    """A foreign object behind our seam: its pieces are checked, bounded, and its faults translated."""

    name: str
    pieces: Callable[[list[dict[str, str]]], Generator[Chunk, None, None]]
    host: str = ""

    def stream(self, messages: Sequence[Message], *, reply_tokens: int) -> Iterator[str | StreamEnd]:
        thinking = ReasoningFilter()
        given, most, begun = 0, max_characters(reply_tokens), False
        finish: str | None = None
        tokens: TokenCounts = (None, None)
        cut: str | None = None
        pieces = self.pieces([{"role": message["role"], "content": message["content"]} for message in messages])
        try:
            for text, why, counted in pieces:
                finish, tokens = why or finish, latest_counts(tokens, counted)
                if given + len(text) > most:
                    cut = f"it went on past {most:,} characters"
                released = replace_surrogates(thinking.feed(text[: most - given]))
                given += len(text)
                if released:
                    begun = True
                    yield released
                if cut:
                    break
            if cut is None and (released := replace_surrogates(thinking.rest())):
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
            pieces.close()
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
            piece = read_response(response, length)
            length += len(piece[0])
            yield piece
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
    pieces = iter(cast(Iterable[Any], reply))
    try:
        for piece in pieces:
            if not isinstance(piece, str):
                raise _no_text(piece)
            yield piece, None, (None, None)
    finally:
        _close(pieces)


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
