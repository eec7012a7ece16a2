"""Meters a command's calls to a model: the cache before them, the budget, and the tokens and cost they took.

Nothing is retried here (see `retries`), and no prompt is known.
"""

import math
import threading
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing, nullcontext
from dataclasses import dataclass, replace
from typing import Any, cast

from qa.errors import BudgetError, InputError
from qa.llm.base import Message, Model, StreamEnd
from qa.llm.cache import Reply, ReplyCache, request_key
from qa.llm.pricing import FORM, Price, Prices, read_prices
from qa.llm.token_count import count_tokens, request_tokens


@dataclass(frozen=True, kw_only=True)
class Totals:
    """What was spent so far: tokens, US dollars (None once a call's price was not known), calls that were answered, and
    replies that came out of the cache."""

    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = 0.0
    calls: int = 0
    cache_hits: int = 0

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


def check_limits(*, max_cost: float | None, max_total_tokens: int | None) -> None:
    """InputError for an invalid limit; `max_cost` is in US dollars, None means no limit."""
    if max_cost is not None and not (math.isfinite(max_cost) and max_cost >= 0):
        raise InputError(f"{max_cost!r} is not a valid cost limit. Give --max-cost in US dollars, 0 or more.")
    if max_total_tokens is not None and max_total_tokens < 0:
        raise InputError(f"{max_total_tokens!r} is not a valid token limit. Give --max-total-tokens as 0 or more.")


class MeteredModel:
    """Calls to one model, counted over the whole command; to be shared by all its threads.

    `max_cost` (US dollars) and `max_total_tokens` stop before the call that could pass them; what replies out of the
    cache took is not counted again. InputError for an invalid limit, and for `max_cost` with a model whose price is
    not known (at the first call, where the endpoint has to be asked for the model's name).
    """

    def __init__(
        self,
        model: Model,
        *,
        cache: ReplyCache | None = None,
        max_cost: float | None = None,
        max_total_tokens: int | None = None,
        prices: Prices | None = None,
    ) -> None:
        check_limits(max_cost=max_cost, max_total_tokens=max_total_tokens)
        self.model, self.cache = model, cache
        self.max_cost, self.max_total_tokens = max_cost, max_total_tokens
        self._prices = prices or read_prices()
        self._totals = Totals()
        self._held_tokens, self._held_cost = 0, 0.0  # by calls that are under way
        self._lock = threading.Lock()
        if max_cost is not None and getattr(model, "given_name", "") is not None:
            self._price()

    @property
    def totals(self) -> Totals:
        return self._totals

    def stream(
        self, messages: Sequence[Message], *, reply_tokens: int, fresh: bool = False
    ) -> Iterator[str | StreamEnd]:
        """The reply in chunks and finally a `StreamEnd` with tokens (estimated where the endpoint did not count), cost and
        `cached`. A cached reply comes in one chunk, with 0 tokens and no cost; `fresh` asks the model all the same, and
        its reply takes the place of the cached one.

        Whole replies are cached, if not blank, and not those of a model in this process: its name may be that of
        another function. ModelError as the model raises it, none of them counted; BudgetError.
        """
        name, address = self.model.name, getattr(self.model, "address", "") or self.model.host
        key = request_key(messages, name=name, address=address, reply_tokens=reply_tokens)
        cache = self.cache if self.model.host else None
        if cache is not None and not fresh and (kept := cache.get(key)) is not None:
            with self._lock:
                self._totals = replace(self._totals, cache_hits=self._totals.cache_hits + 1)
            yield kept.text
            yield StreamEnd(tokens_in=0, tokens_out=0, cost=0.0, cached=True)
            return
        with closing(self._asked(messages, reply_tokens, cache, key)) as reply:
            yield from reply

    def _asked(
        self, messages: Sequence[Message], reply_tokens: int, cache: ReplyCache | None, key: str
    ) -> Generator[str | StreamEnd, None, None]:
        price = self._price()
        tokens_in = request_tokens(messages)
        most_out = int(getattr(self.model, "most_tokens_out", int)(reply_tokens))
        held_cost = price.cost(tokens_in, most_out) if price else 0.0
        self._hold(tokens_in + most_out, held_cost)
        text, answered = "", False
        ended = StreamEnd(cut="it ended without a word on how")
        try:
            reply = self.model.stream(messages, reply_tokens=reply_tokens)
            with closing(cast(Any, reply)) if hasattr(reply, "close") else nullcontext():
                for item in reply:
                    answered = True
                    if isinstance(item, StreamEnd):
                        ended = item
                        break
                    text += item
                    yield item
        finally:
            # Also if the reader stops: what was sent and received is paid for.
            ended = replace(
                ended,
                tokens_in=ended.tokens_in or tokens_in,  # there are servers that count nothing as 0
                tokens_out=ended.tokens_out or count_tokens(text),
            )
            ended = self._settled(ended, price, tokens_in + most_out, held_cost, answered=answered)
        if cache is not None and ended.cut is None and text.strip():
            cache.put(key, Reply(text=text, tokens_in=ended.tokens_in or 0, tokens_out=ended.tokens_out or 0))
        yield ended

    def _price(self) -> Price | None:
        price = self._prices.of(self.model.name, self.model.host)
        if price is None and self.max_cost is not None:
            where = f" at {self.model.host}" if self.model.host else ""
            raise InputError(
                f"The price of {self.model.name}{where} is not known, so --max-cost cannot be kept."
                f" Name a file in QA_PRICES that has it, in US dollars per million tokens, like {FORM}, or use --max-total-tokens."
            )
        return price

    def _hold(self, tokens: int, cost: float) -> None:
        """Set aside what a call could take, or BudgetError."""
        with self._lock:
            spent = self._totals.tokens + self._held_tokens
            if self.max_total_tokens is not None and spent + tokens > self.max_total_tokens:
                raise BudgetError(
                    f"The next call could take {tokens:,} tokens, and {spent:,} of --max-total-tokens {self.max_total_tokens:,}"
                    " are spent. Raise it, or ask without the model: --no-model."
                )
            paid = (self._totals.cost or 0.0) + self._held_cost
            if self.max_cost is not None and paid + cost > self.max_cost:
                raise BudgetError(
                    f"The next call could cost ${cost:.4f}, and ${paid:.4f} of --max-cost ${self.max_cost:.4f}"
                    " are spent. Raise it, or ask without the model: --no-model."
                )
            self._held_tokens += tokens
            self._held_cost += cost

    def _settled(
        self, ended: StreamEnd, price: Price | None, held_tokens: int, held_cost: float, *, answered: bool
    ) -> StreamEnd:
        """Give back what was set aside, and count what the call took."""
        tokens_in, tokens_out = ended.tokens_in or 0, ended.tokens_out or 0
        cost = price.cost(tokens_in, tokens_out) if price else None
        with self._lock:
            self._held_tokens -= held_tokens
            self._held_cost -= held_cost
            if answered:
                before = self._totals
                self._totals = replace(
                    before,
                    tokens_in=before.tokens_in + tokens_in,
                    tokens_out=before.tokens_out + tokens_out,
                    cost=None if cost is None else (before.cost or 0.0) + cost,
                    calls=before.calls + 1,
                )
        return replace(ended, cost=cost, cached=False)
