"""The conversations that a browser keeps: opened, deleted, reloaded, in several tabs and browsers, where there is no room
for them and where they are damaged; and their export."""

import json

import pytest
from playwright.sync_api import expect

from helpers.chat_page import (
    BREAD,
    ERROR,
    LAMPS,
    LEAVING,
    TRAINING,
    WORLD_CUP,
    answered,
    ask,
    box,
    card,
    chips,
    cites,
    export,
    kept,
    menu,
    new,
    said,
    shelf,
    turn,
    turns,
    welcome,
)
from helpers.page_session import open_page, watch
from qa.export import to_markdown
from qa.ui.chat.conversation import Conversation


@pytest.fixture(scope="module")
def address(assistant):
    with open_page(assistant) as page:
        yield page.address


@pytest.fixture
def tab(address, browser_page):
    with browser_page(address, expected_errors=LEAVING) as tab:
        expect(welcome(tab)).to_be_visible()
        yield tab


def another_tab(tab, address, browser_page):
    """A second tab of the same browser."""
    other = tab.context.new_page()
    watch(other, address, browser_page.faults)
    other.goto(address)
    return other


# In their menu


def test_conversations_are_kept_and_opened_with_their_papers(tab):
    ask(tab, ERROR)
    new(tab)
    ask(tab, BREAD)
    expect(shelf(tab).locator(".shelf-open")).to_have_text([BREAD, ERROR])
    shelf(tab).get_by_role("button", name=ERROR, exact=True).click()
    expect(turn(tab, 1)).to_contain_text("5.4 cm")
    expect(card(tab, 1)).to_contain_text("TideNet")
    expect(box(tab)).to_be_focused()
    expect(turns(tab)).to_have_count(1)
    ask(tab, TRAINING)
    expect(shelf(tab).locator(".shelf-open")).to_have_text([ERROR, BREAD])
    expect(shelf(tab).locator("[aria-current]")).to_have_text(ERROR)


def test_opening_a_conversation_does_not_make_it_the_newest(tab):
    ask(tab, ERROR)
    new(tab)
    ask(tab, BREAD)
    before = kept(tab)
    shelf(tab).get_by_role("button", name=ERROR, exact=True).click()
    expect(turn(tab, 1)).to_contain_text("5.4 cm")
    expect(shelf(tab).locator(".shelf-open")).to_have_text([BREAD, ERROR])
    assert kept(tab) == before


def test_deleting_asks_first(tab):
    ask(tab, ERROR)
    new(tab)
    ask(tab, BREAD)
    shelf(tab).get_by_role("button", name=f"Delete: {ERROR}").click()
    expect(shelf(tab)).to_have_count(2)
    sure = shelf(tab).get_by_role("button", name=f"Confirm delete: {ERROR}")
    expect(sure).to_have_text("Confirm delete")
    sure.click()
    expect(shelf(tab).locator(".shelf-open")).to_have_text([BREAD])
    expect(tab.locator("summary", has_text="Conversations")).to_be_focused()
    expect(turn(tab, 1)).to_contain_text("bubbles")
    assert len(kept(tab)) == 1


def test_deleting_the_open_conversation_begins_a_new_one(tab):
    ask(tab, ERROR)
    shelf(tab).get_by_role("button", name="Delete: ").click()
    shelf(tab).get_by_role("button", name="Confirm delete: ").click()
    expect(welcome(tab)).to_be_visible()
    expect(shelf(tab)).to_have_text("None yet. They are kept in this browser.")
    assert kept(tab) == {}
    tab.reload()
    expect(welcome(tab)).to_be_visible()


def test_opening_one_conversation_after_another_in_haste_shows_the_last(tab):
    for question in (ERROR, BREAD, LAMPS):
        ask(tab, question)
        new(tab)
    tab.evaluate("document.querySelectorAll('.shelf-open').forEach(one => one.click())")
    expect(turn(tab, 1)).to_contain_text("5.4 cm")
    expect(card(tab, 1)).to_contain_text("TideNet")
    expect(turns(tab)).to_have_count(1)
    expect(ask(tab, TRAINING)).to_contain_text("40 minutes")
    assert sorted(len(one["talk"]["turns"]) for one in kept(tab).values()) == [1, 1, 2]


def test_edit_of_one_conversation_is_not_taken_into_another(tab):
    ask(tab, ERROR)
    ask(tab, TRAINING)
    turn(tab, 2).get_by_role("button", name="Edit").click()
    expect(chips(tab)).to_have_count(1)
    new(tab)
    expect(chips(tab)).to_have_count(0)
    ask(tab, BREAD)
    assert sorted(len(one["talk"]["turns"]) for one in kept(tab).values()) == [1, 2]


# Through a reload, a restart, and in several tabs


def test_conversation_and_what_is_typed_survive_a_reload(tab):
    ask(tab, LAMPS)
    ask(tab, BREAD)
    box(tab).press_sequentially("What about salt")
    tab.reload()
    expect(turns(tab)).to_have_count(2)
    expect(answered(tab, 1)).to_contain_text("220 lamps")
    expect(box(tab)).to_have_value("What about salt")
    cites(turn(tab, 1)).first.click()
    expect(card(tab, 1)).to_contain_text("Street Lamps")
    ask(tab, ERROR)
    tab.reload()
    expect(turns(tab)).to_have_count(3)
    expect(box(tab)).to_have_value("")


def test_conversation_survives_a_restart_of_the_server(assistant, browser_page):
    with (
        open_page(assistant) as page,
        browser_page(page.address, expected_errors=(*LEAVING, "ERR_", "Failed to fetch")) as tab,
    ):
        port = int(page.address.rstrip("/").rsplit(":", 1)[1])
        ask(tab, ERROR)
        page.close()
        with open_page(assistant, port=port):
            tab.goto(page.address)
            expect(turn(tab, 1)).to_contain_text("5.4 cm")
            expect(ask(tab, TRAINING)).to_contain_text("40 minutes")


def test_question_that_finds_no_server_is_there_when_it_is_back(assistant, browser_page):
    with (
        open_page(assistant) as page,
        browser_page(page.address, expected_errors=(*LEAVING, "ERR_", "Failed to fetch")) as tab,
    ):
        port = int(page.address.rstrip("/").rsplit(":", 1)[1])
        ask(tab, ERROR)
        page.close()
        box(tab).fill(TRAINING)
        box(tab).press("Enter")
        expect(tab.get_by_text("Connection to the server was lost").first).to_be_visible()
        with open_page(assistant, port=port):
            expect(turn(tab, 1)).to_contain_text("5.4 cm")
            expect(box(tab)).to_have_value(TRAINING)
            box(tab).press("Enter")
            expect(answered(tab, 2)).to_contain_text("40 minutes")


def test_two_tabs_do_not_write_over_one_another(tab, address, browser_page):
    ask(tab, ERROR)
    other = another_tab(tab, address, browser_page)
    expect(turn(other, 1)).to_contain_text("5.4 cm")
    ask(tab, TRAINING)
    ask(other, BREAD)
    expect(said(other)).to_contain_text("Also open in another tab")
    ask(other, WORLD_CUP)
    ask(tab, WORLD_CUP)
    asked = sorted([turn["question"] for turn in one["talk"]["turns"]] for one in kept(tab).values())
    assert asked == [[ERROR, TRAINING, WORLD_CUP], [ERROR, BREAD, WORLD_CUP]]
    expect(shelf(tab)).to_have_count(2)
    tab.reload()
    expect(turn(tab, 2)).to_contain_text(TRAINING)
    other.reload()
    expect(turn(other, 2)).to_contain_text(BREAD)
    expect(turns(other)).to_have_count(3)


def test_conversation_of_one_tab_is_on_the_shelf_of_the_other(tab, address, browser_page):
    other = another_tab(tab, address, browser_page)
    expect(shelf(other)).to_have_text("None yet. They are kept in this browser.")
    ask(tab, ERROR)
    expect(shelf(other).locator(".shelf-open")).to_have_text([ERROR])
    shelf(other).get_by_role("button", name="Delete: ").click()
    shelf(other).get_by_role("button", name="Confirm delete: ").click()
    ask(tab, TRAINING)
    expect(shelf(other).locator(".shelf-open")).to_have_text([ERROR])


def test_two_browsers_see_nothing_of_each_other(tab, address, browser_page):
    ask(tab, ERROR)
    with browser_page(address) as other:
        expect(welcome(other)).to_be_visible()
        expect(shelf(other)).to_have_text("None yet. They are kept in this browser.")
        ask(other, BREAD)
        expect(turns(other)).to_have_count(1)
    expect(ask(tab, TRAINING)).to_contain_text("40 minutes")
    assert "DoughGraph" not in tab.locator("body").inner_text()


# Where there is no room, and where it is damaged

FULL = "Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }"
OFF = """for (const name of ["localStorage", "sessionStorage"])
    Object.defineProperty(window, name, {get() { throw new DOMException("no", "SecurityError"); }});"""


@pytest.mark.parametrize("script", [FULL, OFF], ids=["full", "switched off"])
def test_browser_that_keeps_nothing_still_chats(tab, script):
    tab.add_init_script(script)
    tab.reload()
    expect(welcome(tab)).to_be_visible()
    ask(tab, ERROR)
    expect(said(tab)).to_contain_text("lasts while the page is open")
    expect(ask(tab, TRAINING)).to_contain_text("40 minutes")
    new(tab)
    ask(tab, BREAD)
    shelf(tab).get_by_role("button", name=ERROR, exact=True).click()
    expect(turns(tab)).to_have_count(2)


def test_oldest_conversation_makes_way_when_the_room_is_full(tab):
    for question in (ERROR, BREAD):
        ask(tab, question)
        new(tab)
    fill_up(tab)
    ask(tab, LAMPS)
    expect(said(tab)).to_have_text(f"To make room, the oldest conversation was deleted: {ERROR}")
    expect(shelf(tab).locator(".shelf-open")).to_have_text([LAMPS, BREAD])


def test_no_conversation_makes_way_in_vain(tab):
    for question in (ERROR, BREAD):
        ask(tab, question)
        new(tab)
    before = kept(tab)
    tab.evaluate(
        "void (Storage.prototype.setItem = ((set) => function (key, value) {"
        " if (value.includes('street lamps')) throw new DOMException('full', 'QuotaExceededError');"
        " return set.call(this, key, value); })(Storage.prototype.setItem))"
    )
    ask(tab, LAMPS)
    expect(said(tab)).to_contain_text("lasts while the page is open")
    assert kept(tab) == before
    expect(shelf(tab).locator(".shelf-open")).to_have_text([LAMPS, BREAD, ERROR])


def fill_up(tab):
    """Leave room in localStorage for less than a conversation."""
    tab.evaluate(
        """() => {
            let size = 1 << 22, text = "";
            while (size > 512) {
                try { localStorage.setItem("filler", text + "x".repeat(size)); text += "x".repeat(size); }
                catch { size >>= 1; }
            }
        }"""
    )


DAMAGED = {
    "no JSON": "{",
    "another form": '{"title": "t", "at": 1, "talk": 5}',
    "turns that are none": '{"title": "t", "at": 1, "talk": {"id": "0123", "turns": [7]}}',
    "an answer of another form": '{"title": "t", "at": 1, "talk": {"id": "0123", "turns": [{"question": "Why?", "answer": {"format": 99}}]}}',
    "a question that is not a text": '{"title": "t", "at": 1, "talk": {"id": "0123", "turns": [{"question": ["Why?"]}]}}',
}


@pytest.mark.parametrize("value", DAMAGED.values(), ids=DAMAGED.keys())
def test_damaged_conversation_gives_one_sentence_and_a_usable_page(address, browser_page, value):
    storage = [{"name": "qa.talk.0123", "value": value}, {"name": "qa.open", "value": "0123"}]
    state = {"cookies": [], "origins": [{"origin": address.rstrip("/"), "localStorage": storage}]}
    with browser_page(address, storage_state=state, expected_errors=LEAVING) as tab:
        expect(tab.locator("#qa-chat").get_by_text("cannot be read")).to_be_visible()
        expect(welcome(tab)).to_be_visible()
        expect(ask(tab, ERROR)).to_contain_text("5.4 cm")
        expect(tab.locator("#qa-chat").get_by_text("cannot be read")).to_have_count(0)
        tab.reload()
        expect(turn(tab, 1)).to_contain_text("5.4 cm")
        assert tab.evaluate("localStorage.getItem('qa.talk.0123')") == value


def test_conversation_that_is_damaged_while_it_is_open_leaves_the_question_where_it_was(tab):
    ask(tab, ERROR)
    tab.evaluate("qa.keep({text: JSON.stringify({...qa.talk(), turns: [{question: 7, answer: null}]})})")
    box(tab).fill(TRAINING)
    box(tab).press("Enter")
    expect(tab.locator("#qa-composer").get_by_role("alert")).to_contain_text("cannot be read. Begin a new one.")
    expect(box(tab)).to_have_value(TRAINING)
    expect(tab.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    new(tab)
    expect(tab.locator("#qa-composer").get_by_role("alert")).to_be_hidden()


def test_edit_that_came_to_nothing_is_still_an_edit(tab):
    for question in (ERROR, TRAINING):
        ask(tab, question)
    turn(tab, 1).get_by_role("button", name="Edit").click()
    box(tab).evaluate("box => { box.value = 'tide '.repeat(1000); }")
    tab.get_by_role("button", name="Ask", exact=True).click()
    expect(tab.locator("#qa-composer").get_by_role("alert")).to_contain_text("characters")
    expect(chips(tab)).to_contain_text("Editing question 1. 1 later answer will be deleted")
    box(tab).fill(BREAD)
    box(tab).press("Enter")
    expect(turns(tab)).to_have_count(1)
    expect(answered(tab, 1)).to_contain_text("bubbles")


# Export


def test_exported_markdown_is_the_conversation(tab):
    ask(tab, ERROR)
    ask(tab, WORLD_CUP)
    text = export(tab, "Conversation as Markdown")
    (one,) = kept(tab).values()
    assert text == to_markdown(Conversation.from_dict(one["talk"]).answers)
    assert text.index("# By how much does TideNet") < text.index("# Who won")
    expect(said(tab)).to_have_text("Saved as conversation.md.")


def test_exported_bibtex_has_each_cited_paper_once(tab):
    ask(tab, LAMPS)
    ask(tab, BREAD)
    ask(tab, BREAD)
    text = export(tab, "Cited papers as BibTeX")
    assert text.count("@") == 3
    assert text.count("DoughGraph") == 1


def test_nothing_to_export_is_told(tab):
    for kind, sentence in (
        ("Markdown", "Nothing has been answered yet."),
        ("BibTeX", "Nothing has been answered yet."),
    ):
        menu(tab, "Export").get_by_role("button", name=kind).click()
        expect(said(tab)).to_contain_text(sentence)
    ask(tab, WORLD_CUP)
    menu(tab, "Export").get_by_role("button", name="BibTeX").click()
    expect(said(tab)).to_contain_text("No paper has been cited yet.")


def test_what_is_kept_can_be_read_again(tab):
    ask(tab, ERROR)
    (one,) = kept(tab).values()
    assert json.loads(json.dumps(Conversation.from_dict(one["talk"]).to_dict()))["turns"] == one["talk"]["turns"]
