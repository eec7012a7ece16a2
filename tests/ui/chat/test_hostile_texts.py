"""The tab Chat in a browser, with texts that want to be more than text: in papers, page names, questions, replies, notes and
kept conversations. They are shown, and do nothing."""

import json
import re
from contextlib import contextmanager

import pytest
from playwright.sync_api import expect

import qa
from helpers.chat_page import (
    LEAVING,
    answered,
    ask,
    box,
    card,
    chips,
    cites,
    export,
    menu,
    new,
    place,
    quotes_of,
    shelf,
    tip,
    turn,
    turns,
    welcome,
)
from helpers.fake_endpoint import FakeEndpoint
from helpers.page_session import PHONE, open_page
from helpers.writer import labelled
from qa.answer import Answer, Citation, Quote, Statement
from qa.documents.paper import Paper
from qa.ui.chat.conversation import About, Conversation, Step, Turn

NASTY = (
    '<script>window.hit=1</script><img src=x onerror="window.hit=2">"\'><svg onload=window.hit=3> [x](javascript:window.hit=4)'
    " ![x](https://evil.example/x.png) ${window.hit=5} ${alert(1)} {{constructor}} </p></div></section> &lt;b&gt; \u202eevil"
)
VISIBLE = NASTY.replace("\u202e", "\\u202e")
"""As it is shown: what turns the direction of writing is made visible."""
IN_ABSTRACT = NASTY.replace("\u202e", "")
"""As it is read from a page: such characters are left out of abstracts."""
QUESTION = "How many zebras cross the lake?"
PAGE_NAME = '"><svg onload=window.hit=6>${alert(2)}.jsonl'
SENTENCE = f"We count 77 zebras that cross the lake, {NASTY} as the count has it."
HOSTILE = {
    "id": "\"><img src=x onerror='window.hit=7'>",
    "title": f"Zebras cross the Lake {NASTY}",
    "abstract": f"Zebras cross the lake at night. {SENTENCE} The lake is shallow.",
    "url": "javascript:window.hit=8",
    "code_url": 'https://example.com/"onmouseover="window.hit=9',
    "date": "<b>2020</b>",
}
HUGE = {
    "id": "huge",
    "title": f"Yaks {'y' * 900}",
    "abstract": f"Yaks climb the hill of {'z' * 20_000} slowly. We count 55 yaks.",
}


@pytest.fixture(scope="module")
def index(pages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hostile")
    (folder / PAGE_NAME).write_text("\n".join(map(json.dumps, (HOSTILE, HUGE))))
    qa.build_index([pages, folder / PAGE_NAME], folder / "index")
    index = qa.open_index(folder / "index")
    yield index
    index.close()


@pytest.fixture(scope="module")
def address(index):
    with open_page(qa.Assistant(index)) as page:
        yield page.address


@contextmanager
def harmless(tab):
    """Fails where, in the meantime, a text became an element, an attribute that acts, a link that is not https, a dialog or
    a script that ran."""
    dialogs = []
    tab.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    yield
    assert tab.evaluate("window.hit") is None
    assert dialogs == []
    assert (
        tab.evaluate(
            """[...document.querySelectorAll("#qa-chat .html-container *, #qa-tip *")].filter(element =>
            /^(SCRIPT|IMG|SVG|IFRAME|OBJECT|EMBED|STYLE|LINK|BASE)$/i.test(element.tagName)
            || [...element.attributes].some(attribute => attribute.name.startsWith("on"))
            || (element.tagName === "A" && !/^(https:|#qa-card-)/.test(element.getAttribute("href")))
        ).map(element => element.outerHTML)"""
        )
        == []
    )


@pytest.fixture
def tab(address, browser_page):
    with browser_page(address, expected_errors=LEAVING) as tab:
        expect(welcome(tab)).to_be_visible()
        with harmless(tab):
            yield tab


def test_texts_of_a_paper_are_shown_as_text(tab):
    answer = ask(tab, QUESTION)
    expect(answer.locator(".answer")).to_contain_text(IN_ABSTRACT)
    expect(card(tab, 1).get_by_role("heading", level=3)).to_have_text(f"[1] Zebras cross the Lake {VISIBLE}")
    expect(card(tab, 1)).to_contain_text(PAGE_NAME)
    expect(card(tab, 1)).to_contain_text("<b>2020</b>")
    expect(card(tab, 1).get_by_role("link")).to_have_count(0)
    expect(card(tab, 1).locator("mark").filter(has_text="77 zebras")).to_contain_text(IN_ABSTRACT)


def test_number_leads_to_its_words_whatever_they_are(tab):
    link = next(link for link in cites(ask(tab, QUESTION)).all() if "77 zebras" in "".join(quotes_of(link)))
    link.hover()
    expect(tip(tab)).to_contain_text(IN_ABSTRACT)
    link.click()
    expect(card(tab, 1).locator("mark.current")).to_contain_text("77 zebras")


def test_title_is_text_in_the_chip_and_of_the_turn(tab):
    ask(tab, QUESTION)
    card(tab, 1).get_by_role("button", name="Ask about this paper").click()
    expect(chips(tab)).to_contain_text("About this paper only: Zebras cross the Lake <script>window.hit=1</script><img")
    expect(ask(tab, "How many are counted?")).to_contain_text(f"About this paper only: Zebras cross the Lake {VISIBLE}")
    card(tab, 1).get_by_text("Similar papers").click()
    expect(card(tab, 1).get_by_role("listitem").first).to_be_visible()


def test_title_is_text_among_similar_papers(tab):
    ask(tab, "What does DoughGraph do?")
    for _ in range(3):  # one of the similar papers of a similar paper is the hostile one
        card(tab, 1).get_by_text("Similar papers").click()
        hostile = card(tab, 1).get_by_role("listitem").filter(has_text="Zebras cross")
        expect(card(tab, 1).get_by_role("listitem").first).to_be_visible()
        if hostile.count():
            break
        card(tab, 1).get_by_role("listitem").last.get_by_role("button").click()
        new_turn = turns(tab).count() + 1
        box(tab).fill("What is it about?")
        box(tab).press("Enter")
        answered(tab, new_turn)


def test_question_is_text_in_the_thread_the_shelf_the_box_and_the_file(tab):
    question = f"Why do zebras cross the lake? {NASTY}"
    ask(tab, question)
    expect(turn(tab, 1).get_by_role("heading", level=3)).to_have_text(f"Why do zebras cross the lake? {VISIBLE}")
    expect(shelf(tab).locator(".shelf-open")).to_contain_text("<script>window.hit=1</script>")
    menu(tab, "Conversations").get_by_role("button", name="Delete").click()
    turn(tab, 1).get_by_role("button", name="Edit").click()
    expect(box(tab)).to_have_value(question.replace("\u202e", "\\u202e"))
    for kind in ("Conversation as Markdown", "Cited papers as BibTeX"):
        text = export(tab, kind)
        assert "zebras" in text.lower()
        assert not re.search(r"(?<!\\)<(script|img|svg)", text)
        assert kind.endswith("BibTeX") or not re.search(r"(?<!\\)\]\(", text)
    tab.reload()
    expect(turn(tab, 1).get_by_role("heading", level=3)).to_contain_text("<script>")


def test_note_is_text(tab):
    ask(tab, QUESTION)
    turn(tab, 1).get_by_role("button", name="Not helpful").click()
    turn(tab, 1).get_by_role("textbox").fill(NASTY)
    turn(tab, 1).get_by_role("button", name="Save note").click()
    expect(turn(tab, 1)).to_contain_text(f"Saved with your note: {VISIBLE}")


def test_question_of_a_hundred_thousand_characters_is_refused_in_place(tab):
    box(tab).evaluate("(box, text) => { box.value = text; }", "zebra " * 17_000)
    tab.get_by_role("button", name="Ask", exact=True).click()
    expect(tab.locator("#qa-composer").get_by_role("alert")).to_contain_text("characters")
    assert len(box(tab).input_value()) == 6 * 17_000
    expect(turns(tab)).to_have_count(0)
    box(tab).fill(QUESTION)
    box(tab).press("Enter")
    expect(answered(tab, 1)).to_contain_text("77 zebras")
    expect(tab.locator("#qa-composer").get_by_role("alert")).to_be_hidden()


def test_huge_title_and_abstract_neither_hang_nor_widen_the_page(address, browser_page):
    with browser_page(address, size=PHONE) as tab, harmless(tab):
        ask(tab, "How many yaks climb the hill?").get_by_role("button", name="ources").click()
        yaks = tab.locator("#qa-panel .card").filter(has=tab.get_by_role("heading", name="Yaks"))
        yaks.get_by_role("button", name="Ask about this paper").click()
        expect(chips(tab)).to_be_visible()
        assert place(chips(tab))["height"] < 60
        assert tab.evaluate("document.documentElement.scrollWidth") <= 360


# Replies of a model


@pytest.fixture(scope="module")
def with_model(index):
    with FakeEndpoint() as server:
        model = qa.Endpoint(base_url=server.url, model=f"fake{NASTY.replace(' ', '')[:60]}", sleep=lambda seconds: None)
        with open_page(qa.Assistant(index, model)) as page:
            yield page.address, server


@pytest.fixture
def model_tab(with_model, browser_page):
    with browser_page(with_model[0]) as tab:
        expect(welcome(tab)).to_be_visible()
        with harmless(tab):
            yield tab


def test_reply_and_its_reasons_are_shown_as_text(model_tab, with_model):
    with_model[1].reply = lambda messages: labelled(
        f"We count 77 zebras {NASTY} <We count 77>. Paris is big {NASTY}.", messages
    )
    answer = ask(model_tab, QUESTION)
    expect(answer).to_contain_text("<script>window.hit=1</script>")
    expect(answer).to_contain_text("fake<script>window.hit=1</script>")
    expect(answer.locator(".doubts li").first).to_be_visible()


def test_rewritten_question_is_text(model_tab, with_model):
    server = with_model[1]
    server.reply = lambda messages: labelled("We count 77 zebras <We count 77>.", messages)
    ask(model_tab, QUESTION)
    server.script.append(f"How many zebras? {NASTY}")
    expect(ask(model_tab, "And how many of them?")).to_contain_text(
        "Searched for: How many zebras? ‹script›window.hit=1"
    )


def test_reply_of_a_hundred_thousand_characters_leaves_the_page_alive(model_tab, with_model):
    with_model[1].reply = lambda messages: labelled(f"We count 77 zebras <We count 77>. {'<b>' * 34_000}.", messages)
    expect(ask(model_tab, QUESTION)).to_contain_text("We count 77 zebras")
    new(model_tab)
    with_model[1].reply = lambda messages: labelled("We count 77 zebras <We count 77>.", messages)
    expect(ask(model_tab, QUESTION)).to_contain_text("We count 77 zebras")


# What the browser kept


def test_kept_conversation_is_text_in_all_its_parts(address, browser_page):
    quote = Quote(
        text=SENTENCE,
        start=HOSTILE["abstract"].index(SENTENCE),
        end=HOSTILE["abstract"].index(SENTENCE) + len(SENTENCE),
    )
    paper = Paper(
        id=NASTY, title=NASTY, abstract=HOSTILE["abstract"], original=HOSTILE["abstract"], pages=(NASTY,), date=NASTY,
        url="javascript:window.hit=10", code_url="JaVaScRiPt:window.hit=11",
    )  # fmt: skip
    said = Statement(text=NASTY, numbers=(1,), quotes=(quote,), support="weak", reason=NASTY)
    answer = Answer(
        question=NASTY, text=f"{NASTY} [1]", found=True, mode="model", statements=(said,), nearest=(paper,), rewritten=NASTY,
        citations=(Citation(number=1, paper=paper, quotes=(quote,)),), model=NASTY, notice=NASTY,
    )  # fmt: skip
    turn_ = Turn(
        question=NASTY, about=About(id=NASTY, title=NASTY), answer=answer, steps=(Step(name=NASTY, seconds=1.0),), error=NASTY,
        vote=False, note=NASTY, follow_ups=(NASTY,),
    )  # fmt: skip
    value = json.dumps({"title": NASTY, "at": 1, "talk": Conversation(id="0123", turns=(turn_,)).to_dict()})
    storage = [{"name": "qa.talk.0123", "value": value}, {"name": "qa.open", "value": "0123"}]
    state = {"cookies": [], "origins": [{"origin": address.rstrip("/"), "localStorage": storage}]}
    with browser_page(address, storage_state=state) as tab, harmless(tab):
        expect(turn(tab, 1).get_by_role("heading", level=3)).to_have_text(VISIBLE)
        expect(turn(tab, 1).get_by_role("alert")).to_have_text(VISIBLE)
        expect(turn(tab, 1).get_by_role("list", name="Suggested questions")).to_have_text(VISIBLE)
        expect(card(tab, 1)).to_contain_text(VISIBLE)
        cites(turn(tab, 1)).first.hover()
        expect(tip(tab)).to_contain_text(VISIBLE)
        cites(turn(tab, 1)).first.click()
        expect(card(tab, 1)).to_be_focused()
        expect(tab.locator("mark.current")).to_contain_text(VISIBLE)
        expect(shelf(tab)).to_contain_text("<script>")
        turn(tab, 1).get_by_role("list", name="Suggested questions").get_by_role("button").click()
        expect(answered(tab, 2).get_by_role("heading", level=3)).to_contain_text("<script>")


@pytest.mark.parametrize("name", ["__proto__", "constructor", "<img src=x onerror=window.hit=12>"])
def test_names_of_conversations_are_only_names(address, browser_page, name):
    talk = {"id": name, "turns": [{"question": "Why?", "error": "It was so. Ask again."}]}
    storage = [{"name": f"qa.talk.{name}", "value": json.dumps({"title": "t", "at": "x", "talk": talk})}]
    storage.append({"name": "qa.open", "value": name})
    state = {"cookies": [], "origins": [{"origin": address.rstrip("/"), "localStorage": storage}]}
    with browser_page(address, storage_state=state) as tab, harmless(tab):
        expect(turn(tab, 1).get_by_role("alert")).to_have_text("It was so. Ask again.")
        ask(tab, QUESTION)
        expect(shelf(tab)).to_have_count(1)
