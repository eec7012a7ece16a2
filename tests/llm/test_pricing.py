"""The table of prices, and the user's own before it."""

import json

import pytest

from qa.errors import InputError
from qa.llm.pricing import Price, read_prices

OPENAI = "api.openai.com"


def test_cost_is_dollars_per_million_tokens():
    assert Price(dollars_in=0.4, dollars_out=1.6).cost(2_000_000, 500_000) == pytest.approx(1.6)
    assert Price(dollars_in=0.4, dollars_out=1.6).cost(0, 0) == 0


KNOWN = {
    "listed": ("gpt-4.1-mini", OPENAI, (0.4, 1.6)),
    "a snapshot": ("gpt-4o-2024-08-06", OPENAI, (2.5, 10.0)),
    "not listed": ("gpt-99", OPENAI, None),
    "listed, elsewhere": ("gpt-4.1-mini", "models.example", None),
    "on this machine": ("llama", "localhost:11434", (0.0, 0.0)),
    "in this process": ("gpt-4.1-mini", "", None),
}


@pytest.mark.parametrize(("model", "host", "dollars"), KNOWN.values(), ids=KNOWN)
def test_shipped_prices_hold_at_openai_and_this_machine_is_free(model, host, dollars):
    price = read_prices().of(model, host)
    assert (price and (price.dollars_in, price.dollars_out)) == dollars


def test_prices_of_the_user_come_first_and_hold_anywhere(tmp_path):
    file = tmp_path / "prices.json"
    file.write_text('{"models": {"gpt-4.1-mini": {"in": 1, "out": 2}, "llama": {"in": 3, "out": 4}}}')
    prices = read_prices(file)
    for host in (OPENAI, "models.example", "localhost:1", ""):
        assert prices.of("gpt-4.1-mini", host) == Price(dollars_in=1.0, dollars_out=2.0)
    assert prices.of("gpt-4o", OPENAI) == Price(dollars_in=2.5, dollars_out=10.0)


def test_prices_of_the_user_may_name_their_host(tmp_path):
    file = tmp_path / "prices.json"
    file.write_text('{"host": "models.example", "models": {"m": {"in": 1, "out": 2}}}')
    assert read_prices(file).of("m", "models.example") is not None
    assert read_prices(file).of("m", "other.example") is None


WRONG = {
    "no JSON": "in: 1",
    "a list": "[]",
    "no models": "{}",
    "a model without out": '{"models": {"m": {"in": 1}}}',
    "a price below nothing": '{"models": {"m": {"in": -1, "out": 1}}}',
    "no number": '{"models": {"m": {"in": "1", "out": 1}}}',
    "not a number": '{"models": {"m": {"in": NaN, "out": 1}}}',
    "a truth": '{"models": {"m": {"in": true, "out": 1}}}',
    "a host that is none": '{"host": 1, "models": {}}',
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_file_of_another_form_is_told_with_the_form(text, tmp_path):
    file = tmp_path / "prices.json"
    file.write_text(text)
    with pytest.raises(InputError) as caught:
        read_prices(file)
    assert str(caught.value).startswith(
        f"The prices in {str(file)!r} are not of the form {json.dumps({'models': {'NAME': {'in': 0.4, 'out': 1.6}}})} ("
    )
    assert str(caught.value).endswith("). Correct that file, or unset QA_PRICES.")


def test_file_that_is_not_there_is_told(tmp_path):
    file = tmp_path / "none.json"
    with pytest.raises(InputError) as caught:
        read_prices(file)
    assert str(caught.value) == (
        f"The prices in {str(file)!r} cannot be read (No such file or directory). Name a JSON file in QA_PRICES."
    )
