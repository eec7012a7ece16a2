"""The page as a visitor meets it: served on loopback by this process, opened in a headless Chromium.

    from helpers.page_session import DESKTOP, PHONE, axe, open_page

    def test_question_is_answered(assistant, browser_page):
        with open_page(assistant) as page, browser_page(page.address) as tab:
            tab.get_by_label("Question").fill("How accurate is TideNet?")
            tab.keyboard.press("Enter")
            expect(tab.get_by_text("[1]").first).to_be_visible()

`open_page(assistant, accounts=None, votes=None, port=0, **options)` launches as `qa ui` does; `options` are those of
`build_page`, and votes go to QA_FEEDBACK, a temporary file in tests, unless `votes` names another.
`browser_page(address, size=PHONE, dark=True, expected_errors=("part of a message",), ready=True)` is a fixture that opens
a tab (playwright's Page) in a context of its own: own storage, own cookies; any number of them in a test. It waits until
the page has its tabs. When the test is over it fails where a request went to another host than the page's, an error came
to the console or out of a script that `expected_errors` does not name, or a response had a status of 500 or more.
`axe(tab, "#qa-tabs")` gives axe-core's violations within a selector.

The browser is the file named by QA_CHROMIUM, else chromium, chromium-browser or google-chrome; axe-core is the file
axe.min.js named by QA_AXE. Without them tests are skipped, but fail in CI. Nothing waits by the clock: use playwright's
`expect` and `wait_for_function`. What playwright waits for, it waits at most `PATIENCE_MS`.
"""

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

PHONE, TABLET, DESKTOP = (360, 740), (768, 1024), (1280, 800)
PATIENCE_MS = 30_000
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --disable-dev-shm-usage"
).split()


@contextmanager
def open_page(
    assistant: Any,
    *,
    accounts: Mapping[str, str] | None = None,
    votes: Path | None = None,
    port: int = 0,
    **options: Any,
) -> Iterator[Any]:
    """A running page of this assistant on a free port of loopback: `address`, `demo`, `close()`."""
    from qa.settings import feedback_file
    from qa.ui.app import build_page
    from qa.ui.server import launch_page
    from qa.ui.sockets import listen

    demo = build_page(assistant, votes or feedback_file(os.environ), **options)
    with launch_page(demo, listen(port=port), accounts=accounts) as page:
        yield page


@contextmanager
def open_browser() -> Iterator[Any]:
    """Headless Chromium; the test is skipped where there is none, and fails in CI."""
    path = os.environ.get("QA_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if not path or not Path(path).is_file():
        _absent("No browser was found. Install Chromium (Debian: apt install chromium), or name one in QA_CHROMIUM.")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Tabs:
    """The tabs of one test, and what happened in them that must not. Call it with an address to open one."""

    browser: Any
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def __call__(
        self,
        address: str,
        *,
        size: tuple[int, int] = DESKTOP,
        dark: bool = False,
        expected_errors: Sequence[str] = (),
        ready: bool = True,
        **context: Any,
    ) -> Iterator[Any]:
        opened = self.browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            **context,
        )
        try:
            opened.set_default_timeout(PATIENCE_MS)
            tab = opened.new_page()
            watch(tab, address, self.faults, expected_errors)
            tab.goto(address)
            if ready:
                tab.get_by_role("tab", name="Chat").wait_for()
            yield tab
        finally:
            opened.close()


def watch(tab: Any, address: str, faults: list[str], expected_errors: Sequence[str] = ()) -> None:
    """Write down, as sentences in `faults`, requests to other hosts, errors of scripts and of the console, and 5xx."""
    host = urlsplit(address).netloc

    def requested(request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme not in ("data", "blob", "about") and parts.netloc != host:
            faults.append(f"a request went to another host: {request.url[:200]}")

    def erred(kind: str, text: str) -> None:
        if not any(part in text for part in expected_errors):
            faults.append(f"{kind}: {text[:500]}")

    def said(message: Any) -> None:
        if message.type == "error":
            erred("the console has an error", f"{message.text} {message.location.get('url', '')}")

    def answered(response: Any) -> None:
        if response.status >= 500:
            erred("a response failed", f"{response.status} {response.url}")

    tab.on("request", requested)
    tab.on("console", said)
    tab.on("pageerror", lambda error: erred("a script failed", str(error)))
    tab.on("response", answered)
    tab.on("websocket", lambda socket: faults.append(f"a web socket was opened: {socket.url[:200]}"))


def axe(tab: Any, scope: str = "body") -> list[dict[str, Any]]:
    """axe-core's violations within a selector: each with `id`, `impact` (minor, moderate, serious, critical), `help` and
    `nodes` (each with `html` and `target`)."""
    path = Path(os.environ.get("QA_AXE", ""))
    if not path.is_file():
        _absent("axe-core was not found. Get it (npm pack axe-core) and name its axe.min.js in QA_AXE.")
    if not tab.evaluate("() => typeof window.axe === 'object'"):
        tab.evaluate(path.read_text(encoding="utf-8"))
    return tab.evaluate("scope => axe.run(scope, {resultTypes: ['violations']}).then(found => found.violations)", scope)


def _absent(sentence: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{sentence} CI must run this test.")
    pytest.skip(sentence)
