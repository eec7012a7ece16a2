"""The account of calls: what was spent, what is kept, and where the limits stop."""

import threading

import pytest

from helpers.fake_endpoint import FakeEndpoint, breaks_off, fails, says
from qa.errors import BudgetError, InputError, ModelUnavailableError
from qa.llm.base import StreamEnd, as_model
from qa.llm.cache import ReplyCache
from qa.llm.client import MeteredModel, Totals
from qa.llm.openai import Endpoint
from qa.llm.pricing import Price, Prices
from qa.llm.token_count import count_tokens, request_tokens

MESSAGES = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Why does it train out of core?"}]
OTHER = [{"role": "user", "content": "And how?"}]
TOKENS_IN = request_tokens(MESSAGES)
TEXT = "Because the graph does not fit. [1.1]"
DOLLAR = Prices(tables=((None, {"queued": Price(dollars_in=1e6, dollars_out=1e6)}),))
"""A dollar a token."""


class Queued:
    """A model with a queue of replies, each a list of its items, and a record of what it was asked."""

    name, host = "queued", ""

    def __init__(self, *replies):
        self.replies, self.asked = list(replies), []

    def stream(self, messages, *, reply_tokens):
        self.asked.append((messages, reply_tokens))
        for item in self.replies.pop(0):
            if isinstance(item, Exception):
                raise item
            yield item


class Remote(Queued):
    host = "models.example"


def whole(text=TEXT, tokens_in=30, tokens_out=10):
    return [text[:7], text[7:], StreamEnd(tokens_in=tokens_in, tokens_out=tokens_out)]


def reply(calls, messages=MESSAGES, reply_tokens=50):
    *pieces, ended = calls.stream(messages, reply_tokens=reply_tokens)
    return "".join(pieces), ended


# What is counted


def test_pieces_pass_through_and_the_end_has_tokens_and_cost():
    calls = MeteredModel(Queued(whole()), prices=DOLLAR)
    assert list(calls.stream(MESSAGES, reply_tokens=50)) == [
        TEXT[:7], TEXT[7:], StreamEnd(tokens_in=30, tokens_out=10, cost=40.0)
    ]  # fmt: skip
    assert calls.model.asked == [(MESSAGES, 50)]
    assert calls.totals == Totals(tokens_in=30, tokens_out=10, cost=40.0, calls=1)
    assert calls.totals.tokens == 40


def test_totals_are_those_of_all_calls():
    calls = MeteredModel(Queued(whole(), whole(tokens_in=5, tokens_out=1)), prices=DOLLAR)
    reply(calls)
    reply(calls, OTHER)
    assert calls.totals == Totals(tokens_in=35, tokens_out=11, cost=46.0, calls=2)


def test_cost_is_none_from_the_first_call_whose_price_is_not_known():
    calls = MeteredModel(as_model(lambda messages: "x"))
    assert reply(calls)[1].cost is None
    assert calls.totals.cost is None


@pytest.mark.parametrize(
    ("ended", "tokens"),
    [
        (StreamEnd(), (TOKENS_IN, count_tokens(TEXT))),
        (StreamEnd(tokens_in=30), (30, count_tokens(TEXT))),
        (StreamEnd(tokens_out=7), (TOKENS_IN, 7)),
        (StreamEnd(tokens_in=0, tokens_out=0), (TOKENS_IN, count_tokens(TEXT))),
        (StreamEnd(cut="the connection broke"), (TOKENS_IN, count_tokens(TEXT))),
    ],
    ids=["no counts", "in alone", "out alone", "zeros", "cut"],
)
def test_what_the_endpoint_did_not_count_is_estimated(ended, tokens):
    calls = MeteredModel(Queued([TEXT, ended]))
    text, end = reply(calls)
    assert (text, end.tokens_in, end.tokens_out, end.cut) == (TEXT, *tokens, ended.cut)
    assert (calls.totals.tokens_in, calls.totals.tokens_out) == tokens


def test_reply_that_nobody_reads_to_its_end_is_counted():
    model = Queued(whole())
    calls = MeteredModel(model, prices=DOLLAR)
    stream = calls.stream(MESSAGES, reply_tokens=50)
    assert next(stream) == TEXT[:7]
    stream.close()
    assert calls.totals == Totals(
        tokens_in=TOKENS_IN, tokens_out=count_tokens(TEXT[:7]), cost=TOKENS_IN + count_tokens(TEXT[:7]), calls=1
    )


def test_closing_early_closes_the_model():
    closed = []

    def model(messages):
        try:
            yield "a"
            yield "b"
        finally:
            closed.append(True)

    stream = MeteredModel(as_model(model)).stream(MESSAGES, reply_tokens=50)
    next(stream)
    stream.close()
    assert closed == [True]


def test_call_that_fails_costs_nothing_and_gives_back_what_was_set_aside():
    calls = MeteredModel(
        Queued([ModelUnavailableError("away")], whole()), prices=DOLLAR, max_total_tokens=TOKENS_IN + 50
    )
    with pytest.raises(ModelUnavailableError):
        reply(calls)
    assert calls.totals == Totals()
    assert reply(calls)[0] == TEXT


def test_reply_without_an_end_is_cut():
    assert reply(MeteredModel(Queued([TEXT])))[1].cut == "it ended without a word on how"


# Limits


def test_call_that_could_pass_the_tokens_is_not_made():
    model = Queued(whole())
    calls = MeteredModel(model, max_total_tokens=TOKENS_IN + 49)
    with pytest.raises(BudgetError) as caught:
        reply(calls)
    assert str(caught.value) == (
        f"The next call could take {TOKENS_IN + 50} tokens, and 0 of --max-total-tokens {TOKENS_IN + 49} are spent."
        " Raise it, or ask without the model: --no-model."
    )
    assert model.asked == []


def test_call_that_could_pass_the_cost_is_not_made():
    model = Queued(whole(), whole())
    calls = MeteredModel(model, prices=DOLLAR, max_cost=40 + TOKENS_IN + 49)
    reply(calls)
    with pytest.raises(BudgetError) as caught:
        reply(calls)
    assert str(caught.value) == (
        f"The next call could cost ${TOKENS_IN + 50}.0000, and $40.0000 of --max-cost ${40 + TOKENS_IN + 49}.0000 are spent."
        " Raise it, or ask without the model: --no-model."
    )
    assert len(model.asked) == 1


def test_call_that_just_fits_is_made():
    limits = {"max_cost": 40 + TOKENS_IN + 50, "max_total_tokens": 40 + TOKENS_IN + 50}
    calls = MeteredModel(Queued(whole(), whole()), prices=DOLLAR, **limits)
    reply(calls)
    assert reply(calls)[0] == TEXT


def test_limits_hold_over_all_calls_by_what_they_took():
    calls = MeteredModel(Queued(whole(tokens_in=1000), whole()), max_total_tokens=1000)
    reply(calls)
    with pytest.raises(BudgetError, match="1,010 of --max-total-tokens 1,000 are spent"):
        reply(calls)


def test_calls_under_way_are_set_aside():
    calls = MeteredModel(Queued(whole(), whole()), max_total_tokens=2 * (TOKENS_IN + 50) - 1)
    first = calls.stream(MESSAGES, reply_tokens=50)
    next(first)
    with pytest.raises(BudgetError, match=f"and {TOKENS_IN + 50} of"):
        reply(calls)
    assert len(list(first)) == 2
    assert reply(calls)[0] == TEXT  # the first took 40 of what was set aside for it


def test_threads_together_stay_within_the_limit():
    model = Queued(*[whole(tokens_in=TOKENS_IN, tokens_out=50)] * 40)
    calls = MeteredModel(model, max_total_tokens=10 * (TOKENS_IN + 50))
    refused = []

    def ask():
        for _ in range(4):
            try:
                reply(calls)
            except BudgetError:
                refused.append(1)

    threads = [threading.Thread(target=ask) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert calls.totals.calls <= 10
    assert calls.totals.tokens <= 10 * (TOKENS_IN + 50)
    assert calls.totals.calls + len(refused) == 40


def test_thoughts_of_a_model_are_set_aside_too():
    calls = MeteredModel(Endpoint(model="gpt-5-mini"), max_total_tokens=4000)
    with pytest.raises(BudgetError, match=f"could take {TOKENS_IN + 50 + 4096:,} tokens"):
        reply(calls)


@pytest.mark.parametrize(
    "limit",
    [{"max_cost": -1.0}, {"max_cost": float("nan")}, {"max_cost": float("inf")}, {"max_total_tokens": -1}],
    ids=str,
)
def test_limit_that_is_none_is_refused(limit):
    with pytest.raises(InputError, match=r"is not a valid (cost|token) limit"):
        MeteredModel(Queued(), **limit)


PRICELESS = (
    "The price of {} is not known, so --max-cost cannot be kept. Name a file in QA_PRICES that has it, in US dollars per"
    ' million tokens, like {{"models": {{"NAME": {{"in": 0.4, "out": 1.6}}}}}}, or use --max-total-tokens.'
)


def test_limit_of_cost_needs_a_price():
    with pytest.raises(InputError) as caught:
        MeteredModel(Queued(), max_cost=1)
    assert str(caught.value) == PRICELESS.format("queued")
    with pytest.raises(InputError) as caught:
        MeteredModel(Endpoint(model="m", base_url="https://models.example/v1"), max_cost=1)
    assert str(caught.value) == PRICELESS.format("m at models.example")


def test_limit_of_cost_does_not_ask_the_endpoint_for_its_model_before_the_first_call():
    with FakeEndpoint() as server:
        calls = MeteredModel(Endpoint(base_url=server.url), max_cost=0)
        assert server.asked_models == []
        text, ended = reply(calls)
    assert (text, ended.cost) == ("A reply.", 0.0)


# The cache


@pytest.fixture
def cache(tmp_path):
    return ReplyCache(tmp_path / "replies")


def test_same_request_is_answered_from_the_cache_for_nothing(cache):
    first = MeteredModel(Remote(whole()), cache=cache, prices=DOLLAR)
    assert reply(first)[1].cached is False
    again = MeteredModel(Remote(), cache=cache, prices=DOLLAR, max_cost=0, max_total_tokens=0)
    assert list(again.stream(MESSAGES, reply_tokens=50)) == [
        TEXT, StreamEnd(tokens_in=0, tokens_out=0, cost=0.0, cached=True)
    ]  # fmt: skip
    assert again.totals == Totals(cache_hits=1)


def test_other_request_is_asked(cache):
    calls = MeteredModel(Remote(whole(), whole("a"), whole("b")), cache=cache)
    reply(calls)
    assert reply(calls, OTHER)[0] == "a"
    assert reply(calls, reply_tokens=51)[0] == "b"


@pytest.mark.parametrize(
    "address", ["https://models.example/a/v1", "http://models.example/b/v1"], ids=["scheme", "path"]
)
def test_another_address_of_the_same_host_is_asked(cache, address):
    first, second = Remote(whole()), Remote(whole("other"))
    first.address, second.address = "http://models.example/a/v1", address
    reply(MeteredModel(first, cache=cache))
    assert reply(MeteredModel(second, cache=cache))[0] == "other"


def test_functions_of_one_name_do_not_share_replies(cache):
    assert reply(MeteredModel(as_model(lambda messages: "one"), cache=cache))[0] == "one"
    assert reply(MeteredModel(as_model(lambda messages: "two"), cache=cache))[0] == "two"
    assert cache.size() == (0, 0)


NOT_KEPT = {
    "cut": [TEXT, StreamEnd(cut="it reached its limit of 50 tokens")],
    "empty": [StreamEnd()],
    "blank": [" \n", StreamEnd()],
}


@pytest.mark.parametrize("items", NOT_KEPT.values(), ids=NOT_KEPT)
def test_reply_that_is_not_whole_is_not_kept(cache, items):
    reply(MeteredModel(Remote(items), cache=cache))
    assert cache.size() == (0, 0)


def test_reply_that_nobody_reads_to_its_end_is_not_kept(cache):
    stream = MeteredModel(Remote(whole()), cache=cache).stream(MESSAGES, reply_tokens=50)
    next(stream)
    stream.close()
    assert cache.size() == (0, 0)


def test_cache_that_cannot_be_written_stops_no_answer(tmp_path):
    (tmp_path / "file").write_text("")
    cache = ReplyCache(tmp_path / "file" / "replies")
    assert reply(MeteredModel(Remote(whole()), cache=cache))[0] == TEXT
    assert cache.fault is not None


# With a real endpoint


def test_endpoint_on_this_machine_costs_nothing():
    with FakeEndpoint(says(TEXT, usage=(30, 10))) as server:
        calls = MeteredModel(Endpoint(model="m", base_url=server.url))
        assert reply(calls) == (TEXT, StreamEnd(tokens_in=30, tokens_out=10, cost=0.0))


def test_tries_are_one_call_and_cut_replies_are_estimated():
    with FakeEndpoint(fails(500), breaks_off("It trains")) as server:
        calls = MeteredModel(Endpoint(model="m", base_url=server.url, sleep=lambda seconds: None))
        text, ended = reply(calls)
    assert (text, ended.cut, ended.tokens_out) == ("It trains", "the connection broke", 2)
    assert calls.totals.calls == 1
