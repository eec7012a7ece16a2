"""Records: JSON Lines, and CSV with a header; fields are found under the usual names for them."""

import csv
import json
from collections.abc import Iterable, Iterator
from itertools import chain

from qa.documents.paper import Entry
from qa.json_types import is_object
from qa.text.cleanup import replace_surrogates

FIELD_NAMES = {
    "title": ("title", "paper_title", "name", "papertitle", "document_title"),
    "abstract": ("abstract", "paper_abstract", "summary", "text", "description", "abstractnote", "abstract_note"),
    "id": ("id", "_id", "paper_id", "paperid", "arxiv_id", "doi", "key", "uid", "corpus_id"),
    "url": ("url", "link", "paper_url", "pdf_url", "href"),
    "date": ("date", "published", "publication_date", "published_date", "year", "publishedat", "publication_year"),
}
"""For each field its names in the order of preference; case, blanks and hyphens do not matter."""

LINE_LENGTH = 1 << 21
"""The most characters of a line, or of a table row with line breaks in its cells; longer ones are skipped."""

Record = Entry | tuple[int, str]
"""A listing, or (line number, reason) for a record that cannot be used."""


def read_json_lines(lines: Iterable[str | int]) -> Iterator[Record]:
    """One record for each line that holds something; a broken one does not stop the rest.

    Of a line that is too long to be held only its length comes in.
    """
    for number, line in enumerate(lines, 1):
        if isinstance(line, int):
            yield number, _too_long(line)
            continue
        if not line.strip():
            continue
        try:
            fields = json.loads(line.removesuffix("\n"))
        except (ValueError, RecursionError) as error:
            reason = error.msg if isinstance(error, json.JSONDecodeError) else "not JSON"
            yield number, f"invalid JSON ({reason}): correct or remove the line"
            continue
        if is_object(fields):
            yield _entry(fields, number)
        else:
            yield number, 'not a JSON object: write {"title": "…", "abstract": "…"}'


def read_json_array(text: str) -> Iterator[Record]:
    """The records of one JSON array, numbered from 1; a single fault if the text is not one."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        yield getattr(error, "lineno", 1), "an invalid JSON array: correct it, or write one object per line"
        return
    for number, fields in enumerate(values, 1):
        yield (_entry(fields, number) if is_object(fields) else (number, "not a JSON object in the array: remove it"))


def read_csv(lines: Iterator[str | int]) -> Iterator[Record]:
    """One record for each row under the header; the separator (comma, semicolon or tab) is found by itself.

    The lines come with their ends; of a line that is too long to be held only its length comes in.
    """
    header = next(lines, "")
    if isinstance(header, int):
        yield 1, _too_long(header)
        return
    feed = _Feed(header, lines)
    csv.field_size_limit(2 * LINE_LENGTH)  # for the whole process: the feed limits rows, this the line ends in a cell
    rows = csv.DictReader(feed, delimiter=max(",;\t", key=header.count))
    try:
        names = [_plain(name) for name in rows.fieldnames or []]
    except csv.Error as error:
        yield 1, f"invalid CSV ({error}): correct the quotes from this line on"
        return
    yield from feed.faults()
    for field in ("title", "abstract"):
        if not set(names) & set(FIELD_NAMES[field]):
            yield 1, f"no column called {field}: give the first line a header such as title,abstract,id"
            return
    try:
        for row in rows:
            yield from feed.faults()
            yield _entry({k: v for k, v in row.items() if k is not None}, rows.line_num)
        yield from feed.faults()
    except csv.Error as error:
        row = feed.row
        yield from feed.faults()
        yield row, f"invalid CSV ({error}): correct the quotes from this line on"


class _Feed:
    """The lines of a table for the CSV reader: an empty one for each that is too long, and a limit for a whole row."""

    def __init__(self, header: str, lines: Iterator[str | int]) -> None:
        self._lines = chain([header], lines)
        self._faults: list[tuple[int, str]] = []
        self._number = self._taken = 0
        self.row = 1
        """The line on which the row begins that is being read."""

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self._number += 1
        if isinstance(line, int):
            self._faults.append((self._number, _too_long(line)))
            return "\n"
        self._taken += len(line.strip("\r\n"))  # empty lines between rows do not add up
        if self._taken > LINE_LENGTH:
            raise csv.Error(f"a row of more than {LINE_LENGTH:,} characters")
        return line

    def faults(self) -> list[tuple[int, str]]:
        """The lines that were too long since the last row, which ends here."""
        found, self._faults = self._faults, []
        self.row, self._taken = self._number + 1, 0
        return found


def _too_long(length: int) -> str:
    return f"a line of {length:,} characters: write one record a line, of {LINE_LENGTH:,} characters at the most"


def _entry(fields: dict[str, object], number: int) -> Record:
    plain = {_plain(name): value for name, value in reversed(fields.items())}
    found = {field: _text(plain, names) for field, names in FIELD_NAMES.items()}
    title, abstract = found["title"], found["abstract"]
    if title is None or abstract is None:
        missing = " and no ".join(field for field in ("title", "abstract") if found[field] is None)
        return number, f"a record with no {missing}: add the field or remove the record"
    if len(abstract) > 30_000 or len(title) > 1_000:
        return (
            number,
            f"a record of {len(title) + len(abstract):,} characters: an abstract has up to 30,000, a title up to 1,000",
        )
    return Entry(
        title=" ".join(title.split()), abstract=abstract, given_id=found["id"], url=found["url"], date=found["date"]
    )


def _plain(name: str | None) -> str:
    return (name or "").strip().strip("\ufeff").casefold().replace(" ", "_").replace("-", "_")


def _text(fields: dict[str, object], names: tuple[str, ...]) -> str | None:
    """The first of the named fields that holds something, as text; whole numbers (ids, years) count as text."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value.strip():
            return replace_surrogates(value.strip())
    return None
