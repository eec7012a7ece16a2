"""The tab Chat for who has no mouse, a small screen, a screen reader or a dark room; and what happens when Gradio puts its
parts there anew."""

import json

import pytest
from playwright.sync_api import expect

import qa
from helpers.chat_page import (
    BREAD,
    ERROR,
    LAMPS,
    LEAVING,
    WORLD_CUP,
    answered,
    ask,
    box,
    card,
    chips,
    cites,
    expect_in_view,
    meant,
    menu,
    place,
    shelf,
    tip,
    turn,
    turns,
    welcome,
)
from helpers.fake_endpoint import FakeEndpoint
from helpers.page_session import DESKTOP, PHONE, TABLET, axe, open_page
from helpers.writer import labelled

LONG_WORD = "w" * 300
LONG = {
    "id": "long",
    "title": f"Herons: {LONG_WORD} and a title of many more words that goes on where any other title had come to its end",
    "abstract": f"Herons stand in {LONG_WORD} water. We count 77 herons near the lake. A heron eats {LONG_WORD} fish.",
    "url": f"https://example.com/{LONG_WORD}",
}


@pytest.fixture(scope="module")
def address(pages, tmp_path_factory):
    folder = tmp_path_factory.mktemp("manners")
    (folder / "long.jsonl").write_text(json.dumps(LONG))
    qa.build_index([pages, folder / "long.jsonl"], folder / "index")
    index = qa.open_index(folder / "index")
    with open_page(qa.Assistant(index)) as page:
        yield page.address
    index.close()


@pytest.fixture
def tab(address, browser_page):
    with browser_page(address, expected_errors=LEAVING) as tab:
        expect(welcome(tab)).to_be_visible()
        yield tab


@pytest.fixture
def phone(address, browser_page):
    with browser_page(address, size=PHONE, has_touch=True) as tab:
        expect(welcome(tab)).to_be_visible()
        yield tab


def press_until(tab, key, locator, most=40):
    for _ in range(most):
        tab.keyboard.press(key)
        if locator.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"{key} does not lead there")


# By keyboard alone


def test_keyboard_leads_from_the_question_to_a_number_to_its_card_and_back(tab):
    tab.keyboard.press("/")
    expect(box(tab)).to_be_focused()
    expect(box(tab)).to_have_value("")
    tab.keyboard.type(ERROR)
    tab.keyboard.press("Enter")
    answered(tab, 1)
    first = cites(turn(tab, 1)).first
    press_until(tab, "Shift+Tab", first)
    expect(tip(tab)).to_be_visible()
    tab.keyboard.press("Enter")
    expect(card(tab, 1)).to_be_focused()
    expect(tip(tab)).to_be_hidden()
    expect_in_view(meant(tab))
    tab.keyboard.press("Escape")
    expect(first).to_be_focused()


def test_slash_is_a_letter_where_one_writes(tab):
    box(tab).press_sequentially("and/or")
    expect(box(tab)).to_have_value("and/or")
    tab.get_by_role("tab", name="Papers").click()
    search = tab.get_by_role("searchbox")
    search.press_sequentially("a/b")
    expect(search).to_have_value("a/b")


@pytest.mark.parametrize("name", ["Conversations", "Export"])
def test_menu_opens_and_closes_by_keyboard(tab, name):
    ask(tab, ERROR)
    summary = tab.locator("#qa-bar summary", has_text=name)
    press_until(tab, "Shift+Tab", summary)
    tab.keyboard.press("Enter")
    first = tab.locator("#qa-bar details[open] li button").first
    expect(first).to_be_visible()
    tab.keyboard.press("Tab")
    expect(first).to_be_focused()
    tab.keyboard.press("Escape")
    expect(first).to_be_hidden()
    expect(summary).to_be_focused()


def test_one_menu_is_open_at_a_time_and_a_click_elsewhere_closes_it(tab):
    ask(tab, ERROR)
    menu(tab, "Export")
    menu(tab, "Conversations")
    expect(tab.locator("#qa-bar details[open]")).to_have_count(1)
    tab.locator("#qa-keys").click()
    expect(tab.locator("#qa-bar details[open]")).to_have_count(0)


def test_everything_that_can_be_pressed_has_a_name_and_shows_its_focus(tab):
    ask(tab, ERROR)
    box(tab).focus()
    names = set()
    for _ in range(60):
        tab.keyboard.press("Tab")
        seen = tab.evaluate(
            "(e => e.closest('#qa-chat') && [e.getAttribute('aria-label') || e.labels?.[0]?.textContent || e.textContent,"
            " getComputedStyle(e).outlineStyle])(document.activeElement)"
        )
        if seen:
            assert seen[0].strip()
            assert seen[1] != "none", seen
            names.add(seen[0].strip())
    assert {"New conversation", "Conversations", "Export", "Edit", "Copy", "Helpful", "Ask about this paper"} <= names


# On a phone


def fits(tab):
    return tab.evaluate("document.documentElement.scrollWidth <= innerWidth") and not tab.evaluate(
        "[...document.querySelectorAll('#qa-thread, #qa-side')].filter(e => e.scrollWidth > e.clientWidth).map(e => e.id)"
    )


def test_sheet_opens_on_a_number_with_its_words_in_view_and_closes(phone):
    ask(phone, LAMPS)
    expect(phone.locator("#qa-side")).to_be_hidden()
    link = turn(phone, 1).get_by_role("link", name="Paper 2").last
    link.tap()
    expect(card(phone, 2)).to_be_focused()
    expect_in_view(meant(phone))
    expect(tip(phone)).to_be_hidden()
    phone.get_by_role("button", name="Close").tap()
    expect(phone.locator("#qa-side")).to_be_hidden()
    expect(link).to_be_focused()
    expect(tip(phone)).to_be_hidden()


def test_escape_closes_the_sheet_and_goes_back_to_the_number(phone):
    ask(phone, ERROR)
    first = cites(turn(phone, 1)).first
    first.click()
    expect(card(phone, 1)).to_be_focused()
    phone.keyboard.press("Escape")
    expect(phone.locator("#qa-side")).to_be_hidden()
    expect(first).to_be_focused()


def test_asking_about_a_paper_closes_the_sheet(phone):
    ask(phone, ERROR).get_by_role("button", name="Show sources").click()
    card(phone, 1).get_by_role("button", name="Ask about this paper").click()
    expect(phone.locator("#qa-side")).to_be_hidden()
    expect(chips(phone)).to_be_visible()
    expect(box(phone)).to_be_focused()
    assert fits(phone)


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_nothing_scrolls_sideways_on_a_phone(address, browser_page, dark):
    with browser_page(address, size=PHONE, dark=dark) as tab:
        expect(welcome(tab)).to_be_visible()
        assert fits(tab)
        answer = ask(tab, f"How many herons are near the lake? {LONG_WORD}")
        expect(answer).to_contain_text("77")
        assert fits(tab)
        cites(answer).first.click()
        expect(card(tab, 1)).to_be_focused()
        assert fits(tab)
        card(tab, 1).get_by_text("Similar papers").click()
        expect(card(tab, 1).get_by_role("listitem").first).to_be_visible()
        assert fits(tab)
        card(tab, 1).get_by_role("button", name="Ask about this paper").click()
        expect(chips(tab)).to_be_visible()
        for name in ("Conversations", "Export"):
            opened = place(menu(tab, name).locator("ul"))
            assert opened["x"] >= 0
            assert opened["width"] > 300
            assert opened["x"] + opened["width"] <= 360
            assert fits(tab)
        box(tab).fill(LONG_WORD * 10)
        assert fits(tab)


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP], ids=["phone", "tablet", "desktop"])
def test_question_box_is_in_view_at_every_width(address, browser_page, size):
    with browser_page(address, size=size) as tab:
        for question in (ERROR, BREAD):
            ask(tab, question)
            for part in (box(tab), tab.get_by_role("button", name="Ask", exact=True)):
                at = place(part)
                assert at["y"] + at["height"] <= size[1]
                assert at["x"] + at["width"] <= size[0]


def test_answer_is_read_from_its_question_on(tab):
    tab.set_viewport_size({"width": 500, "height": 420})
    for question in (BREAD, ERROR):
        ask(tab, question)
    pane = place(tab.locator("#qa-thread"))
    assert place(turn(tab, 2))["height"] > pane["height"]
    heading = place(turn(tab, 2).get_by_role("heading", level=3))
    assert pane["y"] <= heading["y"] < pane["y"] + pane["height"] / 2


# For screen readers, in light and dark


def grave(tab, scope="#qa-chat"):
    """Violations that are serious or critical, in our own markup."""
    return [
        (found["id"], [node["html"][:200] for node in found["nodes"]])
        for found in axe(tab, scope)
        if found["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
def test_axe_finds_nothing_grave(address, browser_page, size, dark):
    with browser_page(address, size=size, dark=dark) as tab:
        expect(welcome(tab)).to_be_visible()
        assert grave(tab) == []
        answer = ask(tab, ERROR)
        answer.locator(".steps summary").click()
        answer.get_by_role("button", name="Not helpful").click()
        expect(answer.get_by_role("textbox")).to_be_visible()
        for name in ("Conversations", "Export"):
            menu(tab, name)
            assert grave(tab) == []
        tab.keyboard.press("Escape")
        cites(answer).first.click()
        expect(card(tab, 1)).to_be_focused()
        card(tab, 1).get_by_text("Similar papers").click()
        expect(card(tab, 1).get_by_role("listitem").first).to_be_visible()
        assert grave(tab) == []
        card(tab, 1).get_by_role("button", name="Ask about this paper").click()
        expect(chips(tab)).to_be_visible()
        ask(tab, WORLD_CUP)
        assert grave(tab) == []


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_grave_in_doubt_and_error(assistant, browser_page, dark):
    doubtful = (
        "On 12 ports TideNet lowers the mean error from 9.1 cm to 5.4 cm <On 12 ports>. Paris is the capital of France."
    )
    with FakeEndpoint(reply=lambda messages: labelled(doubtful, messages)) as server:
        model = qa.Endpoint(base_url=server.url, model="fake-model", sleep=lambda seconds: None)
        with open_page(qa.Assistant(assistant.index, model)) as page, browser_page(page.address, dark=dark) as tab:
            expect(ask(tab, ERROR).locator("p .sign")).to_be_visible()
            menu(tab, "Settings")
            assert grave(tab) == []
            tab.keyboard.press("Escape")
            cites(turn(tab, 1)).first.hover()
            expect(tip(tab)).to_be_visible()
            assert grave(tab, "#qa-tip") == []
            tab.evaluate(
                "qa.keep({text: JSON.stringify({run: qa.talk().run, error: 'It cannot be read. Begin a new one.'})})"
            )
            expect(tab.locator("#qa-composer").get_by_role("alert")).to_be_visible()
            assert grave(tab) == []


def test_answer_is_told_to_a_screen_reader(tab):
    ask(tab, ERROR)
    expect(tab.locator("#qa-thread").get_by_role("status")).to_have_text("Answered, 1 paper cited.")
    ask(tab, WORLD_CUP)
    expect(tab.locator("#qa-thread").get_by_role("status")).to_have_text("No abstract answers this, 0 papers cited.")


# What Gradio and the browser do to the page


def test_tab_that_was_hidden_when_the_page_loaded_works(tab):
    tab.add_init_script(
        "Object.defineProperty(document, 'visibilityState', {get: () => 'hidden'});"
        "Object.defineProperty(document, 'hidden', {get: () => true});"
    )
    tab.reload()
    expect(welcome(tab)).to_be_visible()
    expect(ask(tab, ERROR)).to_contain_text("5.4 cm")


def test_chat_goes_on_after_a_look_at_the_other_tabs(tab):
    ask(tab, ERROR)
    box(tab).fill("What about salt?")
    for name in ("Papers", "Sources", "Scores", "Chat"):
        tab.get_by_role("tab", name=name).click()
    expect(box(tab)).to_have_value("What about salt?")
    tab.locator(".turn [data-vote=up]").click()
    expect(tab.locator(".turn [data-vote=up]")).to_have_attribute("aria-pressed", "true")
    ask(tab, BREAD)
    expect(turns(tab)).to_have_count(2)


def test_script_of_the_page_runs_once(tab):
    tab.add_init_script(
        "let made = 0; Object.defineProperty(window, 'qa', {configurable: true, set(value) { made += 1; window.times = made;"
        " Object.defineProperty(window, 'qa', {value, writable: true, configurable: true}); }});"
    )
    tab.reload()
    expect(welcome(tab)).to_be_visible()
    assert tab.evaluate("times") == 1


def test_long_conversation_is_drawn_once(tab):
    ask(tab, ERROR)
    first = tab.evaluate("document.querySelectorAll('#qa-chat *').length")
    ask(tab, BREAD)
    assert tab.evaluate("document.querySelectorAll('#qa-chat *').length") < first + 60


def test_shelf_tells_a_long_title_in_one_line(tab):
    ask(tab, f"How many herons are near the lake? {LONG_WORD}")
    row = place(shelf(tab).first)
    assert row["height"] < 60
