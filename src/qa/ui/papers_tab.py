"""The tab Papers: every paper, searched while one types, with filters, its abstract, and what it is like.

The browser's half is `static/papers.js`. Nothing is kept between two calls: another tab or process may change the index.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Self

import gradio as gr

from qa.documents.paper import Paper
from qa.errors import InputError
from qa.retrieval.fusion import CANDIDATES, Hit
from qa.retrieval.search import Index, SimilarPaper
from qa.text.cleanup import clean_text
from qa.text.tokenize import tokens
from qa.ui.events import error_sentence
from qa.ui.html import render, static

AT_ONCE = 30
"""Papers shown before one asks for more."""
MOST_AT_ONCE = 1_000
"""The most papers that are redrawn when the index has changed."""
MOST_QUERY = 500
"""Characters of a search."""
MATCH_LEVELS = 4.0
"""The score from which on a hit is listed, as is one that has all the words. Of 177 papers that 150 development questions
ask for all lie above it, of the other papers that the search considered one in five."""
MAX_HITS = CANDIDATES
SIMILARITY_LEVELS = ((3.3, "very similar"), (2.5, "similar"), (1.5, "somewhat similar"))
"""From how many standard deviations above a paper's usual similarity on another one is called so. Of the 354 papers half
have one that is very similar, half have five that are similar, and all have five that are somewhat similar, as is one in
fourteen of papers drawn by chance."""
NOT_SIMILAR = "not very similar"
MOST_SIMILAR = 5
HAS_CODE = {"": None, "with": True, "without": False}


@dataclass(frozen=True, kw_only=True)
class ListRequest:
    """What a visitor wants to see: the list with its filters, from a place on, or one paper by its id."""

    query: str
    page: str | None
    has_code: bool | None
    order: str
    offset: int
    limit: int
    paper: str | None

    @classmethod
    def read(cls, values: Any) -> Self:
        """What the browser sent. InputError for what papers.js never sends."""
        try:
            wanted = cls(
                query=str(values.get("query") or "").strip()[:MOST_QUERY],
                page=values.get("page") or None,
                has_code=HAS_CODE[values.get("code") or ""],
                order=values.get("order") or "best",
                offset=min(int(values.get("offset") or 0), 1 << 53),
                limit=min(int(values.get("limit") or AT_ONCE), MOST_AT_ONCE),
                paper=values.get("paper") or None,
            )
        except (AttributeError, KeyError, TypeError, ValueError, OverflowError) as error:
            raise InputError("The list cannot be shown. Reload the page.") from error
        texts: tuple[Any, ...] = (wanted.page, wanted.order, wanted.paper)
        if wanted.offset < 0 or wanted.limit < 1 or not all(isinstance(text, str | None) for text in texts):
            raise InputError("The list cannot be shown. Reload the page.")
        return wanted


def papers_tab(index: Index) -> None:
    """The tab's blocks. Two functions answer its script: what is in the list, and what a paper is like."""

    def papers_list(values: Any) -> dict[str, Any]:
        return _answer(lambda: list_papers(index, ListRequest.read(values)))

    def papers_similar(values: Any) -> dict[str, Any]:
        return _answer(lambda: {"html": similar_html(index, ListRequest.read(values).paper or "")})

    gr.HTML(
        render("papers", most_query=MOST_QUERY),
        elem_id="qa-papers",
        js_on_load=static("papers.js"),
        server_functions=[papers_list, papers_similar],
        apply_default_css=False,
    )


def list_papers(index: Index, wanted: ListRequest) -> dict[str, Any]:
    """What papers.js shows: `html` of the papers from `offset` on, the `count` in words, how many are `shown` and how many
    `left`, the `pages` by name and by label, whether any paper is `dated`, the `stamp` that changes when the index does,
    and a `note` (empty, or a sentence)."""
    stamp, size, pages = index.snapshot().stamp, len(index), index.pages()
    if wanted.paper is not None:
        return {"html": paper_html(index, wanted.paper), "count": "One paper", "left": 0, "stamp": stamp, "note": ""}
    note = ""
    if wanted.page is not None and wanted.page not in pages:
        note = "The chosen source is no longer in the index. Showing the papers of all sources."
        wanted = replace(wanted, page=None)
    total, papers, count = _found(index, wanted, size)
    return {
        "html": render(
            "papers_list",
            papers=papers,
            opened=False,
            offset=wanted.offset,
            asked=bool(size),
            query=wanted.query,
            filtered=wanted.page is not None or wanted.has_code is not None,
        ),
        "count": count,
        "note": note,
        "shown": len(papers),
        "left": max(total - wanted.offset - len(papers), 0),
        "pages": [[name, render("papers_page", name=name, listings=listings)] for name, listings in pages.items()],
        "dated": any(paper.date for paper in index.browse(order="date", limit=1)[1]),
        "stamp": stamp,
    }


def paper_html(index: Index, paper_id: str) -> str:
    """One paper, opened. InputError where the index does not have it."""
    paper = index.paper(paper_id)
    if paper is None:
        raise InputError("The index no longer has this paper. Its source was changed or removed.")
    return render("papers_list", papers=[paper], opened=True, offset=0, asked=True)


def similar_html(index: Index, paper_id: str) -> str:
    """The papers that are most like one. InputError where the index does not have it."""
    found = index.similar(paper_id, MOST_SIMILAR)
    return render("papers_similar", similar=[(similar.paper, similarity_text(similar)) for similar in found])


def similarity_text(similar: SimilarPaper) -> str:
    """How similar a paper is, in words."""
    return next((words for standard, words in SIMILARITY_LEVELS if similar.z_score >= standard), NOT_SIMILAR)


def _found(index: Index, wanted: ListRequest, size: int) -> tuple[int, list[Paper], str]:
    """How many papers there are, those to be shown, and the count in words."""
    filters: dict[str, Any] = {"page": wanted.page, "has_code": wanted.has_code}
    part = slice(wanted.offset, wanted.offset + wanted.limit)
    place: dict[str, Any] = {"offset": wanted.offset, "limit": wanted.limit}
    order = "pages" if wanted.order == "best" else wanted.order
    search = index.find(wanted.query, MAX_HITS, **filters) if wanted.query else None
    # What is typed so far may be no word yet ("a"): then the list stays as it is.
    if search is None or not search.question.weights:
        total, papers = index.browse(**filters, order=order, **place)
        return total, papers, _count(total, size)
    typed = {token for token, weight in search.question.weights.items() if weight == 1}
    hits = [hit for hit in search.hits if hit.score >= MATCH_LEVELS or _has_all(hit, typed)]
    count = ("the best " if len(hits) == MAX_HITS else "") + _count(len(hits), size)
    if search.question.corrected != search.question.text:
        count += f", read as “{search.question.corrected}”"
    if hits and not any(hit.words > 0 for hit in hits):
        count += ", No exact match; similar papers"
    if wanted.order == "best":
        return len(hits), [hit.paper for hit in hits][part], count
    total, papers = index.browse(**filters, among=[hit.paper.id for hit in hits], order=order, **place)
    return total, papers, count


def _has_all(hit: Hit, typed: set[str]) -> bool:
    """Whether all these tokens occur in a paper: a word that most papers have raises no score."""
    return hit.words > 0 and typed <= _tokens_of(f"{clean_text(hit.paper.title)[0]}. {hit.paper.abstract}")


@lru_cache(maxsize=1_000)
def _tokens_of(text: str) -> frozenset[str]:
    """Kept by the text itself, so that the next letter typed costs less."""
    return frozenset(tokens(text))


def _count(number: int, size: int) -> str:
    """How many papers are shown, of how many: "354 papers", "12 of 354 papers"."""
    papers = "1 paper" if size == 1 else f"{size:,} papers"
    return papers if number == size else f"{number:,} of {papers}"


def _answer(make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What papers.js gets: what was made, or an `error` as one sentence."""
    try:
        return make()
    except Exception as error:  # the border to the browser: logged there, one sentence here
        return {"error": error_sentence(error)}
