"""The tab Chat in a browser, with answers made of quotes: asking, following a number to its words, asking on."""

import re

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
    expect_in_view,
    meant,
    new,
    place,
    quotes_of,
    said,
    tip,
    turn,
    turns,
    welcome,
)
from helpers.page_session import open_page


@pytest.fixture(scope="module")
def address(assistant):
    with open_page(assistant) as page:
        yield page.address


@pytest.fixture
def tab(address, browser_page):
    with browser_page(address, expected_errors=LEAVING) as tab:
        expect(welcome(tab)).to_be_visible()
        yield tab


# Asking


def test_first_questions_are_suggested_and_asked_by_a_click(tab):
    suggested = tab.locator(".welcome .suggested button")
    expect(suggested).to_have_count(4)
    question = suggested.first.inner_text()
    suggested.first.click()
    expect(answered(tab, 1).get_by_role("heading", level=3)).to_have_text(question)
    expect(cites(turn(tab, 1)).first).to_be_visible()


def test_enter_asks_and_empties_the_box(tab):
    box(tab).fill(ERROR)
    box(tab).press("Enter")
    expect(box(tab)).to_have_value("")
    expect(box(tab)).to_be_focused()
    expect(answered(tab, 1)).to_contain_text("from 9.1 cm to 5.4 cm")


def test_button_asks(tab):
    box(tab).fill(ERROR)
    tab.get_by_role("button", name="Ask", exact=True).click()
    expect(answered(tab, 1)).to_contain_text("from 9.1 cm to 5.4 cm")
    expect(box(tab)).to_be_focused()


def test_shift_enter_begins_a_line(tab):
    box(tab).press_sequentially("How long")
    before = place(box(tab))["height"]
    box(tab).press("Shift+Enter")
    box(tab).press_sequentially("does TideNet train?")
    expect(box(tab)).to_have_value("How long\ndoes TideNet train?")
    assert place(box(tab))["height"] > before
    expect(turns(tab)).to_have_count(0)
    box(tab).press("Enter")
    expect(answered(tab, 1)).to_contain_text("40 minutes")


@pytest.mark.parametrize("event", [{"isComposing": True}, {"keyCode": 229}], ids=["composing", "as Safari says it"])
def test_enter_that_ends_a_word_of_an_input_method_does_not_ask(tab, event):
    box(tab).fill("ゲージ")
    box(tab).evaluate(
        "(box, event) => box.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, ...event}))",
        event,
    )
    expect(box(tab)).to_have_value("ゲージ")
    expect(tab.get_by_role("button", name="Stop")).to_be_hidden()
    expect(turns(tab)).to_have_count(0)


@pytest.mark.parametrize("blank", ["", "   ", "\n \n"], ids=["nothing", "blanks", "lines"])
def test_blank_is_not_asked(tab, blank):
    box(tab).fill(blank)
    box(tab).press("Enter")
    tab.get_by_role("button", name="Ask", exact=True).click()
    expect(tab.get_by_role("button", name="Stop")).to_be_hidden()
    expect(welcome(tab)).to_be_visible()


def test_question_pressed_twice_is_asked_once(tab):
    tab.locator(".welcome .suggested button").first.evaluate("button => { button.click(); button.click(); }")
    answered(tab, 1)
    expect(ask(tab, ERROR)).to_contain_text("5.4 cm")
    expect(turns(tab)).to_have_count(2)


# The answer


def test_steps_tell_their_seconds_and_fold(tab):
    steps = ask(tab, ERROR).locator(".steps")
    expect(steps.locator("li").first).to_be_hidden()
    steps.locator("summary").click()
    expect(steps.get_by_role("listitem")).to_have_text(
        [re.compile(r"Searched \d+\.\d\d s"), re.compile(r"Read the papers found \d+\.\d\d s")]
    )
    ask(tab, TRAINING)
    expect(steps.first.get_by_role("listitem").first).to_be_visible()


def test_number_leads_to_its_words_in_the_card(tab):
    ask(tab, LAMPS)
    link = turn(tab, 1).get_by_role("link", name="Paper 2").last
    quotes = quotes_of(link)
    link.click()
    expect(card(tab, 2)).to_be_focused()
    expect(card(tab, 2)).to_have_class("card current")
    expect(card(tab, 1)).to_have_class("card")
    assert meant(tab).all_inner_texts() == quotes
    expect_in_view(meant(tab))


def test_words_far_down_come_into_view(tab, address):
    tab.set_viewport_size({"width": 1280, "height": 420})
    ask(tab, LAMPS)
    for link in cites(turn(tab, 1)).all():
        link.click()
        expect(meant(tab)).to_have_text(quotes_of(link))
        expect_in_view(meant(tab))


def test_every_quote_is_marked_and_the_meant_one_stands_out(tab):
    ask(tab, ERROR)
    first, second = cites(turn(tab, 1)).all()[:2]
    first.click()
    marks = card(tab, 1).locator("mark")
    assert quotes_of(first) != quotes_of(second)
    outlined = [mark.evaluate("mark => getComputedStyle(mark).outlineStyle") for mark in marks.all()]
    assert (outlined.count("solid"), len(outlined) > 1) == (1, True)
    second.click()
    expect(meant(tab)).to_have_text(quotes_of(second))


def test_pointer_and_focus_show_the_exact_words_and_escape_hides_them(tab, assistant):
    ask(tab, ERROR)
    link = cites(turn(tab, 1)).first
    link.hover()
    quote = quotes_of(link)[0]
    expect(tip(tab)).to_have_text(f"“{quote}”")
    expect(link).to_have_attribute("aria-describedby", "qa-tip")
    assert any(quote in paper.abstract for paper in assistant.index.papers())
    tab.mouse.move(0, 0)
    expect(tip(tab)).to_be_hidden()
    expect(link).not_to_have_attribute("aria-describedby", "qa-tip")
    tab.keyboard.press("Shift+Tab")  # a key, so that the focus is one of the keyboard
    link.focus()
    expect(tip(tab)).to_be_visible()
    inside = place(tip(tab))
    assert min(inside["x"], inside["y"]) >= 0
    assert inside["x"] + inside["width"] <= 1280
    tab.keyboard.press("Escape")
    expect(tip(tab)).to_be_hidden()
    expect(link).to_be_focused()


def test_refusal_shows_the_nearest_papers(tab):
    expect(ask(tab, WORLD_CUP)).to_contain_text("No abstract answers this.")
    expect(tab.locator("#qa-panel")).to_contain_text("Closest papers")
    expect(tab.locator("#qa-panel .card h3")).to_have_count(3)
    expect(tab.locator("#qa-panel .number")).to_have_count(0)
    turn(tab, 1).get_by_role("button", name="Closest papers").click()
    expect(tab.locator("#qa-panel .card").first).to_be_focused()


def test_cards_tell_pages_code_and_why(tab):
    ask(tab, ERROR)
    shown = card(tab, 1)
    expect(shown.get_by_role("heading", level=3)).to_have_text(
        "[1] TideNet: Forecasting Harbour Water Levels with Sparse Gauges"
    )
    expect(shown).to_contain_text("harbour.txt")
    code = shown.get_by_role("link", name="Code")
    expect(code).to_have_attribute("href", "https://github.com/example/tidenet")
    expect(code).to_have_attribute("rel", "noopener noreferrer")
    expect(code).to_have_attribute("target", "_blank")
    expect(shown.locator(".why")).to_contain_text("TideNet")


def test_how_to_add_a_model_is_told_once(tab):
    expect(ask(tab, ERROR).locator(".notice")).to_contain_text("OPENAI_API_KEY")
    expect(ask(tab, TRAINING).locator(".notice")).to_have_count(0)
    expect(tab.locator("#qa-bar").get_by_text("Settings")).to_have_count(0)


# Asking on


def test_follow_up_leans_on_what_was_said(tab):
    ask(tab, ERROR)
    expect(ask(tab, TRAINING)).to_contain_text("Training takes 40 minutes on one laptop.")
    expect(card(tab, 1)).to_contain_text("TideNet")


def test_suggested_follow_up_is_asked_by_a_click(tab):
    suggested = ask(tab, ERROR).get_by_role("list", name="Suggested questions").get_by_role("button")
    question = suggested.first.inner_text()
    suggested.first.click()
    expect(answered(tab, 2).get_by_role("heading", level=3)).to_have_text(question)
    expect(turn(tab, 1).get_by_role("list", name="Suggested questions")).to_have_count(0)
    expect(tab.get_by_role("region", name="Conversation")).to_be_focused()


def test_edited_question_takes_the_place_of_all_after_it(tab):
    for question in (ERROR, TRAINING, BREAD):
        ask(tab, question)
    turn(tab, 1).get_by_role("button", name="Edit").click()
    expect(box(tab)).to_have_value(ERROR)
    expect(box(tab)).to_be_focused()
    expect(chips(tab)).to_contain_text("Editing question 1. 2 later answers will be deleted")
    box(tab).fill(LAMPS)
    box(tab).press("Enter")
    expect(turns(tab)).to_have_count(1)
    expect(answered(tab, 1)).to_contain_text("220 lamps")
    expect(chips(tab)).to_have_count(0)


def test_editing_can_be_left_and_gives_back_what_was_typed(tab):
    ask(tab, ERROR)
    box(tab).fill("What about salt?")
    turn(tab, 1).get_by_role("button", name="Edit").click()
    expect(chips(tab)).to_have_count(1)
    chips(tab).get_by_role("button", name="Clear: Editing question 1").click()
    expect(chips(tab)).to_have_count(0)
    expect(box(tab)).to_have_value("What about salt?")
    ask(tab, BREAD)
    expect(turns(tab)).to_have_count(2)


def test_ask_again_answers_the_last_question_anew(tab):
    ask(tab, ERROR)
    ask(tab, BREAD)
    expect(turn(tab, 1).get_by_role("button", name="Ask again")).to_have_count(0)
    turn(tab, 2).get_by_role("button", name="Ask again").click()
    expect(tab.get_by_role("button", name="Stop")).to_be_hidden()
    expect(answered(tab, 2)).to_contain_text("bubbles")
    expect(turns(tab)).to_have_count(2)


def test_one_paper_can_be_asked_alone(tab):
    ask(tab, LAMPS)
    card(tab, 2).get_by_role("button", name="Ask about this paper").click()
    expect(chips(tab)).to_contain_text("About this paper only: Street Lamps that Learn")
    expect(box(tab)).to_be_focused()
    expect(ask(tab, "What does it count?")).to_contain_text("18 towers")
    expect(turn(tab, 2)).to_contain_text("About this paper only: Street Lamps that Learn")
    expect(tab.locator("#qa-panel .card")).to_have_count(1)
    expect(chips(tab)).to_have_count(0)


def test_asking_of_one_paper_can_be_cleared(tab):
    ask(tab, LAMPS)
    card(tab, 1).get_by_role("button", name="Ask about this paper").click()
    chips(tab).get_by_role("button", name="Clear").click()
    expect(chips(tab)).to_have_count(0)
    expect(ask(tab, ERROR)).not_to_contain_text("About this paper only")


def test_ask_again_asks_what_was_asked_whatever_the_chip_says(tab):
    ask(tab, ERROR)
    card(tab, 1).get_by_role("button", name="Ask about this paper").click()
    turn(tab, 1).get_by_role("button", name="Ask again").click()
    expect(answered(tab, 1)).not_to_contain_text("About this paper only")


def test_similar_papers_open_in_a_card_and_can_be_asked_about(tab):
    ask(tab, ERROR)
    card(tab, 1).get_by_text("Similar papers").click()
    near = card(tab, 1).locator(".similar-list").get_by_role("listitem")
    expect(near.first).to_be_visible()
    assert "TideNet" not in near.first.inner_text()
    title = near.first.locator("span").inner_text()
    near.first.get_by_role("button", name="Ask about").click()
    expect(chips(tab)).to_contain_text(f"About this paper only: {title}")


def test_number_of_an_older_answer_brings_its_cards(tab):
    ask(tab, LAMPS)
    ask(tab, BREAD)
    expect(card(tab, 1)).to_contain_text("DoughGraph")
    link = turn(tab, 1).get_by_role("link", name="Paper 2").first
    link.click()
    expect(card(tab, 2)).to_contain_text("Street Lamps")
    expect(card(tab, 2)).to_be_focused()
    assert meant(tab).all_inner_texts() == quotes_of(link)
    cites(turn(tab, 2)).first.click()
    expect(card(tab, 1)).to_contain_text("DoughGraph")
    expect(card(tab, 2)).to_have_count(0)
    turn(tab, 1).get_by_role("button", name="Show sources").click()
    expect(card(tab, 1)).to_contain_text("Street Lamps")


def test_last_number_followed_wins(tab):
    ask(tab, LAMPS)
    ask(tab, BREAD)
    ask(tab, ERROR)
    first, second = cites(turn(tab, 1)).first, cites(turn(tab, 2)).first
    tab.evaluate("links => links.forEach(link => link.click())", [first.element_handle(), second.element_handle()])
    expect(card(tab, 1)).to_contain_text("DoughGraph")
    expect(card(tab, 1)).to_be_focused()
    expect(meant(tab)).to_have_text(quotes_of(second))


# Copying and voting


def test_answer_is_copied_with_the_titles_of_its_papers(address, browser_page):
    with browser_page(address, permissions=["clipboard-read", "clipboard-write"]) as tab:
        ask(tab, BREAD).get_by_role("button", name="Copy").click()
        expect(turn(tab, 1).get_by_role("button", name="Copied")).to_be_visible()
        text = tab.evaluate("navigator.clipboard.readText()")
    assert text.endswith("\n\n[1] DoughGraph: Graph Neural Networks for Bread Fermentation")
    assert "[1]" in text.split("\n\n")[0]


def test_answer_is_copied_where_the_browser_gives_no_clipboard(tab):
    tab.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    copy = ask(tab, BREAD).get_by_role("button", name="Copy")
    copy.click()
    expect(turn(tab, 1).get_by_role("button", name="Copied")).to_be_focused()
    box(tab).focus()
    tab.keyboard.press("Control+V")
    assert box(tab).input_value().endswith("[1] DoughGraph: Graph Neural Networks for Bread Fermentation")


def test_copying_that_fails_is_told(tab):
    tab.evaluate(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined}); document.execCommand = () => false"
    )
    ask(tab, BREAD).get_by_role("button", name="Copy").click()
    expect(said(tab)).to_contain_text("does not allow copying")


@pytest.mark.parametrize(
    ("thumb", "asks"),
    [("Helpful", "What was good about it?"), ("Not helpful", "What was wrong with it?")],
    ids=["up", "down"],
)
def test_vote_is_shown_and_asks_for_a_note(tab, thumb, asks):
    ask(tab, ERROR)
    turn(tab, 1).get_by_role("button", name=thumb, exact=True).click()
    expect(turn(tab, 1).get_by_role("button", name=thumb, exact=True)).to_have_attribute("aria-pressed", "true")
    turn(tab, 1).get_by_label(asks).fill("It is <b>short</b>.")
    turn(tab, 1).get_by_role("button", name="Save note").click()
    expect(turn(tab, 1)).to_contain_text("It is <b>short</b>.")
    tab.reload()
    expect(turn(tab, 1)).to_contain_text("It is <b>short</b>.")


def test_vote_is_not_undone_by_what_was_sent_before_it(tab):
    ask(tab, ERROR)
    thumb = turn(tab, 1).get_by_role("button", name="Helpful", exact=True)
    before = tab.evaluate("qa.talk()")
    thumb.click()
    tab.evaluate("talk => qa.keep({text: JSON.stringify(talk)})", before)
    expect(thumb).to_have_attribute("aria-pressed", "true")
    assert tab.evaluate("qa.talk().turns[0].vote") is True


def test_votes_given_in_haste_are_all_there_and_so_is_the_next_question(tab):
    ask(tab, ERROR)
    ask(tab, BREAD)
    tab.evaluate("document.querySelectorAll('[data-vote=down]').forEach(thumb => thumb.click())")
    ask(tab, LAMPS)
    for number in (1, 2):
        thumb = turn(tab, number).get_by_role("button", name="Not helpful")
        expect(thumb).to_have_attribute("aria-pressed", "true")
    expect(turns(tab)).to_have_count(3)


def test_new_conversation_begins_with_nothing_of_the_last(tab):
    ask(tab, ERROR)
    new(tab)
    expect(turns(tab)).to_have_count(0)
    expect(tab.locator("#qa-panel")).to_contain_text("The papers that an answer cites appear here")
    expect(box(tab)).to_be_focused()
    expect(ask(tab, TRAINING)).not_to_contain_text("Searched for")
