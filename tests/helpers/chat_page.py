"""The tab Chat as the tests of it speak of it: asking, the turns of the conversation, their cards, what is in view."""

from typing import Any

from playwright.sync_api import FloatRect, Locator, Page, expect

ERROR = "By how much does TideNet lower the error on the ports?"
TRAINING = "How long does it train?"
LAMPS = "Which papers are about street lamps?"
BREAD = "What does DoughGraph do?"
WORLD_CUP = "Who won the world cup in 1998?"

LEAVING = ("AbortError", "Connection errored out", "network error")
"""What Gradio's own script tells the console when a page is left, or its server ends, while a stream is open."""

_IN_VIEW = """mark => {
    const pane = document.getElementById("qa-side").getBoundingClientRect();
    const head = document.getElementById("qa-sheet").getBoundingClientRect(); // empty where the papers are no sheet
    const top = Math.max(pane.top, head.bottom), bottom = Math.min(pane.bottom, innerHeight);
    const box = mark.getBoundingClientRect();
    return getComputedStyle(mark).visibility === "visible" && box.height > 0 && box.top >= top && box.bottom <= bottom;
}"""


def box(tab: Page) -> Locator:
    return tab.get_by_label("Your question")


def turn(tab: Page, number: int) -> Locator:
    """The turn of a question, counted from 1."""
    return tab.get_by_role("region", name=f"Question {number}", exact=True)


def turns(tab: Page) -> Locator:
    return tab.locator("#qa-thread .turn")


def answered(tab: Page, number: int) -> Locator:
    """The turn, when its answer is whole."""
    expect(turn(tab, number).get_by_role("button", name="Copy")).to_be_visible()
    expect(tab.get_by_role("button", name="Ask", exact=True)).to_be_visible()
    return turn(tab, number)


def ask(tab: Page, question: str) -> Locator:
    """Ask, and wait until the answer is whole: the turn it stands in."""
    number = turns(tab).count() + 1
    box(tab).fill(question)
    box(tab).press("Enter")
    return answered(tab, number)


def welcome(tab: Page) -> Locator:
    return tab.get_by_role("heading", name="Ask a question")


def cites(within: Locator) -> Locator:
    return within.locator("a.cite")


def card(tab: Page, number: int) -> Locator:
    return tab.locator(f"#qa-card-{number}")


def meant(tab: Page) -> Locator:
    """The marked words that the citation meant, within the marks of its card."""
    return tab.locator("#qa-panel mark.current")


def quotes_of(cite: Locator) -> list[str]:
    return cite.evaluate("link => JSON.parse(link.dataset.quotes)")


def place(part: Locator) -> FloatRect:
    """Where an element stands in the window, in pixels."""
    found = part.bounding_box()
    assert found is not None, "it is not drawn"
    return found


def expect_in_view(mark: Locator) -> None:
    """Fails, when patience is over, where the words are not within the pane of the papers."""
    expect(mark).to_be_visible()
    element = mark.element_handle()
    mark.page.wait_for_function(_IN_VIEW, arg=element)


def tip(tab: Page) -> Locator:
    return tab.get_by_role("tooltip")


def chips(tab: Page) -> Locator:
    return tab.locator("#qa-composer .chip")


def said(tab: Page) -> Locator:
    """The line in which the page says what it has done."""
    return tab.locator("#qa-bar").get_by_role("status")


def menu(tab: Page, name: str) -> Locator:
    """The menu of that name, opened."""
    found = tab.locator("#qa-bar details", has=tab.locator("summary", has_text=name))
    if found.get_attribute("open") is None:
        found.locator("summary").click()
    return found


def shelf(tab: Page) -> Locator:
    """The conversations in their menu, opened."""
    return menu(tab, "Conversations").get_by_role("listitem")


def new(tab: Page) -> None:
    tab.get_by_role("button", name="New conversation").click()
    expect(welcome(tab)).to_be_visible()


def kept(tab: Page) -> dict[str, Any]:
    """The conversations that the browser keeps, by the key."""
    return tab.evaluate(
        "Object.fromEntries(Object.entries(localStorage).filter(([key]) => key.startsWith('qa.talk.'))"
        ".map(([key, value]) => [key, JSON.parse(value)]))"
    )


def export(tab: Page, kind: str) -> str:
    """The text of a file that the menu Export gives."""
    with tab.expect_download() as download:
        menu(tab, "Export").get_by_role("button", name=kind).click()
    return download.value.path().read_text(encoding="utf-8")
