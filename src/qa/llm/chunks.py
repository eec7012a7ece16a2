"""Reads the chunks of a reply: its text without the model's reasoning, why it ended, and the tokens it took.

`read_completion_chunk` takes the openai client's chunks, `read_response` llama-index's responses. Nothing is sent here.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, cast

CHARACTERS_PER_TOKEN = 8
"""The shipped abstracts have 5.2 characters a token; a reply with more than 8 for each one that was asked for has lost its limit."""
SLACK_CHARACTERS = 2000

_SURROGATES = re.compile("[\ud800-\udfff]")


def max_characters(reply_tokens: int) -> int:
    """The characters after which a reply of `reply_tokens` tokens is cut."""
    return CHARACTERS_PER_TOKEN * reply_tokens + SLACK_CHARACTERS


def replace_surrogates(text: str) -> str:
    """The text with halves of surrogate pairs replaced, which can be neither sent, saved nor shown."""
    return _SURROGATES.sub("\ufffd", text)


class ReasoningFilter:
    """Takes a leading <think>…</think> out of a reply that comes in chunks, and the blanks before the reply.

    Only at the very beginning: later the words are the reply's own. A block that never ends is all reasoning.
    """

    def __init__(self) -> None:
        self._held: str = ""
        self._mark: str | None = None  # the tag that ends the reasoning being read
        self._past = False

    def feed(self, chunk: str) -> str:
        """The text that this chunk releases; "" while that is undecided."""
        if self._past:
            return chunk
        self._held += chunk
        while True:
            if self._mark is None:
                self._held = self._held.lstrip()
                if not (opened := _OPENING.match(self._held)):
                    return "" if _BEGINS_OPENING.fullmatch(self._held) else self.rest()
                self._mark, self._held = f"</{opened[1]}>", self._held[opened.end() :]
            if not (closed := re.search(self._mark, self._held, re.IGNORECASE)):
                self._held = self._held[-len(self._mark) :]
                return ""
            self._mark, self._held = None, self._held[closed.end() :]

    def rest(self) -> str:
        """What was still held back when the reply ended; "" of reasoning that never did."""
        text = "" if self._past or self._mark else self._held
        self._past, self._held = True, ""
        return text


_OPENING = re.compile("<(think|thinking)>", re.IGNORECASE)
_BEGINS_OPENING = re.compile("(<(t(h(i(n(k(i(n(g)?)?)?)?)?)?)?)?)?", re.IGNORECASE)


TokenCounts = tuple[int | None, int | None]
"""In and out, None where nothing was said of them."""
Chunk = tuple[str, str | None, TokenCounts]
"""Text, why the model stopped ("length", …) and tokens, as far as this chunk says so."""


def read_completion_chunk(chunk: Any) -> Chunk:
    """What a chunk of a chat completion adds; ValueError for an object with neither choices nor usage.

    The client does not validate what servers send: choices may be empty or null, content may be a list of parts, and
    usage may come in any chunk. Parts that are not text are skipped.
    """
    choices, usage = _field(chunk, "choices"), _field(chunk, "usage")
    if not isinstance(choices, Sequence) and usage is None:
        raise ValueError("not a chunk of a chat completion")
    first: Any = cast(Sequence[Any], choices)[0] if choices else None
    return _text_of(_field(_field(first, "delta"), "content")), _finish(first), _tokens(usage)


def _text_of(content: Any) -> str:
    if isinstance(content, list):
        parts = cast(list[Any], content)
        content = "".join(_text_of(_field(part, "text")) for part in parts if _field(part, "type") == "text")
    return content if isinstance(content, str) else ""


def read_response(response: Any, length: int = 0) -> Chunk:
    """What a llama-index ChatResponse adds to the `length` characters before it; its raw part is read as it is found."""
    delta = getattr(response, "delta", None)
    if delta is None:
        delta = (response.message.content or "")[length:]
    raw = getattr(response, "raw", None)
    choices = _field(raw, "choices") or [None]
    usage = _field(raw, "usage") or _field(raw, "usage_metadata") or raw
    return delta, _finish(choices[0]), _tokens(usage)


def _finish(choice: Any) -> str | None:
    finish = _field(choice, "finish_reason")
    return finish if isinstance(finish, str) else None


def _tokens(usage: Any) -> TokenCounts:
    return (
        _count(usage, "prompt_tokens", "input_tokens", "prompt_eval_count", "prompt_token_count"),
        _count(usage, "completion_tokens", "output_tokens", "eval_count", "candidates_token_count"),
    )


def _field(thing: Any, name: str) -> Any:
    return cast(Mapping[str, Any], thing).get(name) if isinstance(thing, Mapping) else getattr(thing, name, None)


def _count(usage: Any, *names: str) -> int | None:
    for name in names:
        value = _field(usage, name)
        if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
            return value
    return None


def latest_counts(old: TokenCounts, new: TokenCounts) -> TokenCounts:
    """The counts as the latest chunk that had any gave them: some endpoints count up with every chunk."""
    return old[0] if new[0] is None else new[0], old[1] if new[1] is None else new[1]


def why_cut(finish: str | None, reply_tokens: int) -> str | None:
    """The clause for `StreamEnd.cut` where the model itself says that the reply is not whole."""
    if finish in ("length", "max_tokens"):
        return f"it reached its limit of {reply_tokens} tokens"
    return "the endpoint's content filter stopped it" if finish == "content_filter" else None
