"""What a build works out before it counts: which titles it touches, which papers these make, which are outdated by that."""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from qa.documents.paper import Entry, Paper
from qa.index.catalog import Catalog
from qa.index.schema import original_of, set_of

_SCRATCH = """
DROP TABLE IF EXISTS temp.touched; DROP TABLE IF EXISTS temp.outdated;
DROP TABLE IF EXISTS temp.chosen; DROP TABLE IF EXISTS temp.placed;
CREATE TEMP TABLE touched (title_key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TEMP TABLE outdated (paper INTEGER PRIMARY KEY);
CREATE TEMP TABLE chosen (paper INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, code_url TEXT, url TEXT, date TEXT, original TEXT);
CREATE TEMP TABLE placed (page INTEGER NOT NULL, position INTEGER NOT NULL, paper INTEGER NOT NULL);
"""
"""The plan of a build is kept in temporary tables, so that memory does not grow with it."""
TITLES = 256
"""Titles whose listings are read at a time."""


class IndexChanges:
    """One build's work on a catalog; nothing of it is seen by others before `commit`."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    def touch(self, pages: Iterable[int]) -> int:
        """Begin to work out what pages that come or go change: only their titles can. Gives how many titles these are.

        The papers that the pages list so far are outdated until they are chosen again.
        """
        chosen = set_of(pages)
        self._catalog.prepare(_SCRATCH)
        with self._catalog.transaction():
            self._catalog.write(f"INSERT INTO touched SELECT DISTINCT title_key FROM listings WHERE page IN {chosen}")
            self._catalog.write(
                "INSERT INTO outdated SELECT DISTINCT paper FROM listings WHERE paper NOT NULL AND title_key IN touched"
            )
        return self._catalog.rows("SELECT count(*) FROM touched")[0][0]

    def touched_listings(self, pages: set[int]) -> Iterator[list[tuple[int, int, str, Entry]]]:
        """For each touched title its listings on `pages`, in the pages' order: (page, position, page name, listing); none
        for a title that none of `pages` lists any more."""
        last = ""
        while keys := self._catalog.rows(
            "SELECT title_key FROM touched WHERE title_key > ? ORDER BY title_key LIMIT ?", (last, TITLES)
        ):
            first, last = keys[0][0], keys[-1][0]
            rows = self._catalog.rows(
                "SELECT title_key, page, position, name, given_id, title, abstract, url, listings.date FROM touched"
                " JOIN listings USING (title_key) JOIN pages USING (page) WHERE title_key BETWEEN ? AND ?"
                " ORDER BY title_key, rank, page, position",
                (first, last),
            )
            for _, group in itertools.groupby(rows, key=lambda row: row[0]):
                yield [
                    (page, position, name, Entry(title=title, abstract=abstract, given_id=given, url=url, date=date))
                    for _, page, position, name, given, title, abstract, url, date in group
                    if page in pages
                ]

    def is_outdated(self, number: int) -> bool:
        return bool(self._catalog.rows("SELECT 1 FROM outdated WHERE paper = ?", (number,)))

    def chosen_as(self, paper_id: str) -> int | None:
        """The paper that this build has chosen under this id, if any."""
        found = self._catalog.rows("SELECT paper FROM chosen WHERE id = ?", (paper_id,))
        return found[0][0] if found else None

    def choose(self, papers: Iterable[tuple[int, Paper, list[tuple[int, int]]]]) -> None:
        """Note papers (number, paper, places where it is listed) that count when this build does."""
        with self._catalog.transaction():
            for number, p, places in papers:
                row = (number, p.id, p.code_url, p.url, p.date, original_of(p))
                self._catalog.write("INSERT INTO chosen VALUES (?, ?, ?, ?, ?, ?)", [row])
                self._catalog.write("INSERT INTO placed VALUES (?, ?, ?)", ((*place, number) for place in places))
                self._catalog.write("DELETE FROM outdated WHERE paper = ?", [(number,)])

    def chosen_numbers(self) -> list[int]:
        """The papers chosen by this build, rising."""
        return [number for (number,) in self._catalog.rows("SELECT paper FROM chosen ORDER BY paper")]

    def outdated_numbers(self) -> list[int]:
        """The papers that will not count any more, rising."""
        return [number for (number,) in self._catalog.rows("SELECT paper FROM outdated ORDER BY paper")]

    def commit(self, pages: set[int], part: str | None, merged: Iterable[str], gone: Sequence[int]) -> None:
        """From now on exactly these pages count; of the papers also the chosen ones, no more the outdated ones; the new
        segment (if any) instead of the merged ones and the checkpoint; `gone` are deleted papers that segments still hold."""
        with self._catalog.transaction():
            self._catalog.write("UPDATE papers SET live = 0 WHERE paper IN outdated")
            self._catalog.write(
                "UPDATE papers SET live = 1, id = chosen.id, code_url = chosen.code_url, url = chosen.url,"
                " date = chosen.date, original = chosen.original FROM chosen WHERE papers.paper = chosen.paper"
            )
            self._catalog.write(
                "UPDATE listings SET paper = placed.paper FROM placed"
                " WHERE listings.page = placed.page AND listings.position = placed.position"
            )
            self._catalog.write(f"UPDATE pages SET live = page IN {set_of(pages)}")
            self._catalog.write("DELETE FROM parts WHERE live = 0")
            self._catalog.write("DELETE FROM parts WHERE name = ?", ((name,) for name in merged))
            self._catalog.write("INSERT INTO parts VALUES (?, 1)", [(part,)] if part else [])
            if self._catalog.gone_numbers() != list(gone):
                self._catalog.write("DELETE FROM gone")
                self._catalog.write("INSERT INTO gone VALUES (?)", ((number,) for number in gone))
            self._catalog.set_meta(stamp=self._catalog.meta("stamp") + 1)
