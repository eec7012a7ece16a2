"""The tab Chat in a browser, with a scripted model behind real HTTP: an answer that grows, is checked, stopped, cut off."""

import inspect
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Page, expect

import qa
from helpers.chat_page import (
    LEAVING,
    answered,
    ask,
    box,
    card,
    cites,
    expect_in_view,
    kept,
    meant,
    menu,
    new,
    turn,
    turns,
    welcome,
)
from helpers.fake_endpoint import Exchange, FakeEndpoint, breaks_off, fails, hangs, pieces
from helpers.page_session import open_page
from helpers.writer import labelled

QUESTION = "By how much does TideNet lower the error on the ports?"
NEXT = "How long does TideNet train?"
ERROR = "On 12 ports TideNet lowers the mean error from 9.1 cm to 5.4 cm <On 12 ports>."
TRAINING = "Training takes 40 minutes on one laptop <Training takes>."
STORMS = "The model fails during storm surges <The model fails>."
INVENTED = "Paris is the capital of France."
HALF = "Training takes 40 minutes on one laptop [77.2]."
KEY = "sk-secret-0123456789abcdef"
PATIENCE_SECONDS = 30


def writes(reply):
    """A function of the messages: this text where an answer is asked for; a question to be rewritten stays as it is."""

    def reply_to(messages):
        if "rewrite" in messages[0]["content"].lower()[:40]:
            return NEXT
        return labelled(reply, messages)

    return reply_to


class Held:
    """A behaviour of the endpoint: the reply's first part, and the rest only when it is let go. `gone` is set when the
    page has ended the connection."""

    def __init__(self, first: str, rest: str = "") -> None:
        self.first, self.rest = first, rest
        self.held, self.let_go, self.gone = threading.Event(), threading.Event(), threading.Event()

    def __call__(self, exchange: Exchange) -> None:
        exchange.begin_stream()
        self._send(exchange, self.first)
        self.held.set()
        self.let_go.wait(PATIENCE_SECONDS)
        try:
            self._send(exchange, self.rest)
            exchange.piece(finish="stop")
            exchange.finish()
            if not exchange.socket.recv(1):
                self.gone.set()
        except ConnectionError:
            self.gone.set()

    @staticmethod
    def _send(exchange: Exchange, text: str) -> None:
        for piece in pieces(labelled(text, exchange.request.messages)):
            exchange.piece(piece)


@contextmanager
def model_page(
    *, fallback: bool = True, strict: bool = False, index: qa.Index, cache=None
) -> Iterator[tuple[str, FakeEndpoint]]:
    """The address of a page whose model is the endpoint that comes with it."""
    with FakeEndpoint(reply=writes(f"{ERROR} {TRAINING}")) as server:
        model = qa.Endpoint(base_url=server.url, model="fake-model", api_key=KEY, sleep=lambda seconds: None)
        calls = qa.MeteredModel(model, cache=cache) if cache else model
        with open_page(qa.Assistant(index, calls, fallback=fallback, strict=strict)) as page:
            yield page.address, server


@pytest.fixture(scope="module")
def running(index):
    with model_page(index=index) as running:
        yield running


@pytest.fixture
def address(running):
    return running[0]


@pytest.fixture
def server(running):
    """The endpoint; each test begins with nothing asked and the reply of two statements."""
    server = running[1]
    server.script.clear()
    server.requests.clear()
    server.reply = writes(f"{ERROR} {TRAINING}")
    return server


@pytest.fixture
def tab(server, address, browser_page):
    with browser_page(address, expected_errors=LEAVING) as tab:
        expect(welcome(tab)).to_be_visible()
        yield tab


def begin(tab: Page, question: str = QUESTION):
    """Ask, without waiting for the answer: the turn it will stand in."""
    number = turns(tab).count() + 1
    box(tab).fill(question)
    box(tab).press("Enter")
    return turn(tab, number)


def stop(tab: Page):
    return tab.get_by_role("button", name="Stop")


def papers_shown(request) -> int:
    """To the model, in this request."""
    return len(re.findall(r"^\[\d+\] ", request.messages[-1]["content"], re.MULTILINE))


# An answer that grows


def test_statement_is_shown_before_the_next_is_written(tab, server):
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script.append(held)
    growing = begin(tab)
    expect(growing.locator(".answer")).to_contain_text("On 12 ports TideNet lowers the mean error")
    expect(growing.locator(".answer")).not_to_contain_text("Training takes")
    assert not held.let_go.is_set()
    expect(growing.locator(".steps summary")).to_have_text("Writing and checking each sentence …")
    cites(growing).first.click()
    assert meant(tab).all_inner_texts() == [
        "On 12 ports it lowers the mean error from 9.1 cm to 5.4 cm against a harmonic baseline."
    ]
    expect_in_view(meant(tab))
    expect(card(tab, 1)).to_be_focused()
    held.let_go.set()
    expect(answered(tab, 1)).to_contain_text("storm surges")
    expect(card(tab, 1)).to_be_focused()
    assert len(server.requests) == 1


def test_steps_are_told_as_they_are_done_and_fold_at_the_end(tab, server):
    held = Held("On 12 ports", f" TideNet lowers the mean error from 9.1 cm to 5.4 cm <On 12 ports>. {TRAINING}")
    server.script.append(held)
    steps = begin(tab).locator(".steps")
    expect(steps.get_by_role("listitem")).to_have_text(
        [re.compile(r"^Searched \d"), re.compile(r"^Reading 8 papers \d"), "Writing and checking each sentence …"]
    )
    expect(tab.locator("#qa-thread").get_by_role("status")).to_have_text("Writing and checking each sentence")
    held.let_go.set()
    answered(tab, 1)
    expect(steps.get_by_role("listitem").first).to_be_hidden()
    steps.locator("summary").click()
    expect(steps.get_by_role("listitem")).to_have_text(
        [
            re.compile(r"^Searched \d+\.\d\d s"),
            re.compile(r"^Read 8 papers and wrote \d+\.\d\d s"),
            re.compile("^Checked"),
        ]
    )


def test_steps_that_the_visitor_folds_stay_folded(tab, server):
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script.append(held)
    growing = begin(tab)
    expect(cites(growing)).to_have_count(1)
    growing.locator(".steps summary").click()
    expect(growing.get_by_role("listitem").first).to_be_hidden()
    held.let_go.set()
    answered(tab, 1)
    expect(growing.locator(".steps").get_by_role("listitem").first).to_be_hidden()


def test_cards_of_an_older_answer_stay_while_the_next_grows(tab, server):
    ask(tab, QUESTION)
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script += [NEXT, held]
    growing = begin(tab, NEXT)
    expect(cites(growing)).to_have_count(1)
    cites(turn(tab, 1)).last.click()
    expect(tab.locator("#qa-panel .cards")).to_have_attribute("data-turn", "0")
    held.let_go.set()
    answered(tab, 2)
    expect(tab.locator("#qa-panel .cards")).to_have_attribute("data-turn", "0")
    cites(growing).last.click()
    expect(tab.locator("#qa-panel .cards")).to_have_attribute("data-turn", "1")
    expect(meant(tab)).to_have_text("The model fails during storm surges, which are rare in the data.")


def test_follow_up_is_told_as_it_was_searched_for(tab, server):
    ask(tab, QUESTION)
    expect(ask(tab, "How long does it train?")).to_contain_text(f"Searched for: {NEXT}")


def test_doubtful_statements_are_marked_with_their_reasons(tab, server):
    server.reply = writes(f"{ERROR} {HALF} {INVENTED}")
    answer = ask(tab, QUESTION)
    expect(answer.locator("p .sign.unsupported")).to_have_text("not supported")
    expect(answer.locator("p .doubtful.unsupported")).to_have_text("Paris is the capital of France.")
    expect(answer.locator("p .sign.weak")).to_have_text("supported in part")
    reasons = answer.locator(".doubts")
    expect(reasons.get_by_role("heading")).to_have_text("Check these sentences")
    expect(reasons.get_by_role("listitem")).to_have_count(2)
    for item in reasons.get_by_role("listitem").all():
        assert len(item.inner_text().split("”: ")[1]) > 10


def test_who_wrote_and_what_it_took_is_told(tab, server):
    expect(tab.locator(".welcome")).to_contain_text(f"Answers are written by a language model at {server.host}")
    expect(ask(tab, QUESTION)).to_contain_text(f"fake-model at {server.host}")
    expect(turn(tab, 1)).to_contain_text("100 tokens in, 20 out")


# Settings


def test_strictness_leaves_out_what_the_abstracts_do_not_support(tab, server):
    server.reply = writes(f"{ERROR} {INVENTED}")
    menu(tab, "Settings").get_by_role("checkbox").check()
    answer = ask(tab, QUESTION).locator(".answer")
    expect(answer).to_contain_text("On 12 ports")
    expect(answer).not_to_contain_text("Paris")


def test_number_of_papers_reaches_the_model_and_survives_a_reload(tab, server):
    ask(tab, QUESTION)
    number = menu(tab, "Settings").get_by_role("spinbutton")
    expect(number).to_have_value("12")
    number.fill("3")
    menu(tab, "Settings").get_by_role("checkbox").check()
    tab.reload()
    expect(turns(tab)).to_have_count(1)
    new(tab)
    expect(menu(tab, "Settings").get_by_role("spinbutton")).to_have_value("3")
    expect(menu(tab, "Settings").get_by_role("checkbox")).to_be_checked()
    ask(tab, QUESTION)
    assert [papers_shown(request) for request in server.requests] == [8, 3]


@pytest.mark.parametrize("typed", ["0", "31", "", "2.5"])
def test_number_of_papers_that_is_none_is_not_taken(tab, server, typed):
    number = menu(tab, "Settings").get_by_role("spinbutton")
    number.fill(typed)
    number.blur()
    expect(number).to_have_value("12")
    ask(tab, QUESTION)
    assert [papers_shown(request) for request in server.requests] == [8]


@pytest.mark.parametrize("kept_settings", ['{"papers": 900}', "{", "[]", "null", '{"strict": "yes"}'])
def test_settings_that_are_damaged_are_those_of_the_start(server, address, browser_page, kept_settings):
    storage = [{"name": "qa.settings", "value": kept_settings}]
    state = {"cookies": [], "origins": [{"origin": address.rstrip("/"), "localStorage": storage}]}
    with browser_page(address, storage_state=state) as tab:
        expect(welcome(tab)).to_be_visible()
        expect(menu(tab, "Settings").get_by_role("spinbutton")).to_have_value("12")
        expect(menu(tab, "Settings").get_by_role("checkbox")).not_to_be_checked()


# Stopping


@pytest.mark.parametrize("way", ["button", "Escape"])
def test_what_was_shown_stays_when_it_is_stopped(tab, server, way):
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script.append(held)
    growing = begin(tab)
    expect(cites(growing)).to_have_count(1)
    if way == "button":
        stop(tab).click()
    else:
        tab.keyboard.press("Escape")
    expect(growing).to_contain_text("Stopped. The text above was checked.")
    expect(growing.locator(".answer")).to_contain_text("On 12 ports")
    expect(stop(tab)).to_be_hidden()
    expect(box(tab)).to_be_focused()
    held.let_go.set()
    assert held.gone.wait(PATIENCE_SECONDS), "the model's connection was not ended"
    server.script.append(NEXT)
    expect(ask(tab, NEXT)).to_contain_text("40 minutes")
    expect(growing.locator(".answer")).not_to_contain_text("40 minutes")
    tab.reload()
    expect(turn(tab, 1)).to_contain_text("Stopped.")
    expect(answered(tab, 2)).to_contain_text("40 minutes")


def test_silent_model_is_stopped_at_once_and_keeps_nobody_waiting(tab, server, address, browser_page):
    server.script.append(hangs())
    silent = begin(tab)
    expect(silent.locator(".steps summary")).to_have_text("Reading 8 papers …")
    with browser_page(address) as other:
        expect(ask(other, QUESTION)).to_contain_text("On 12 ports")
    stop(tab).click()
    expect(silent).to_contain_text("Stopped before the first sentence.")
    silent.get_by_role("button", name="Ask again").click()
    expect(answered(tab, 1)).to_contain_text("On 12 ports")
    expect(turns(tab)).to_have_count(1)


UNNAMED = ("/gradio_api/cancel", "/gradio_api/reset")
"""Gradio asks to end an event that the server has not named yet, and is told so."""


def test_stopping_before_the_server_said_anything_keeps_the_question(address, server, browser_page):
    with browser_page(address, expected_errors=(*LEAVING, *UNNAMED)) as tab:
        expect(welcome(tab)).to_be_visible()
        sent = []
        tab.on("request", lambda request: sent.append(request.post_data or ""))
        tab.evaluate(
            "question => { const box = document.getElementById('qa-question'); box.value = question;"
            " document.querySelector('.send').click(); document.querySelector('.stop').click(); }",
            QUESTION,
        )
        expect(stop(tab)).to_be_hidden()
        expect(turn(tab, 1)).to_contain_text("Stopped before the first sentence.")
        expect(turn(tab, 1).get_by_role("heading", level=3)).to_have_text(QUESTION)
        expect(ask(tab, QUESTION)).to_contain_text("On 12 ports")
        wishes = [json.loads(data)["data"][0] for data in sent if '"fresh"' in data]
        assert [wish["question"] for wish in wishes] == ["", QUESTION]
        assert len(server.requests) == 1


def test_stopping_and_asking_in_turn_shows_the_last_answer(tab, server):
    silent = [hangs(), hangs()]
    server.script += silent
    begin(tab)
    expect(turn(tab, 1).locator(".steps summary")).to_have_text("Reading 8 papers …")
    stop(tab).click()
    expect(turn(tab, 1)).to_contain_text("Stopped before")
    begin(tab)
    expect(turn(tab, 2).locator(".steps summary")).to_have_text("Reading 8 papers …")
    stop(tab).click()
    expect(turn(tab, 2)).to_contain_text("Stopped before")
    expect(ask(tab, QUESTION)).to_contain_text("On 12 ports")
    expect(turns(tab)).to_have_count(3)


# What happens meanwhile


def test_new_conversation_stops_the_answer_and_nothing_of_it_comes_after(tab, server):
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script.append(held)
    expect(cites(begin(tab))).to_have_count(1)
    new(tab)
    held.let_go.set()
    assert held.gone.wait(PATIENCE_SECONDS)
    expect(turns(tab)).to_have_count(0)
    expect(stop(tab)).to_be_hidden()
    expect(ask(tab, NEXT)).to_contain_text("On 12 ports")
    asked = sorted([turn["question"] for turn in one["talk"]["turns"]] for one in kept(tab).values())
    assert asked == [[QUESTION], [NEXT]]


def test_answer_that_comes_too_late_is_thrown_away(tab, server):
    ask(tab, QUESTION)
    before = tab.locator("#qa-thread").inner_text()
    tab.evaluate("""() => {
        const late = {...qa.talk(), run: "of another time", turns: [{question: "late", stopped: false}]};
        for (const talk of [late, {...late, turns: []}, {run: late.run, error: "late"}])
            qa.keep({text: JSON.stringify(talk)});
    }""")
    assert tab.evaluate("qa.talk().turns.length") == 1
    assert tab.locator("#qa-thread").inner_text() == before
    assert "late" not in str(kept(tab))


def test_opening_another_conversation_while_one_is_answered(tab, server):
    ask(tab, NEXT)
    new(tab)
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script.append(held)
    expect(cites(begin(tab))).to_have_count(1)
    menu(tab, "Conversations").get_by_role("button", name=NEXT, exact=True).click()
    expect(turn(tab, 1).get_by_role("heading", level=3)).to_have_text(NEXT)
    held.let_go.set()
    assert held.gone.wait(PATIENCE_SECONDS)
    expect(turn(tab, 1).get_by_role("heading", level=3)).to_have_text(NEXT)
    menu(tab, "Conversations").get_by_role("button", name=QUESTION, exact=True).click()
    expect(turn(tab, 1)).to_contain_text("Stopped.")
    expect(turn(tab, 1).locator(".answer")).to_contain_text("On 12 ports")


def test_deleting_the_conversation_that_is_answered_leaves_nothing_of_it(tab, server):
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script.append(held)
    expect(cites(begin(tab))).to_have_count(1)
    menu(tab, "Conversations").get_by_role("button", name="Delete: ").click()
    menu(tab, "Conversations").get_by_role("button", name="Confirm delete: ").click()
    expect(welcome(tab)).to_be_visible()
    held.let_go.set()
    assert held.gone.wait(PATIENCE_SECONDS)
    expect(turns(tab)).to_have_count(0)
    assert kept(tab) == {}


def test_menu_stays_as_it_is_while_an_answer_grows(tab, server):
    ask(tab, NEXT)
    new(tab)
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script.append(held)
    expect(cites(begin(tab))).to_have_count(1)
    button = menu(tab, "Conversations").get_by_role("button", name=f"Delete: {NEXT}")
    button.click()
    held.let_go.set()
    answered(tab, 1)
    expect(menu(tab, "Conversations").get_by_role("button", name=f"Confirm delete: {NEXT}")).to_be_focused()


def test_escape_closes_a_menu_before_it_stops_an_answer(tab, server):
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script.append(held)
    expect(cites(begin(tab))).to_have_count(1)
    opened = menu(tab, "Export")
    opened.get_by_role("button").first.focus()
    tab.keyboard.press("Escape")
    expect(opened).not_to_have_attribute("open", "")
    expect(opened.locator("summary")).to_be_focused()
    expect(stop(tab)).to_be_visible()
    tab.keyboard.press("Escape")
    expect(turn(tab, 1)).to_contain_text("Stopped.")
    held.let_go.set()


def test_escape_in_another_tab_of_the_page_does_not_stop_the_answer(tab, server):
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script.append(held)
    expect(cites(begin(tab))).to_have_count(1)
    tab.get_by_role("tab", name="Papers").click()
    tab.keyboard.press("Escape")
    tab.get_by_role("tab", name="Chat").click()
    expect(stop(tab)).to_be_visible()
    held.let_go.set()
    expect(answered(tab, 1)).to_contain_text("storm surges")


def test_votes_wait_until_the_answer_is_whole(tab, server):
    ask(tab, QUESTION)
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script += [NEXT, held]
    expect(cites(begin(tab, NEXT))).to_have_count(1)
    thumb = turn(tab, 1).get_by_role("button", name="Helpful", exact=True)
    thumb.click()
    expect(tab.locator("#qa-bar").get_by_role("status")).to_have_text("Vote when the answer is complete.")
    held.let_go.set()
    answered(tab, 2)
    thumb.click()
    expect(thumb).to_have_attribute("aria-pressed", "true")
    expect(turn(tab, 2)).to_contain_text("storm surges")


def test_reload_in_the_middle_keeps_what_was_shown(server, address, browser_page):
    with browser_page(address, expected_errors=LEAVING) as tab:
        held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
        server.script.append(held)
        expect(cites(begin(tab))).to_have_count(1)
        tab.reload()
        expect(turn(tab, 1)).to_contain_text("Stopped.")
        expect(turn(tab, 1).locator(".answer")).to_contain_text("On 12 ports")
        expect(cites(turn(tab, 1))).to_have_count(1)
        expect(stop(tab)).to_be_hidden()
        expect(box(tab)).to_have_value("")
        held.let_go.set()
        assert held.gone.wait(PATIENCE_SECONDS), "nobody reads the answer, and still it is written"


# Errors


def test_reply_that_is_cut_keeps_what_was_shown(tab, server):
    server.script.append(
        lambda exchange: breaks_off(labelled(f"{ERROR} Training takes", exchange.request.messages))(exchange)
    )
    answer = ask(tab, QUESTION)
    expect(answer.locator(".answer")).to_contain_text("On 12 ports")
    expect(answer.locator(".notice")).to_contain_text("The reply was cut")
    server.script.append(NEXT)
    expect(ask(tab, NEXT)).to_contain_text("40 minutes")


def test_quotes_take_the_place_of_a_model_that_errs_at_once(tab, server):
    server.script.append(fails(401))
    answer = ask(tab, QUESTION)
    expect(answer.locator(".notice")).to_contain_text("Showing quotes instead: ")
    expect(answer.locator(".answer")).to_contain_text("On 12 ports it lowers the mean error")
    assert KEY not in tab.content()


def test_error_without_quotes_is_one_sentence_and_can_be_asked_again(index, browser_page):
    with (
        model_page(index=index, fallback=False) as (address, server),
        browser_page(address, expected_errors=LEAVING) as tab,
    ):
        ask(tab, QUESTION)
        server.script += [NEXT, fails(401)]
        begin(tab, NEXT)
        expect(turn(tab, 2).get_by_role("alert")).to_be_visible()
        assert "Traceback" not in tab.content()
        expect(stop(tab)).to_be_hidden()
        expect(turn(tab, 1)).to_contain_text("On 12 ports")
        server.script += [NEXT]
        turn(tab, 2).get_by_role("button", name="Ask again").click()
        expect(answered(tab, 2)).to_contain_text("40 minutes")
        expect(turn(tab, 2).get_by_role("alert")).to_have_count(0)
        tab.reload()
        expect(turns(tab)).to_have_count(2)


def test_asking_again_passes_the_kept_reply_by(index, browser_page, tmp_path):
    with model_page(index=index, cache=qa.ReplyCache(tmp_path)) as (address, server), browser_page(address) as tab:
        ask(tab, QUESTION)
        new(tab)
        ask(tab, QUESTION)
        assert len(server.requests) == 1
        server.reply = writes(STORMS)
        turn(tab, 1).get_by_role("button", name="Ask again").click()
        expect(turn(tab, 1).locator(".answer")).to_contain_text("storm surges")
        answered(tab, 1)
        assert len(server.requests) == 2


def test_key_never_comes_to_the_browser(server, address, browser_page):
    seen = []
    with browser_page(address, expected_errors=LEAVING) as tab:
        tab.on("console", lambda message: seen.append(message.text))
        tab.on("request", lambda request: seen.append(f"{request.url} {request.headers} {request.post_data}"))
        tab.on("response", lambda response: seen.append(str(response.headers)))
        tab.reload()
        expect(welcome(tab)).to_be_visible()
        ask(tab, QUESTION)
        server.script.append(NEXT)
        server.script.append(fails(401, f"Incorrect API key provided: {KEY}"))
        ask(tab, NEXT)
        seen.append(tab.content())
        seen += tab.evaluate(
            "Promise.all(['config', 'gradio_api/info'].map(path => fetch(path).then(got => got.text())))"
        )
        seen.append(tab.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, window.gradio_config])"))
    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"
    assert not [text[:200] for text in seen if KEY in text or KEY[3:12] in text]


def test_quote_that_was_led_to_stands_out_while_the_answer_grows(tab, server):
    held = Held(f"{ERROR} Training takes", f" 40 minutes on one laptop <Training takes>. {STORMS}")
    server.script.append(held)
    growing = begin(tab)
    cites(growing).first.click()
    expect(meant(tab)).to_have_count(1)
    held.let_go.set()
    expect(answered(tab, 1)).to_contain_text("storm surges")
    expect(turn(tab, 1).locator(".suggested")).to_be_visible()  # the cards were drawn anew for the last time
    expect(card(tab, 1).locator("mark")).to_have_count(3)
    expect(meant(tab)).to_have_count(1)
    expect(meant(tab)).to_contain_text("On 12 ports")


def test_no_number_of_silent_models_keeps_others_waiting(index):
    with FakeEndpoint() as server, open_page(qa.Assistant(index, qa.Endpoint(base_url=server.url, model="m"))) as page:
        asking = [fn for fn in page.demo.fns.values() if inspect.isasyncgenfunction(fn.fn)]
        assert [fn.concurrency_limit for fn in asking] == [None]
