"""The tab Pages: which pages the index reads, files dropped in to become pages, and pages taken out.

Pages belong to the index and are shared by all visitors. What may be changed, and how, is in uploads.
"""

import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import gradio as gr
from gradio.context import Context
from gradio.utils import get_upload_folder

from qa.json_types import is_array, is_object
from qa.retrieval.search import Index
from qa.ui.events import QUIET, error_sentence, on, skip
from qa.ui.html import render, static
from qa.ui.uploads import (
    ENDINGS,
    MAX_BYTES,
    MAX_FILES,
    REPLACE,
    AddReport,
    Change,
    Step,
    Upload,
    add_uploads,
    plan_removal,
    remove_page,
)

CLOSED = "Files can be added and removed only on this machine or with --auth: start the page with qa ui --auth FILE."
"""Said where visitors may not change the index."""
DOING = {
    "reading files": "Reading the files",
    "reading pages": "Taking in the pages",
    "reading papers": "Reading the papers",
    "embedding": "Embedding the papers",
    "writing": "Writing the index",
    "waiting for the Chroma server": "Waiting for the Chroma server",
}
"""What the builder does, in plain words."""
CLEANING_RULES = {
    "invisible character": "invisible characters taken out",
    "ligature": "ligatures written as letters",
    "doubled link": "links that stood twice",
    "LaTeX accent": "LaTeX accents written as letters",
    "LaTeX letter": "LaTeX letters written as letters",
    "LaTeX style": "LaTeX styles taken out",
    "LaTeX escape": "LaTeX escapes undone",
    "LaTeX command": "LaTeX commands written as signs",
    "LaTeX comment": "LaTeX comment signs taken out",
    "flattened style": "names of styles taken out",
    "flattened bracket": "“left” and “right” before brackets taken out",
    "flattened symbol": "names of signs written as signs",
    "lone subscript brace": "braces around one letter taken out",
    "glued times": "“times” after a figure set apart",
    "tilde for a blank": "tildes written as blanks",
    "LaTeX quotes": "LaTeX quotation marks",
    "LaTeX dash": "LaTeX dashes",
    "glued sentence": "blanks put after full stops",
    "glued comma": "blanks put after commas",
    "words run together": "words set apart that had run together",
    "stray blank": "needless blanks taken out",
}
"""The rules of `qa.text.cleanup`, in plain words."""
_ONE_AT_A_TIME: dict[str, Any] = {**QUIET, "concurrency_limit": 1, "concurrency_id": "pages"}


def sources_tab(index: Index, *, may_change: bool) -> None:
    """The tab within the `gr.Tab` that is open. Where not `may_change`, the pages are only listed."""
    opened = Context.block
    told: dict[str, Any] = {"apply_default_css": False, "elem_classes": ["qa", "pages"]}
    with gr.Row(elem_classes=["pages-tab"]):
        adding = gr.HTML(upload_html(may_change=may_change), js_on_load=static("adding.js"), **told)
        listed = gr.HTML(sources_html(index, may_change=may_change), js_on_load=static("pages.js"), **told)

    def look() -> str:
        return sources_html(index, may_change=may_change)

    if isinstance(opened, gr.Tab):
        opened.select(look, None, listed, **QUIET)
    if not may_change:
        return
    outputs = [adding, listed]

    def add(event: gr.EventData) -> Iterator[Any]:
        for part, stamp in add_files(index, uploads_of(event), replacing=_value(event, "replacing") is True):
            yield [part, look() if stamp else skip()]

    def remove(event: gr.EventData) -> Iterator[Any]:
        for part, stamp in remove_source(index, _page(event)):
            # The report of added files is outdated.
            yield [upload_html(may_change=True) if stamp else skip(), part]

    def ask(event: gr.EventData) -> str:
        return confirm_html(index, _page(event))

    def keep(event: gr.EventData) -> str:
        return sources_html(index, may_change=True, focus=_page(event))

    on([adding.upload], add, None, outputs, **_ONE_AT_A_TIME)
    on([listed.delete], remove, None, outputs, **_ONE_AT_A_TIME)
    on([listed.select], ask, None, listed, **QUIET)
    on([listed.clear], keep, None, listed, **QUIET)


def add_files(index: Index, uploads: list[Upload], *, replacing: bool) -> Iterator[tuple[str, int | None]]:
    """The markup while these files are added, step by step, and finally the report. With the last comes the
    index's stamp if the index has changed. The change is completed even if nobody asks for the next step."""
    try:
        change = Change(lambda progress: add_uploads(index, uploads, replacing=replacing, progress=progress))
        for step in change.steps():
            yield upload_html(step=step), None
        added = change.result()
        yield upload_html(added=added), index.snapshot().stamp if added.report else None
    except Exception as error:
        yield upload_html(error=_sentence(error, index)), None


def remove_source(index: Index, page: str) -> Iterator[tuple[str, int | None]]:
    """As `add_files`, for a page that leaves."""
    try:
        change = Change(lambda progress: remove_page(index, page, progress))
        for step in change.steps():
            yield sources_html(index, may_change=True, step=step), None
        gone, _ = change.result()
        yield sources_html(index, may_change=True, gone=gone), index.snapshot().stamp
    except Exception as error:
        yield sources_html(index, may_change=True, error=_sentence(error, index)), None


def upload_html(
    *, may_change: bool = True, step: Step | None = None, added: AddReport | None = None, error: str | None = None
) -> str:
    """The left side: the drop area, and below it progress or the report."""
    return render(
        "adding",
        closed=None if may_change else CLOSED,
        step=step,
        doing=DOING,
        added=added,
        error=error,
        rule_names=CLEANING_RULES,
        replace=REPLACE,
        endings=ENDINGS,
        most_bytes=MAX_BYTES,
        most_files=MAX_FILES,
        turn=secrets.token_hex(4),
    )


def sources_html(index: Index, *, may_change: bool, **told: Any) -> str:
    """The right side: the pages with their numbers of listings.

    `state` may have `asked` (what removing a file would do; it is confirmed at that file), `step` (progress of a removal),
    `gone` (the result of a removal), `error`, and `focus` (the file whose button gets it).
    """
    try:
        pages, papers = index.pages(), len(index)
    except Exception as error:
        pages, papers, told = {}, 0, {"error": _sentence(error, index)}
    values = {"asked": None, "step": None, "gone": None, "error": None, "focus": None, **told}
    # A page goes to the browser and back in a form that no sign of its name can break.
    named = [(name, quote(name, safe=""), count) for name, count in pages.items()]
    turn = secrets.token_hex(4)
    return render("pages", pages=named, papers=papers, may_change=may_change, doing=DOING, turn=turn, **values)


def confirm_html(index: Index, page: str) -> str:
    """The list with the question whether this page is to be removed."""
    try:
        return sources_html(index, may_change=True, asked=plan_removal(index, page))
    except Exception as error:
        return sources_html(index, may_change=True, error=_sentence(error, index))


def uploads_of(event: gr.EventData) -> list[Upload]:
    """The files of an event. Its content is untrusted: only files in the upload folder are read."""
    files = _value(event, "files")
    folder = Path(get_upload_folder()).resolve()
    found: list[Upload] = []
    for file in files if is_array(files) else []:
        told = file if is_object(file) else {}
        name, path, size = told.get("name"), told.get("path"), told.get("size")
        place = Path(path).resolve() if isinstance(path, str) and path and "\0" not in path else None
        found.append(
            Upload(
                name=name if isinstance(name, str) else "",
                path=place if place and folder in place.parents else None,
                size=size if isinstance(size, int) else 0,
            )
        )
    return found


def _page(event: gr.EventData) -> str:
    page = _value(event, "page")
    return unquote(page) if isinstance(page, str) else ""


def _value(event: gr.EventData, name: str) -> Any:
    return getattr(event, name, None)


def _sentence(error: Exception, index: Index) -> str:
    """The error message for the visitor, without the path of the index."""
    return error_sentence(error).replace(str(index.folder), index.folder.name)
