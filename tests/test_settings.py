"""What options and the environment ask for."""

import subprocess
import sys

import pytest

from helpers.fake_endpoint import FakeEndpoint
from qa.errors import InputError
from qa.settings import DEFAULT_MODEL, calls_from_environment, model_from_environment

ENVIRONMENTS = {
    "nothing": ({}, {}, None),
    "blanks": ({"OPENAI_API_KEY": " ", "OPENAI_BASE_URL": "", "QA_MODEL": "x"}, {}, None),
    "a key": ({"OPENAI_API_KEY": "k"}, {}, (DEFAULT_MODEL, "api.openai.com")),
    "a key and OpenAI's address": (
        {"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://api.openai.com/v1/"}, {}, (DEFAULT_MODEL, "api.openai.com")
    ),
    "an address": ({"OPENAI_BASE_URL": "http://x:1/v1"}, {}, (None, "x:1")),
    "an address and a name": ({"OPENAI_BASE_URL": "http://x:1/v1", "QA_MODEL": "m"}, {}, ("m", "x:1")),
    "arguments first": (
        {"OPENAI_BASE_URL": "http://x:1/v1", "QA_MODEL": "m"}, {"model": "n", "base_url": "http://y/v1"}, ("n", "y")
    ),
    "blank arguments": ({"OPENAI_BASE_URL": "http://x:1/v1", "QA_MODEL": "m"}, {"model": "", "base_url": " "}, ("m", "x:1")),
    "none": ({"OPENAI_API_KEY": "k", "QA_MODEL": "None"}, {}, None),
    "none as argument": ({"OPENAI_API_KEY": "k", "QA_MODEL": "m"}, {"model": "none"}, None),
    "a name against none": ({"OPENAI_API_KEY": "k", "QA_MODEL": "none"}, {"model": "m"}, ("m", "api.openai.com")),
}  # fmt: skip


@pytest.mark.parametrize(("environment", "arguments", "chosen"), ENVIRONMENTS.values(), ids=ENVIRONMENTS)
def test_model_is_chosen_from_arguments_and_environment(environment, arguments, chosen):
    endpoint = model_from_environment(environment=environment, **arguments)
    assert (endpoint and (endpoint.given_name, endpoint.host)) == chosen


def test_model_with_nowhere_to_ask_it_says_what_to_set():
    with pytest.raises(InputError) as caught:
        model_from_environment(model="m", environment={})
    assert str(caught.value) == (
        "There is nowhere to ask 'm'. Set OPENAI_API_KEY, or OPENAI_BASE_URL or --base-url for an endpoint of your own."
    )


@pytest.mark.parametrize("limit", [{"max_cost": -1.0}, {"max_total_tokens": -1}], ids=str)
def test_limit_that_is_none_is_refused_without_a_model_too(limit):
    with pytest.raises(InputError, match=r"is not a valid (cost|token) limit"):
        calls_from_environment({}, **limit)


def test_key_and_base_url_come_from_the_mapping_alone(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-process")
    with FakeEndpoint() as server:
        endpoint = model_from_environment(environment={"OPENAI_BASE_URL": server.url})
        assert endpoint
        list(endpoint.stream([{"role": "user", "content": "Why?"}], reply_tokens=50))
    assert "sk-of-the-process" not in server.requests[0].headers["authorization"]


def test_nothing_heavy_is_imported_before_the_first_question():
    code = (
        "import sys; from qa.settings import model_from_environment as m;"
        " e = m(environment={'OPENAI_API_KEY': 'k'}); print(e.name, e.host);"
        " print([n for n in ('llama_index', 'openai', 'httpx', 'tiktoken') if n in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == f"{DEFAULT_MODEL} api.openai.com\n[]\n"
