"""An endpoint that misbehaves in every way, over real HTTP on loopback, and what the user sees of it."""

import re
import socket
import ssl
import subprocess
import sys
import threading
import traceback
from contextlib import contextmanager

import pytest

from helpers.fake_endpoint import (
    FakeEndpoint,
    breaks_line,
    breaks_off,
    completion_chunk,
    drops,
    errs,
    fails,
    floods,
    hangs,
    page,
    refused_url,
    rejects,
    says,
    stalls,
    streams,
    too_long,
)
from qa.errors import InputError, ModelError, ModelSetupError, ModelUnavailableError, TooLongError
from qa.llm.base import StreamEnd
from qa.llm.failures import FaultReader, retry_after
from qa.llm.http import HTTPClient, StreamMonitor
from qa.llm.openai import OPENAI_URL, REASONING_TOKENS, Endpoint
from qa.net import is_loopback

MESSAGES = [{"role": "system", "content": "Be short."}, {"role": "user", "content": "Why?"}]
KEY = "sk-test-5ecret-4bcd"
TEXT = "It trains out of core. [1.2] It keeps accuracy. [1.3]"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch):
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


class Pauses(list):
    """Stands in for sleep, and notes for how long."""

    def __call__(self, seconds):
        self.append(seconds)


def at(server, **options):
    given = {"model": "fake-model", "api_key": KEY, "sleep": Pauses()} | options
    return Endpoint(base_url=server.url, **given)


def reply(endpoint, reply_tokens=50, messages=MESSAGES):
    """The text of the reply, and its Ended."""
    *pieces, ended = endpoint.stream(messages, reply_tokens=reply_tokens)
    assert isinstance(ended, StreamEnd)
    return "".join(pieces), ended


@contextmanager
def told(error, text, server=None):
    """The block raises this error with exactly this text, where HOST stands for the server's."""
    with pytest.raises(ModelError) as caught:
        yield
    if server is not None:
        text = text.replace("HOST", server.host)
    assert (type(caught.value), str(caught.value)) == (error, text)


# A server that behaves


def test_reply_comes_in_pieces_and_ends_with_the_tokens_that_the_endpoint_counted():
    with FakeEndpoint(says(TEXT, usage=(812, 17))) as server:
        *pieces, ended = at(server).stream(MESSAGES, reply_tokens=50)
    assert len(pieces) > 10
    assert "".join(pieces) == TEXT
    assert ended == StreamEnd(tokens_in=812, tokens_out=17)


def test_request_is_what_the_protocol_wants():
    with FakeEndpoint() as server:
        reply(at(server), reply_tokens=77)
    (request,) = server.requests
    assert request.path == "/v1/chat/completions"
    assert request.body == {
        "model": "fake-model",
        "messages": MESSAGES,
        "stream": True,
        "stream_options": {"include_usage": True},
        "temperature": 0,
        "max_tokens": 77,
    }
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["accept-encoding"] == "identity"


def test_reply_without_usage_has_no_counts():
    with FakeEndpoint(says(TEXT, usage=None)) as server:
        assert reply(at(server)) == (TEXT, StreamEnd())


def test_reply_that_says_done_without_a_reason_is_whole():
    with FakeEndpoint(says(TEXT, usage=None, finish=None)) as server:
        assert reply(at(server)) == (TEXT, StreamEnd())


def test_empty_reply_is_an_end_alone():
    with FakeEndpoint(says("", usage=(9, 0))) as server:
        assert list(at(server).stream(MESSAGES, reply_tokens=50)) == [StreamEnd(tokens_in=9, tokens_out=0)]


def test_one_endpoint_answers_many_threads():
    with FakeEndpoint(reply=lambda messages: messages[0]["content"] * 20) as server:
        endpoint, answers = at(server), {}

        def ask(name):
            answers[name] = reply(endpoint, messages=[{"role": "user", "content": name}])[0]

        threads = [threading.Thread(target=ask, args=(f"<{i}>",)) for i in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == {f"<{i}>": f"<{i}>" * 20 for i in range(8)}


def test_thoughts_are_no_part_of_the_reply():
    with FakeEndpoint(
        streams("<th", "ink>The user", " wants</thi", "nk>\n\n", "It does."),
        streams({"reasoning_content": "The user wants"}, {"reasoning": "more"}, "It does."),
    ) as server:
        assert reply(at(server))[0] == "It does."
        assert reply(at(server))[0] == "It does."


def test_text_that_no_file_can_hold_is_mended_in_both_directions():
    with FakeEndpoint(streams("a\ud800b")) as server:
        assert reply(at(server), messages=[{"role": "user", "content": "x\udcff"}])[0] == "a\ufffdb"
    assert server.requests[0].messages == [{"role": "user", "content": "x\ufffd"}]


def test_closing_early_ends_the_connection():
    went_away = threading.Event()

    def endless(exchange):
        exchange.begin_stream()
        try:
            while not exchange.closing.is_set():
                exchange.piece("word ")
        except OSError:
            went_away.set()

    with FakeEndpoint(endless) as server:
        stream = at(server).stream(MESSAGES, reply_tokens=10_000)
        assert next(stream) == "word "
        stream.close()
        assert went_away.wait(20)


# What a model with other limits wants


def test_model_that_thinks_gets_room_for_thoughts_and_no_temperature():
    with FakeEndpoint() as server:
        endpoint = at(server, model="gpt-5-mini")
        reply(endpoint, reply_tokens=100)
    body = server.requests[0].body
    assert body["max_completion_tokens"] == 100 + REASONING_TOKENS == endpoint.most_tokens_out(100)
    assert not {"max_tokens", "temperature"} & set(body)


@pytest.mark.parametrize("parameter", ["stream_options", "temperature", "max_tokens"])
def test_rejected_parameter_is_left_out_from_then_on(parameter):
    with FakeEndpoint(rejects(parameter)) as server:
        endpoint = at(server)
        assert reply(endpoint)[0] == "A reply."
        assert reply(endpoint)[0] == "A reply."
    sent = [parameter in request.body for request in server.requests]
    assert sent == [True, False, False]
    assert endpoint._sleep == []
    kept = {"stream_options", "temperature", "max_tokens"} - {parameter}
    assert kept <= set(server.requests[1].body)


def test_endpoint_that_wants_the_newer_name_of_the_limit_gets_it():
    with FakeEndpoint(rejects("max_tokens")) as server:
        endpoint = at(server)
        reply(endpoint, reply_tokens=100)
    assert server.requests[1].body["max_completion_tokens"] == 100 + REASONING_TOKENS == endpoint.most_tokens_out(100)


def test_endpoint_that_rejects_everything_is_asked_with_the_messages_alone():
    refused = [rejects(name) for name in ("temperature", "max_tokens", "stream_options", "max_completion_tokens")]
    with FakeEndpoint(*refused) as server:
        assert reply(at(server))[0] == "A reply."
    assert server.requests[-1].body == {"model": "fake-model", "messages": MESSAGES, "stream": True}


def test_parameter_that_was_not_sent_cannot_be_left_out():
    with (
        FakeEndpoint(*[rejects("temperature")] * 9) as server,
        told(
            ModelSetupError,
            "HOST rejects the request (400: Unsupported parameter: 'temperature' is not supported with this model.)."
            " Check the model's name and the endpoint's address.",
            server,
        ),
    ):
        reply(at(server))
    assert len(server.requests) == 2


# Chunks that deviate from the protocol


def sends(*chunks):
    """A stream of these JSON values and [DONE]."""

    def behave(exchange):
        exchange.begin_stream()
        for chunk in chunks:
            exchange.event(chunk)
        exchange.finish()

    return behave


def chunk(content=None, **more):
    return completion_chunk([{"index": 0, "delta": {"content": content}, "finish_reason": None}], **more)


COUNTS = {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
PARTS = [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}, {"type": "text", "text": "It does."}]
DEVIATIONS = {
    "no choices first": ([completion_chunk([], prompt_filter_results=[]), chunk("It does.")], (None, None)),
    "choices that are null": ([completion_chunk(None, usage=COUNTS), chunk("It does.")], (9, 2)),
    "no delta": ([completion_chunk([{"index": 0, "delta": None}]), chunk("It does.")], (None, None)),
    "content in parts": ([chunk(PARTS)], (None, None)),
    "usage alone": ([chunk("It does."), {"usage": COUNTS}], (9, 2)),
    "usage in every chunk": ([chunk("It ", usage={**COUNTS, "completion_tokens": 1}), chunk("does.", usage=COUNTS)], (9, 2)),
    "an unknown reason to stop": (
        [chunk("It does."), completion_chunk([{"index": 1, "delta": {}, "finish_reason": "eos_token"}])], (None, None)
    ),
}  # fmt: skip


@pytest.mark.parametrize(("chunks", "tokens"), DEVIATIONS.values(), ids=DEVIATIONS)
def test_chunk_that_deviates_from_the_protocol_is_read(chunks, tokens):
    with FakeEndpoint(sends(*chunks)) as server:
        assert reply(at(server)) == ("It does.", StreamEnd(tokens_in=tokens[0], tokens_out=tokens[1]))


def test_event_that_is_not_a_chunk_breaks_the_reply():
    text = f"The reply of HOST broke off before its first word, 3 times in a row. {LATER}"
    with FakeEndpoint(*[sends({"detail": "busy"})] * 3) as server, told(ModelUnavailableError, text, server):
        reply(at(server))


def test_reasoning_models_of_openai_get_instructions_as_developer():
    with FakeEndpoint() as server:
        for name in ("gpt-5-mini", "o1-mini", "openai/gpt-5", "gpt-4.1"):
            reply(at(server, model=name))
    assert [request.messages[0]["role"] for request in server.requests] == ["developer", "system", "system", "system"]


def test_endpoint_does_not_import_llama_index():
    code = (
        "import sys; from qa.llm.openai import Endpoint;"
        " list(Endpoint(model='m', base_url=sys.argv[1]).stream([{'role': 'user', 'content': 'x'}], reply_tokens=9));"
        " print(any(name.startswith('llama_index') for name in sys.modules))"
    )
    with FakeEndpoint() as server:
        run = subprocess.run([sys.executable, "-c", code, server.url], capture_output=True, text=True, check=True)
    assert run.stdout == "False\n"


# Faults before the first word: what the user sees, and how often it was tried

LATER = "Ask again later, or without the model: --no-model."
CHECK_URL = "Check OPENAI_BASE_URL or --base-url (it mostly ends in /v1)."
NO_STREAM = "The server at http://HOST/v1 does not stream chat completions (it sent {}). " + CHECK_URL
FAULTS = {
    "wrong key": (
        fails(401, f"Incorrect API key provided: {KEY}"), ModelSetupError, 1,
        "HOST refuses the key (401). Set OPENAI_API_KEY to a valid key of that endpoint.",
    ),
    "no right": (
        fails(403, f"Project of {KEY} has no access"), ModelSetupError, 1,
        "HOST does not let this key use fake-model (403: Project of … has no access)."
        " Set OPENAI_API_KEY to a key that may, or QA_MODEL.",
    ),
    "no credit": (
        fails(429, "You exceeded your current quota.", code="insufficient_quota"), ModelSetupError, 1,
        "The account at HOST has no credit left (429: You exceeded your current quota.)."
        " Add credit to it, or set another OPENAI_API_KEY.",
    ),
    "credit wanted": (
        fails(402, "Pay."), ModelSetupError, 1,
        "The account at HOST has no credit left (402: Pay.). Add credit to it, or set another OPENAI_API_KEY.",
    ),
    "429": (
        fails(429, "Rate limit reached"), ModelUnavailableError, 3,
        f"HOST takes no more requests now (429: Rate limit reached), 3 times in a row. {LATER}",
    ),
    "429 with a short wait": (
        fails(429, "Slow down", headers={"Retry-After": "2"}), ModelUnavailableError, 3,
        f"HOST takes no more requests now (429: Slow down), 3 times in a row. {LATER}",
    ),
    "429 with a long wait": (
        fails(429, "Slow down", headers={"Retry-After": "60"}), ModelUnavailableError, 1,
        f"HOST takes no more requests now (429: Slow down) and asks to wait 60 s. {LATER}",
    ),
    "500": (
        fails(500, "The server had an error"), ModelUnavailableError, 3,
        f"HOST failed (500: The server had an error), 3 times in a row. {LATER}",
    ),
    "503 with a page": (
        lambda exchange: exchange.whole(503, "<html><h1>Bad gateway</h1></html>", {"Content-Type": "text/html"}),
        ModelUnavailableError, 3, f"HOST failed (503), 3 times in a row. {LATER}",
    ),
    "405": (
        fails(405, "No POST"), ModelSetupError, 1,
        "Nothing at http://HOST/v1 answers chat completions (405: No POST)."
        " Check OPENAI_BASE_URL or --base-url (it mostly ends in /v1), and QA_MODEL or --model.",
    ),
    "501 with a page": (
        lambda exchange: exchange.whole(501, "<html>Unsupported method</html>", {"Content-Type": "text/html"}),
        ModelSetupError, 1,
        "Nothing at http://HOST/v1 answers chat completions (501)."
        " Check OPENAI_BASE_URL or --base-url (it mostly ends in /v1), and QA_MODEL or --model.",
    ),
    "408": (fails(408, "Timeout"), ModelUnavailableError, 3, f"HOST failed (408: Timeout), 3 times in a row. {LATER}"),
    "connection dropped": (
        drops(), ModelUnavailableError, 3,
        f"The connection to HOST broke (RemoteProtocolError), 3 times in a row. {LATER}",
    ),
    "cut before the first word": (
        breaks_off("", cleanly=True), ModelUnavailableError, 3,
        f"The reply of HOST broke off before its first word, 3 times in a row. {LATER}",
    ),
    "broken line before the first word": (
        breaks_line(""), ModelUnavailableError, 3,
        f"The reply of HOST broke off before its first word, 3 times in a row. {LATER}",
    ),
    "error in the stream": (
        errs("", "overloaded"), ModelUnavailableError, 3, f"HOST failed (500: overloaded), 3 times in a row. {LATER}",
    ),
    "error in the stream, without fields": (
        lambda exchange: (exchange.begin_stream(), exchange.event({"error": "overloaded"})), ModelUnavailableError, 3,
        f"HOST failed (500: overloaded), 3 times in a row. {LATER}",
    ),
    "too long": (
        too_long(), TooLongError, 1,
        "The request is longer than fake-model at HOST can read (400: This model's maximum context length is 8192 tokens."
        " However, your messages resulted in 9000 tokens.). Show it fewer papers, or use a model with a longer context.",
    ),
    "too long, in the stream": (
        errs("", "the request exceeds the available context size", code=400, type="exceed_context_size_error"),
        TooLongError, 1,
        "The request is longer than fake-model at HOST can read (400: the request exceeds the available context size)."
        " Show it fewer papers, or use a model with a longer context.",
    ),
    "bad request": (
        fails(400, "messages: bad role"), ModelSetupError, 1,
        "HOST rejects the request (400: messages: bad role). Check the model's name and the endpoint's address.",
    ),
    "nothing there": (
        lambda exchange: exchange.whole(404, "Not Found", {"Content-Type": "text/plain"}), ModelSetupError, 1,
        "Nothing at http://HOST/v1 answers chat completions (404: Not Found)."
        " Check OPENAI_BASE_URL or --base-url (it mostly ends in /v1), and QA_MODEL or --model.",
    ),
    "moved": (
        fails(301, "x", headers={"Location": "http://elsewhere.example/v1"}), ModelSetupError, 1,
        f"http://HOST/v1 sends on to another address (301). {CHECK_URL}",
    ),
    "a web page": (page(), ModelSetupError, 1, NO_STREAM.format("text/html")),
    "broken JSON": (page('{"id": "x', "application/json"), ModelSetupError, 1, NO_STREAM.format("application/json")),
    "a reply that is no stream": (
        page('{"choices": [{"message": {"content": "x"}}]}', "application/json; charset=utf-8"), ModelSetupError, 1,
        NO_STREAM.format("application/json"),
    ),
    "megabytes that are no reply": (
        page(b"data: " + b"x" * 2_000_000, "text/event-stream"), ModelSetupError, 1,
        "HOST sent far more than was asked for, and no reply in it. Use another model or endpoint.",
    ),
    "megabytes of thoughts": (
        floods("<think>" + "hm " * 1000, 300), ModelSetupError, 1,
        "HOST sent far more than was asked for, and no reply in it. Use another model or endpoint.",
    ),
    "megabytes of an error": (
        fails(500, "x" * 2_000_000), ModelSetupError, 1,
        "HOST sent far more than was asked for, and no reply in it. Use another model or endpoint.",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("behaviour", "error", "tries", "text"), FAULTS.values(), ids=FAULTS)
def test_fault_before_the_first_word(behaviour, error, tries, text):
    with FakeEndpoint(*[behaviour] * 5) as server, told(error, text, server):
        reply(at(server))
    assert len(server.requests) == tries


def test_no_key_where_one_is_wanted():
    with (
        FakeEndpoint(fails(401)) as server,
        told(ModelSetupError, "HOST wants a key (401). Set OPENAI_API_KEY.", server),
    ):
        reply(at(server, api_key=None))


def test_server_that_never_says_a_word():
    text = f"HOST said nothing for 0.3 s, 2 times in a row. {LATER}"
    with FakeEndpoint(*[hangs()] * 5) as server, told(ModelUnavailableError, text, server):
        reply(at(server, timeout_seconds=0.3))
    assert len(server.requests) == 2


def test_connection_refused():
    url = refused_url()
    endpoint = Endpoint(model="m", base_url=url, sleep=Pauses())
    with told(
        ModelUnavailableError,
        f"No server answers at {endpoint.host} (connection refused), 2 times in a row. Is it running? Start it, check"
        " OPENAI_BASE_URL or --base-url, or ask without the model: --no-model.",
    ):
        reply(endpoint)
    assert endpoint._sleep == [0.2]


def test_refusal_of_another_machine_is_tried_like_other_faults():
    faults = FaultReader(host="x.example", netloc="x.example:443", address="https://x.example/v1", has_key=True)
    fault = faults.transport(ConnectionRefusedError())
    assert (fault.tries, fault.pause_seconds) == (3, None)


CAUSES = {
    "address not found": (
        socket.gaierror(-2, "Name or service not known"),
        "The address of x.example cannot be found. Check the network, and OPENAI_BASE_URL or --base-url;"
        " or ask without the model: --no-model.",
    ),
    "untrusted certificate": (
        ssl.SSLCertVerificationError("self-signed certificate"),
        "The certificate of x.example cannot be trusted. Check the address, or name your own in SSL_CERT_FILE.",
    ),
    "connection reset": (
        ConnectionResetError(104, "reset"),
        f"The connection to x.example:443 broke (ConnectionResetError). {LATER}",
    ),
}


@pytest.mark.parametrize(("cause", "text"), CAUSES.values(), ids=CAUSES)
def test_fault_of_the_connection_is_told_by_what_caused_it(cause, text):
    faults = FaultReader(host="x.example", netloc="x.example:443", address="https://x.example/v1", has_key=True)
    error = OSError("wrapped")
    error.__cause__ = cause
    assert str(faults.transport(error).error()) == text


NO_CHAT = {
    "responses": "This model is only supported in v1/responses and not in v1/chat/completions.",
    "completions": "This is not a chat model and thus not supported in the v1/chat/completions endpoint.",
}


@pytest.mark.parametrize("message", NO_CHAT.values(), ids=NO_CHAT)
def test_model_without_chat_completions_is_reported_by_name(message):
    text = "fake-model does not answer chat completions. Set QA_MODEL or --model to one that does."
    with FakeEndpoint(fails(404, message, param="model")) as server, told(ModelSetupError, text):
        reply(at(server))
    assert len(server.requests) == 1


NO_MODEL = {
    "openai": fails(
        404, "The model `fake-model` does not exist or you do not have access to it.", code="model_not_found"
    ),
    "ollama": fails(404, 'model "fake-model" not found, try pulling it first'),
    "plain": fails(404, "Not Found"),
    "400": fails(400, "invalid model ID"),
}


@pytest.mark.parametrize("behaviour", NO_MODEL.values(), ids=NO_MODEL)
def test_unknown_model_is_told_with_five_that_the_endpoint_has(behaviour):
    text = "HOST has no model 'fake-model'. Set QA_MODEL or --model to one that it has: a, b, c, d, e and others."
    with FakeEndpoint(behaviour, models="abcdef") as server, told(ModelSetupError, text, server):
        reply(at(server))


def test_unknown_model_of_an_endpoint_that_keeps_no_list():
    text = "HOST has no model 'fake-model'. Set QA_MODEL or --model to one that it has."
    with FakeEndpoint(NO_MODEL["openai"], models=None) as server, told(ModelSetupError, text, server):
        reply(at(server))


# Faults after the first word: what was shown stays

CUTS = {
    "silence": (stalls("It trains"), "nothing more came for 2 s"),
    "connection cut": (breaks_off("It trains"), "the connection broke"),
    "ended without an end": (breaks_off("It trains", cleanly=True), "the connection broke"),
    "broken line": (breaks_line("It trains"), "the connection broke"),
    "error": (errs("It trains", f"overloaded, {KEY}"), "HOST failed (500: overloaded, …)"),
    "limit": (says("It trains", finish="length", usage=None), "it reached its limit of 50 tokens"),
    "filter": (says("It trains", finish="content_filter", usage=None), "the endpoint's content filter stopped it"),
}


@pytest.mark.parametrize(("behaviour", "cut"), CUTS.values(), ids=CUTS)
def test_fault_after_the_first_word_cuts_the_reply_and_is_not_tried_again(behaviour, cut):
    with FakeEndpoint(behaviour) as server:
        assert reply(at(server, timeout_seconds=2)) == ("It trains", StreamEnd(cut=cut.replace("HOST", server.host)))
    assert len(server.requests) == 1


def test_reply_of_many_megabytes_is_read_to_a_bound():
    with FakeEndpoint(floods("word " * 1000, 2000)) as server:
        text, ended = reply(at(server))
    assert len(text) == 8 * 50 + 2000
    assert ended.cut == "it went far past its limit"


def test_stream_that_breaks_behind_its_end_is_whole():
    def behave(exchange):
        exchange.begin_stream()
        exchange.piece("It trains.")
        exchange.piece(finish="stop")

    with FakeEndpoint(behave) as server:
        assert reply(at(server)) == ("It trains.", StreamEnd())


DONE = {
    "whole": ([b"data: x\n\ndata: [DONE]\n\n"], True),
    "alone": ([b"data:[DONE]"], True),
    "in parts": ([b"data: x\n\nda", b"ta: [", b"DONE", b"]\n"], True),
    "within a reply": ([b'data: {"content": "data: [DONE]"}\n\n'], False),
    "cut": ([b"data: x\n\ndata: [DON"], False),
}


@pytest.mark.parametrize(("parts", "done"), DONE.values(), ids=DONE)
def test_end_of_a_stream_is_seen_however_it_comes(parts, done):
    monitor = StreamMonitor(most_bytes=1000, most_seconds=60)
    assert [monitor.take(part) for part in parts] == parts
    assert monitor.done is done


def test_slow_drip_ends_at_the_time_for_the_whole_reply():
    def drip(exchange):
        exchange.begin_stream()
        while not exchange.closing.wait(0.01):
            exchange.chunk(": still here\n\n")

    text = f"HOST took too long over its reply. {LATER}"
    with FakeEndpoint(drip) as server, told(ModelUnavailableError, text, server):
        reply(at(server, total_seconds=0.2))


def test_plain_http_at_an_https_address_is_reported_once():
    with FakeEndpoint() as server:
        text = (
            f"The server at {server.host} does not speak TLS."
            " Write http:// instead of https:// in OPENAI_BASE_URL or --base-url."
        )
        pauses = Pauses()
        with told(ModelSetupError, text):
            reply(Endpoint(model="m", base_url=server.url.replace("http:", "https:"), sleep=pauses))
    assert pauses == []


# Trying again


def test_fault_that_passes_is_tried_again_and_the_reply_shows_nothing_of_it():
    with FakeEndpoint(fails(500), drops(), says(TEXT, usage=None)) as server:
        endpoint = at(server)
        assert reply(endpoint) == (TEXT, StreamEnd())
    first, second = endpoint._sleep
    assert 0 <= first <= 1
    assert 0 <= second <= 2


def test_pauses_are_drawn_by_lot():
    pauses = Pauses()
    with FakeEndpoint(*[fails(500)] * 40) as server:
        for _ in range(10):
            with pytest.raises(ModelUnavailableError):
                reply(at(server, sleep=pauses))
    assert len(set(pauses)) > 15
    assert max(pauses) <= 2


@pytest.mark.parametrize(
    "headers",
    [{"Retry-After": "5"}, {"Retry-After": "Fri, 21 Aug 2026 10:00:05 GMT", "Date": "Fri, 21 Aug 2026 10:00:00 GMT"}],
    ids=["seconds", "date"],
)
def test_wait_that_the_server_asks_for_is_kept(headers):
    with FakeEndpoint(fails(429, headers=headers)) as server:
        endpoint = at(server)
        assert reply(endpoint)[0] == "A reply."
    (pause,) = endpoint._sleep
    assert 5 <= pause <= 6


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("3", 3), ("0.5", 0.5), (" 7 ", 7), ("-5", None), ("nan", None), ("1e9", None), ("soon", None), ("", None),
     ("Fri, 21 Aug 2026 09:59:00 GMT", 0), ("Fri, 21 Aug 2026 10:01:00", 60)],
)  # fmt: skip
def test_retry_after_is_read(value, seconds):
    assert retry_after({"retry-after": value, "date": "Fri, 21 Aug 2026 10:00:00 GMT"}) == seconds


def test_no_try_begins_after_the_time_for_all():
    with FakeEndpoint(fails(503, headers={"Retry-After": "19"})) as server, pytest.raises(ModelUnavailableError):
        reply(at(server, total_seconds=18))
    assert len(server.requests) == 1


# Secrets


def test_key_stands_in_no_error_and_none_of_its_causes():
    with (
        FakeEndpoint(*[fails(500, f"key {KEY}, Bearer abc.def, sk-other***1234")] * 3) as server,
        pytest.raises(ModelUnavailableError) as caught,
    ):
        reply(at(server))
    assert f"{server.host} failed (500: key …, …, …), 3 times in a row." in str(caught.value)
    assert KEY not in "".join(traceback.format_exception(caught.value))


def test_cause_that_tells_no_secret_is_kept():
    with FakeEndpoint(fails(404)) as server, pytest.raises(ModelSetupError) as caught:
        reply(at(server))
    assert caught.value.__cause__ is not None


def test_password_of_the_address_is_sent_and_never_shown():
    with FakeEndpoint(fails(403, "no way in with hunter2!")) as server:
        endpoint = Endpoint(model="m", base_url=server.url.replace("//", "//ann:hunter2%21@"))
        with told(
            ModelSetupError,
            "HOST does not let this key use m (403: no way in with …). Set OPENAI_API_KEY to a key that may, or QA_MODEL.",
            server,
        ):
            reply(endpoint)
    assert (endpoint.host, endpoint.address) == (server.host, server.url)
    assert server.requests[0].headers["authorization"] == "Basic YW5uOmh1bnRlcjIh"


@pytest.mark.parametrize("key", ["sk-a b", "sk-a\nX: y", "sk-é"], ids=repr)
def test_key_that_cannot_be_one_is_refused_without_showing_it(key):
    with pytest.raises(InputError) as caught:
        Endpoint(model="m", api_key=key)
    assert str(caught.value) == "The key holds blanks or letters that no key has. Set OPENAI_API_KEY again."


def test_line_feed_behind_a_key_is_no_part_of_it():
    with FakeEndpoint() as server:
        reply(at(server, api_key=f" {KEY}\n"))
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


ENVIRONMENT = {
    "OPENAI_ORG_ID": "org-secret",
    "OPENAI_PROJECT_ID": "proj-secret",
    "OPENAI_ADMIN_KEY": "sk-admin-secret",
    "OPENAI_CUSTOM_HEADERS": "X-Gateway: gate-secret\nAuthorization: Bearer other-secret",
}
NEEDED = {
    "authorization", "content-type", "content-length", "accept", "accept-encoding", "user-agent", "connection", "host",
}  # fmt: skip


@pytest.mark.parametrize(("key", "sent"), [(KEY, KEY), (None, "none")], ids=["key", "no key"])
def test_what_the_environment_says_of_openai_is_sent_to_no_other_host(monkeypatch, key, sent):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    with FakeEndpoint() as server:
        reply(at(server, api_key=key))
    headers = {name.lower(): value for name, value in server.requests[0].headers.items()}
    assert set(headers) <= NEEDED
    assert "secret" not in str(headers).replace(KEY, "")
    assert headers["authorization"] == f"Bearer {sent}"


def test_openai_itself_gets_its_organization_and_project(monkeypatch):
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    for url, kept in ((None, True), ("https://api.openai.com.evil.example/v1", False)):
        http = HTTPClient(url or OPENAI_URL, silence_seconds=1, key=KEY)
        request = http.client().build_request("POST", "https://x.example", headers={"OpenAI-Organization": "org"})
        for hook in http.client().event_hooks["request"]:
            hook(request)
        assert ("openai-organization" in request.headers) is kept


def test_login_of_the_address_goes_before_the_key(monkeypatch):
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway: gate-secret")
    with FakeEndpoint() as server:
        reply(Endpoint(model="m", base_url=server.url.replace("//", "//ann:hunter2%21@"), api_key=KEY))
    assert server.requests[0].headers["authorization"] == "Basic YW5uOmh1bnRlcjIh"


def test_key_and_password_stand_in_no_repr():
    with FakeEndpoint() as server:
        endpoint = Endpoint(model="m", base_url=server.url.replace("//", "//ann:hunter2%21@"), api_key=KEY)
        reply(endpoint)
    assert repr(endpoint) == f"Endpoint(model='m', base_url='{server.url}')"
    for thing in (vars(endpoint), vars(endpoint._http), endpoint._faults, endpoint._openai):
        assert KEY not in repr(thing)
        assert "hunter2" not in repr(thing)


def test_redirect_is_not_followed_with_the_key():
    with FakeEndpoint() as other:
        moved = fails(307, headers={"Location": f"{other.url}/chat/completions"})
        with FakeEndpoint(moved) as server, pytest.raises(ModelSetupError, match="sends on to another address"):
            reply(at(server))
    assert other.requests == []


# Where it is asked


def test_loopback_is_reached_directly_where_a_proxy_is_set(monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, refused_url().removesuffix("/v1"))
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with FakeEndpoint() as server:
        assert reply(at(server))[0] == "A reply."
        assert at(server).models() == ["fake-model"]


def test_other_hosts_are_reached_through_the_proxy_that_is_set(monkeypatch):
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    with FakeEndpoint() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1"))
        monkeypatch.setenv("http_proxy", proxy.url.removesuffix("/v1"))
        endpoint = Endpoint(model="m", base_url="http://models.invalid/v1", sleep=Pauses())
        assert reply(endpoint)[0] == "A reply."
    assert proxy.requests[0].path == "http://models.invalid/v1/chat/completions"


HOSTS = {
    None: "api.openai.com",
    "https://api.openai.com/v1": "api.openai.com",
    "http://localhost:11434/v1/": "localhost:11434",
    "http://[::1]:8080/v1": "[::1]:8080",
    "https://ann:pw@Models.Example/v1": "models.example",
}


@pytest.mark.parametrize(("url", "host"), HOSTS.items(), ids=str)
def test_host_is_that_of_the_base_url(url, host):
    assert Endpoint(model="m", base_url=url).host == host


@pytest.mark.parametrize(
    ("host", "own"),
    [("localhost", True), ("localhost:80", True), ("127.0.0.1:1", True), ("127.8.9.1", True), ("[::1]:8080", True),
     ("[::1]", True), ("a.localhost", True), ("127.0.0.1.example.com", False), ("10.0.0.1:80", False), ("", False),
     ("localhost.example.com", False), ("[fe80::1]:80", False)],
)  # fmt: skip
def test_this_machine_is_known_by_its_names(host, own):
    assert is_loopback(host) is own


@pytest.mark.parametrize(
    "url",
    ["localhost:8000", "ftp://x/v1", "http://", "http://x:port/v1", "http://x:99999/v1", "http://[::1/v1",
     "http://a b/v1", "http://x/v1\nHost: y", "file:///x"],
)  # fmt: skip
def test_base_url_that_is_none_is_refused(url):
    with pytest.raises(
        InputError, match=r"is not the address of an endpoint\. Give one like http://localhost:8000/v1 in OPENAI"
    ):
        Endpoint(model="m", base_url=url)


def test_password_in_a_refused_address_is_not_shown():
    with pytest.raises(InputError) as caught:
        Endpoint(model="m", base_url="ftp://ann:hunter2@x/v1")
    assert str(caught.value).startswith("'ftp://x/v1' is not the address")


# Which model


def test_only_model_that_is_listed_is_asked_for_lazily_and_once():
    with FakeEndpoint(models=["text-embedding-nomic", "tiny-chat"]) as server:
        endpoint = at(server, model=None)
        assert server.asked_models == []
        assert endpoint.name == "tiny-chat"
        assert reply(endpoint)[0] == "A reply."
    assert len(server.asked_models) == 1
    assert server.asked_models[0].headers["authorization"] == f"Bearer {KEY}"
    assert server.requests[0].body["model"] == "tiny-chat"


def test_no_key_is_sent_where_there_is_none():
    with FakeEndpoint() as server:
        assert at(server, api_key=None).models() == ["fake-model"]
    assert "authorization" not in server.asked_models[0].headers


NONE_LISTED = (
    "http://HOST/v1 lists no models. Set QA_MODEL or --model to the name of one, or check the address"
    " (it mostly ends in /v1)."
)
LISTS = {
    "several": (list("ab"), "HOST has several models. Set QA_MODEL or --model to one of them: a, b."),
    "many": (
        list("abcdefghijkl"),
        "HOST has several models. Set QA_MODEL or --model to one of them: a, b, c, d, e, f, g, h, i, j and 2 more.",
    ),
    "none": ([], NONE_LISTED),
    "no list": (None, NONE_LISTED),
    "501": (fails(501), NONE_LISTED),
    "wrong key": (fails(401), "HOST refuses the key (401). Set OPENAI_API_KEY to a valid key of that endpoint."),
    "a web page": (page(), NO_STREAM.format("text/html")),
    "something else": (page("[1]", "application/json"), NO_STREAM.format("application/json")),
}


@pytest.mark.parametrize(("models", "text"), LISTS.values(), ids=LISTS)
def test_name_that_cannot_be_found_out(models, text):
    with FakeEndpoint(models=models) as server, told(ModelSetupError, text, server):
        reply(at(server, model=None))
    assert server.requests == []


def test_list_that_fails_for_a_moment_is_asked_for_again():
    answers = iter([fails(500), drops(), page('{"data": [{"id": "tiny-chat"}]}', "application/json")])

    def answer(exchange):
        next(answers)(exchange)

    with FakeEndpoint(models=answer) as server:
        assert at(server, model=None).name == "tiny-chat"


def test_no_message_is_longer_than_a_few_lines():
    with FakeEndpoint(fails(400, "word " * 5000)) as server, pytest.raises(ModelSetupError) as caught:
        reply(at(server))
    assert len(str(caught.value)) < 450
    assert re.search(r"word…\)\. Check", str(caught.value))
