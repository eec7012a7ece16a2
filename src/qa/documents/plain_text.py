"""Plain-text pages: titles and abstracts in turn, with or without blank lines, under any header or none."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from qa.documents.paper import Entry

TITLE_LENGTH = 300
"""Characters; the longest title of the five real pages has 159."""
MIN_ABSTRACT_WORDS = 25
"""A line of this many words that ends in a full stop is an abstract even without a title before it."""
LINE_LENGTH = 30_000
"""A longer line (in characters) means a file without line breaks. The longest real abstract has 1,920."""

_SITE_TEXT = re.compile(
    r"(?:new|get trending papers in your email inbox.*|subscribe|daily papers|by\W?ak and the research community"
    r"|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}(?:,? \d{4})?)",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Line:
    number: int
    text: str


def read_text(text: str) -> tuple[list[Entry], list[tuple[int, str]]]:
    """The listings of a page in order, and (line number, reason) for everything that could not be used.

    An empty text gives two empty lists. A title must be followed by its abstract; a title without an abstract and
    an abstract without a title are skipped, and reading continues with the next line.
    """
    listings: list[Entry] = []
    skipped: list[tuple[int, str]] = []
    title: Line | None = None
    for line in _content_lines(text):
        if len(line.text) > LINE_LENGTH:
            skipped.append(
                (
                    line.number,
                    f"one line of {len(line.text):,} characters: put each title and abstract on a line of its own",
                )
            )
            title = None
        elif _is_abstract(line.text, after_title=title is not None):
            if title is None:
                skipped.append(
                    (
                        line.number,
                        f"an abstract without a title ({_short(line.text)}): put its title on the line before",
                    )
                )
            else:
                listings.append(Entry(title=title.text, abstract=line.text))
            title = None
        else:
            if title is not None and not _SITE_TEXT.fullmatch(title.text) and listings:
                skipped.append(
                    (
                        title.number,
                        f"a title without an abstract ({_short(title.text)}): put its abstract on the next line",
                    )
                )
            elif title is not None and not listings and not _SITE_TEXT.fullmatch(title.text):
                # Before the first abstract the page may carry a header of any wording: say so, without alarm.
                skipped.append((title.number, f"a header, or a title without an abstract ({_short(title.text)})"))
            title = line
    if title is not None and not _SITE_TEXT.fullmatch(title.text):
        skipped.append(
            (title.number, f"a title without an abstract ({_short(title.text)}): put its abstract on the next line")
        )
    return listings, skipped


def _content_lines(text: str) -> Iterator[Line]:
    """Lines that hold something, without the site's own words; the word Subscribe is cut off a title it is glued to."""
    for number, raw in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        stripped = re.sub(r"^Subscribe(?=[^\W\d_a-z]|\d|[a-z]+[A-Z])", "", raw.strip("\ufeff \t\f\v\u00a0"))
        if stripped and not _SITE_TEXT.fullmatch(stripped):
            yield Line(number=number, text=stripped)


def _is_abstract(line: str, *, after_title: bool) -> bool:
    """Whether a line reads as an abstract: too long for a title, or prose that ends in a full stop.

    Titles end in question and exclamation marks, hence only the full stop counts; a short line that ends in one is
    an abstract if it follows a title, and otherwise may be a title with a full stop.
    """
    if len(line) > TITLE_LENGTH:
        return True
    closed = line.rstrip("\"')”’").endswith(".")
    return closed and (after_title or len(line.split()) >= MIN_ABSTRACT_WORDS)


def _short(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
