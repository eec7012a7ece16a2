"""The SQL of the catalog: its tables, the orders of papers, and values as SQL."""

from collections.abc import Iterable
from typing import Any

from qa.documents.paper import Paper

FORMAT = 2
"""1 had bm25s's files in its parts, and kept the texts of pages of records."""
MAX_VALUES = 10_000
"""SQLite takes up to 32,766 values a statement; no question has so many words that mean something."""

SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE pages (page INTEGER PRIMARY KEY AUTOINCREMENT, rank INTEGER NOT NULL, name TEXT NOT NULL,
    source TEXT NOT NULL, form TEXT NOT NULL, digest TEXT NOT NULL, text BLOB,
    listed INTEGER NOT NULL, live INTEGER NOT NULL);
CREATE TABLE listings (page INTEGER NOT NULL, position INTEGER NOT NULL, title_key TEXT NOT NULL, given_id TEXT,
    title TEXT NOT NULL, abstract TEXT NOT NULL, url TEXT, date TEXT, paper INTEGER,
    PRIMARY KEY (page, position));
CREATE INDEX listings_by_title ON listings (title_key);
CREATE INDEX listings_by_paper ON listings (paper);
CREATE TABLE papers (paper INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, id TEXT NOT NULL,
    title TEXT NOT NULL, abstract TEXT NOT NULL, original TEXT, code_url TEXT, url TEXT, date TEXT,
    passages INTEGER NOT NULL, live INTEGER NOT NULL);
CREATE UNIQUE INDEX papers_by_id ON papers (id) WHERE live = 1;
CREATE INDEX papers_that_count ON papers (passages) WHERE live = 1;
CREATE INDEX papers_that_do_not ON papers (key) WHERE live = 0;
CREATE TABLE parts (name TEXT PRIMARY KEY, live INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE gone (paper INTEGER PRIMARY KEY);
CREATE TABLE acronyms (acronym TEXT NOT NULL, long_key TEXT NOT NULL, long_form TEXT NOT NULL, paper INTEGER NOT NULL);
CREATE INDEX acronyms_by_acronym ON acronyms (acronym);
CREATE INDEX acronyms_by_long ON acronyms (long_key);
CREATE INDEX acronyms_by_paper ON acronyms (paper);
"""

ORDERS = {
    "pages": "(SELECT min(rank * 4294967296 + position) FROM listings JOIN pages USING (page)"
    " WHERE listings.paper = papers.paper AND live = 1 AND name = coalesce(?, name))",
    "title": "title COLLATE NOCASE",
    "date": "coalesce(date GLOB '[0-9][0-9][0-9][0-9]*', 0) DESC, date DESC",
}
"""What papers can be sorted by: the place where a page lists them first, their title, or their date, newest first; a date
that begins with no year comes behind, and papers without one last. Of 87,000 papers the first thirty come in 0.1 to 0.2 s."""

PAPER_COLUMNS = "papers.paper, id, title, abstract, original, code_url, url, date"


def original_of(paper: Paper) -> str | None:
    """The original text, where cleaning changed it."""
    return None if paper.original == paper.abstract else paper.original


def set_of(numbers: Iterable[int]) -> str:
    """Whole numbers as a set in SQL (values of any other kind raise)."""
    return f"(SELECT value FROM json_each('[{','.join(str(int(number)) for number in numbers)}]'))"


def visible_papers(page: str | None, has_code: bool | None) -> tuple[str, list[Any]]:
    """The condition for papers that count, on this page (if given), with or without code (if given), and its values."""
    where: str = "live = 1"
    values: list[Any] = []
    if page is not None:
        where += (
            " AND paper IN (SELECT listings.paper FROM listings JOIN pages USING (page) WHERE live = 1 AND name = ?)"
        )
        values.append(page)
    if has_code is not None:
        where += f" AND code_url IS {'NOT ' if has_code else ''}NULL"
    return where, values


def paper_of_row(row: tuple[Any, ...], pages: tuple[str, ...]) -> Paper:
    _, paper_id, title, abstract, original, code_url, url, date = row
    return Paper(
        id=paper_id, title=title, abstract=abstract, original=abstract if original is None else original,
        pages=pages, code_url=code_url, url=url, date=date,
    )  # fmt: skip
