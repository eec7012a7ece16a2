"""The page opens in a browser: its tabs are there, in both colour schemes and at every width; and what a browser session
of these tests watches for is seen."""

import pytest
from playwright.sync_api import expect

from helpers.page_session import DESKTOP, PHONE, TABLET, Tabs, axe, open_page


@pytest.fixture(scope="module")
def address(assistant):
    with open_page(assistant) as page:
        yield page.address


@pytest.mark.parametrize("size", [PHONE, TABLET, DESKTOP], ids=["phone", "tablet", "desktop"])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_page_opens_with_its_four_tabs(address, browser_page, size, dark):
    with browser_page(address, size=size, dark=dark) as tab:
        assert tab.title() == "abstracts-qa"
        assert tab.evaluate("document.documentElement.lang") == "en"
        assert tab.evaluate("document.body.classList.contains('dark')") is dark
        for name in ("Papers", "Sources", "Scores", "Chat"):
            tab.get_by_role("tab", name=name, exact=True).click()
            expect(tab.get_by_role("tab", name=name, exact=True)).to_have_attribute("aria-selected", "true")
            assert tab.evaluate("document.documentElement.scrollWidth") <= size[0]


def test_nothing_of_gradio_stands_below_the_page(address, browser_page):
    with browser_page(address) as tab:
        assert tab.locator("footer").count() == 0 or not tab.locator("footer").inner_text().strip()
        assert "gradio" not in tab.locator("body").inner_text().lower()


def test_frames_of_other_sites_do_not_show_the_page(address, browser):
    context = browser.new_context()
    tab = context.new_page()
    with tab.expect_event("console", lambda message: "frame-ancestors" in message.text):
        tab.set_content(f"<iframe src='{address}'></iframe>")
    context.close()


def test_login_in_a_browser_leads_to_the_page(assistant, browser_page):
    with (
        open_page(assistant, accounts={"ann": "one two"}) as page,
        browser_page(page.address, ready=False, expected_errors=("400", "401")) as tab,
    ):
        tab.get_by_label("username").fill("ann")
        tab.get_by_label("password").fill("wrong")
        tab.get_by_role("button", name="Login").click()
        expect(tab.get_by_text("Incorrect credentials").first).to_be_visible()
        tab.get_by_label("username").fill("ann")  # Gradio empties both
        tab.get_by_label("password").fill("one two")
        tab.get_by_role("button", name="Login").click()
        expect(tab.get_by_role("tab", name="Chat")).to_be_visible()


FAULTS = {
    "an image of another host": ("new Image().src = 'http://localhost:9/x.png'", "localhost:9"),
    "a request to another host": ("fetch('https://evil.example/').catch(() => 0)", "evil.example"),
    "a style sheet of another host": (
        "document.head.append(Object.assign(document.createElement('link'), {rel: 'stylesheet', href: 'http://localhost:9/a.css'}))",
        "localhost:9",
    ),
    "an error of the console": ("console.error('it broke')", "it broke"),
    "an error of a script": ("setTimeout(() => { throw new Error('it fell') })", "it fell"),
    "a promise that nobody catches": ("{ Promise.reject(new Error('it slid')); 0 }", "it slid"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_session_sees(address, browser, fault):
    script, sign = FAULTS[fault]
    tabs = Tabs(browser)
    with tabs(address) as tab:
        assert tabs.faults == []
        tab.evaluate(script)
        tab.evaluate("() => new Promise(done => setTimeout(done))")
        while not tabs.faults:
            tab.wait_for_timeout(10)
    assert sign in tabs.faults[0]


def test_session_sees_a_response_of_500_and_passes_over_what_was_expected(address, browser):
    for expected in ((), ("500",)):
        tabs = Tabs(browser)
        with tabs(address, expected_errors=expected) as tab:
            tab.route("**/broken", lambda route: route.fulfill(status=500))
            tab.evaluate("fetch('broken')")
        assert bool(tabs.faults) is not bool(expected)


def test_axe_sees_a_picture_without_words(address, browser_page):
    with browser_page(address) as tab:
        assert [found["id"] for found in axe(tab, "#qa-tabs") if found["id"] == "image-alt"] == []
        tab.evaluate("document.querySelector('#qa-tabs').append(new Image())")
        assert [found["impact"] for found in axe(tab, "#qa-tabs") if found["id"] == "image-alt"] == ["critical"]
