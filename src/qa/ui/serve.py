"""`qa ui`: opens the index while Gradio is imported, which takes longest, and serves the page until Ctrl-C."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType

from qa.assistant import Assistant
from qa.console.format import report_text
from qa.console.terminal import escape_terminal, progress_line
from qa.errors import IndexMissingError
from qa.index.remote.address import Address
from qa.settings import feedback_file
from qa.ui.auth import is_readable_by_others, read_accounts
from qa.ui.sockets import PORT, is_everywhere, is_local, listen, port_of

PAGES = Path("index/pages")


def serve(
    assistant: Callable[[], Assistant],
    folder: Path | None,
    *,
    chroma: Address | None = None,
    host: str,
    port: int | None,
    auth: str | None = None,
) -> None:
    """Serve the page of an assistant, which opens the index in `folder`; build it first if there is none. Nothing is
    built on a Chroma server (`chroma`), which others may use.

    `auth` names a file of accounts. Returns after Ctrl-C or SIGTERM; before the page answers they are KeyboardInterrupt.
    QAError where something is wrong with what was given, or with the index.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    accounts = read_accounts(auth) if auth else None
    if auth and is_readable_by_others(auth):
        _print(f"Others on this machine can read {auth}. Close it to them: chmod 600 {auth}")
    with listen(host, port) as sock, TemporaryDirectory(prefix="qa-page-", ignore_cleanup_errors=True) as uploads:
        os.environ.setdefault("GRADIO_TEMP_DIR", uploads)
        if port is None and port_of(sock) != PORT:
            _print(f"Port {PORT} is taken, so the page is at port {port_of(sock)}.")
        changing = is_local(sock) or bool(accounts)
        if not changing:
            _print(
                "Everyone who reaches this page can ask, but not add or remove files. To allow that with a login: --auth FILE"
            )
        if chroma is None and folder is not None:
            _build_where_missing(folder)
        importing = _import_page()
        answers = assistant()
        app, server = importing.result()
        demo = app.build_page(answers, feedback_file(os.environ), may_change=changing)
        with server.launch_page(demo, sock, accounts=accounts) as page:
            everywhere = ", and at every address of this machine" if is_everywhere(sock) else ""
            with suppress(KeyboardInterrupt):  # from here on it is how the page is ended
                print(
                    f"{page.address}{everywhere}: {len(answers.index):,} papers, answers by {_who(answers)}. Ctrl-C ends.",
                    flush=True,
                )
                page.wait()
    print("The page is closed.", flush=True)


def _build_where_missing(folder: Path) -> None:
    """Build the index from `PAGES` where there is neither index nor doubt."""
    from qa.index.api import build_index
    from qa.index.versions import current_version

    try:
        current_version(folder)
    except IndexMissingError:
        if not PAGES.is_dir():
            raise
        _print(f"No index in {folder} yet; building it from {PAGES}.")
        report = build_index([PAGES], folder, progress=progress_line())
        print(report_text(report), file=sys.stderr, flush=True)


def _import_page() -> "Future[tuple[ModuleType, ModuleType]]":
    """Import Gradio in a thread: an import that Ctrl-C breaks off may turn it into any other error."""
    done: Future[tuple[ModuleType, ModuleType]] = Future()

    def work() -> None:
        try:
            from qa.ui import app, server

            done.set_result((app, server))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=work, name="gradio", daemon=True).start()
    return done


def _who(assistant: Assistant) -> str:
    """Who answers, without asking an endpoint for its model's name, which may take long; each answer names it."""
    model = assistant.calls and assistant.calls.model
    return (
        f"a model at {escape_terminal(model.host)}"
        if model and model.host
        else escape_terminal(model.name)
        if model
        else "quotes"
    )


def _print(sentence: str) -> None:
    print(f"qa: {escape_terminal(sentence)}", file=sys.stderr, flush=True)
