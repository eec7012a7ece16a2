"""The catalog: pages, listings and papers of one generation in SQLite. Its last commit says what counts."""

import json
import sqlite3
import threading
import zlib
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from qa.documents import SourceFile
from qa.documents.paper import Entry, Paper
from qa.errors import IndexDamagedError
from qa.index.schema import (
    FORMAT,
    MAX_VALUES,
    ORDERS,
    PAPER_COLUMNS,
    SCHEMA,
    original_of,
    paper_of_row,
    set_of,
    visible_papers,
)


class Catalog:
    """One open catalog; calls may come from any thread and take turns."""

    def __init__(self, folder: Path, *, create: bool = False) -> None:
        self.folder = folder
        self._lock = threading.RLock()
        path = folder / "catalog.sqlite"
        if not create and not path.exists():
            raise IndexDamagedError(
                f"The index in {folder.parent} has lost its catalog."
                f" Delete that folder and index your pages again: qa index FILES… --index {folder.parent}"
            )
        try:
            self._db = sqlite3.connect(path, timeout=30, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            if create and not self.rows("SELECT 1 FROM sqlite_master WHERE name = 'meta'"):
                with self.transaction():
                    for statement in SCHEMA.split(";"):
                        self._db.execute(statement)
                    self.set_meta(format=FORMAT, stamp=0)
        except sqlite3.Error as error:
            raise _damaged(folder, error) from error

    def close(self) -> None:
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Generator[None, None, None]:
        """All or nothing: what is written inside counts when the block ends, and not at all when it raises."""
        with self._lock:
            try:
                self._db.execute("BEGIN IMMEDIATE")
                try:
                    yield
                    self._db.execute("COMMIT")
                except BaseException:
                    if self._db.in_transaction:
                        self._db.execute("ROLLBACK")
                    raise
            except sqlite3.Error as error:
                raise _damaged(self.folder, error) from error

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with self._lock:
            try:
                return self._db.execute(sql, values).fetchall()
            except sqlite3.Error as error:
                raise _damaged(self.folder, error) from error

    def write(self, sql: str, rows: Iterable[Sequence[Any]] = ((),)) -> None:
        with self._lock:
            self._db.executemany(sql, rows)

    def prepare(self, script: str) -> None:
        """Run statements that make or drop what only this connection sees."""
        with self._lock:
            self._db.executescript(script)

    # What the index says of itself

    def meta(self, key: str) -> Any:
        found = self.rows("SELECT value FROM meta WHERE key = ?", (key,))
        return found[0][0] if found else None

    def set_meta(self, **values: Any) -> None:
        self.write("INSERT OR REPLACE INTO meta VALUES (?, ?)", values.items())

    def version(self) -> int:
        """Changes whenever another connection has committed anything; costs microseconds."""
        return self.rows("PRAGMA data_version")[0][0]

    # Pages and listings

    def live_pages(self) -> list[tuple[int, str, str, str]]:
        """(number, name, source, digest) of each page that counts, in the order of their first indexing."""
        return self.rows("SELECT page, name, source, digest FROM pages WHERE live = 1 ORDER BY rank, page")

    def kept_pages(self) -> Generator[tuple[int, str, str, str, str, str | None], None, None]:
        """(number, name, source, form, digest, text) of each page that counts; texts are unpacked one at a time, and None
        for pages of records, whose listings say all."""
        for number, name, source, digest in self.live_pages():
            form, text = self.rows("SELECT form, text FROM pages WHERE page = ?", (number,))[0]
            unpacked = None if text is None else zlib.decompress(text).decode("utf-8", "surrogatepass")
            yield number, name, source, form, digest, unpacked

    def listings_of(self, page: int) -> Generator[Entry, None, None]:
        """The listings of a page in their order, some at a time."""
        position = -1
        while rows := self.rows(
            "SELECT position, title, abstract, given_id, url, date FROM listings WHERE page = ? AND position > ?"
            " ORDER BY position LIMIT 1000",
            (page, position),
        ):
            position = rows[-1][0]
            for _, title, abstract, given_id, url, date in rows:
                yield Entry(title=title, abstract=abstract, given_id=given_id, url=url, date=date)

    def forget_pages_that_do_not_count(self) -> None:
        """Delete the pages that were replaced, or that an interrupted build has left."""
        with self.transaction():
            self.write("DELETE FROM listings WHERE page IN (SELECT page FROM pages WHERE live = 0)")
            self.write("DELETE FROM pages WHERE live = 0")

    def stage_page(self, page: SourceFile, listings: Iterable[tuple[Entry, str]], *, instead_of: int | None) -> int:
        """Keep a page and its listings (each with the key of its title) without letting them count yet; gives the page's number.

        The file takes the rank of the one it replaces: ranks decide which entry of a paper comes first.
        """
        text = page.text()
        packed = None if text is None else zlib.compress(text.encode("utf-8", "surrogatepass"), 1)
        with self.transaction():
            ranked = self.rows("SELECT rank FROM pages WHERE page = ?", (instead_of,))
            rank = (ranked or self.rows("SELECT coalesce(max(rank), 0) + 1 FROM pages"))[0][0]
            cursor = self._db.execute(
                "INSERT INTO pages (rank, name, source, form, digest, text, listed, live) VALUES (?, ?, ?, ?, ?, ?, 0, 0)",
                (rank, page.name, page.source, page.form, page.digest, packed),
            )
            number = cursor.lastrowid
            assert number is not None
            self.write(
                "INSERT INTO listings VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL)",
                (
                    (number, i, key, x.given_id, x.title, x.abstract, x.url, x.date)
                    for i, (x, key) in enumerate(listings)
                ),
            )
            self.write(
                "UPDATE pages SET listed = (SELECT count(*) FROM listings WHERE page = ?1) WHERE page = ?1", [(number,)]
            )
        return number

    def tally(self, names: Iterable[str]) -> tuple[int, int, int, int]:
        """What the pages of these names that count hold: listings, papers, papers listed more than once, passages."""
        return self.rows(
            "SELECT coalesce(sum(times), 0), count(*), coalesce(sum(times > 1), 0), coalesce(sum(passages), 0) FROM"
            f" (SELECT paper, count(*) AS times FROM listings WHERE page IN {self._numbered(names)} GROUP BY paper)"
            " JOIN papers USING (paper)"
        )[0]

    def cleaned_originals(self, names: Iterable[str]) -> Generator[str, None, None]:
        """The original abstracts of the papers of these pages that cleaning changed, some at a time."""
        last, pages = -1, self._numbered(names)
        while rows := self.rows(
            f"SELECT paper, original FROM papers WHERE original NOT NULL AND paper > ? AND paper IN"
            f" (SELECT paper FROM listings WHERE page IN {pages}) ORDER BY paper LIMIT 1000",
            (last,),
        ):
            last = rows[-1][0]
            yield from (original for _, original in rows)

    def _numbered(self, names: Iterable[str]) -> str:
        wanted = set(names)
        return set_of(number for number, name, *_ in self.live_pages() if name in wanted)

    # Papers

    def is_empty(self) -> bool:
        """Whether no paper counts."""
        return not self.rows("SELECT 1 FROM papers WHERE live = 1 LIMIT 1")

    def gone_numbers(self) -> list[int]:
        """The papers that some part still holds, though they do not count any more, rising."""
        return [number for (number,) in self.rows("SELECT paper FROM gone ORDER BY paper")]

    def papers(self, numbers: Sequence[int]) -> dict[int, Paper]:
        """The papers of these numbers that the catalog knows."""
        found: dict[int, Paper] = {}
        for i in range(0, len(numbers), 500):
            some = numbers[i : i + 500]
            marks = ",".join("?" * len(some))
            pages: dict[int, list[str]] = {}
            for number, name in self.rows(
                f"SELECT listings.paper, name FROM listings JOIN pages USING (page) WHERE live = 1 AND paper IN ({marks})"
                " ORDER BY rank, page, position",
                some,
            ):
                pages.setdefault(number, []).append(name)
            for row in self.rows(f"SELECT {PAPER_COLUMNS} FROM papers WHERE paper IN ({marks})", some):
                found[row[0]] = paper_of_row(row, tuple(dict.fromkeys(pages.get(row[0], ()))))
        return found

    def numbers_of_keys(self, keys: Sequence[str]) -> dict[str, int]:
        """The papers of these keys that the catalog knows."""
        return dict(
            self.rows(
                "SELECT key, paper FROM papers WHERE key IN (SELECT value FROM json_each(?))", (json.dumps(list(keys)),)
            )
        )

    def number_of_key(self, key: str) -> int | None:
        """The paper of this key, whether it counts or was embedded by a build that is not finished."""
        found = self.rows("SELECT paper FROM papers WHERE key = ?", (key,))
        return found[0][0] if found else None

    def next_numbers(self, count: int) -> list[int]:
        """Numbers that no paper ever had."""
        last = self.rows("SELECT seq FROM sqlite_sequence WHERE name = 'papers'")
        first = last[0][0] + 1 if last else 1
        return list(range(first, first + count))

    def stage_papers(self, papers: Iterable[tuple[int, str, Paper, int, list[tuple[str, str, str]]]]) -> None:
        """Keep embedded papers (number, key, paper, passages, acronyms) without letting them count yet."""
        with self.transaction():
            for number, key, p, passages, acronyms in papers:
                row = (number, key, p.id, p.title, p.abstract, original_of(p), p.code_url, p.url, p.date, passages)
                self.write("INSERT INTO papers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)", [row])
                self.write("INSERT INTO acronyms VALUES (?, ?, ?, ?)", ((*acronym, number) for acronym in acronyms))

    def part_names(self, *, live: bool = True) -> list[str]:
        """The parts that count; or those that a build has written so far, in the order of their names."""
        return [name for (name,) in self.rows("SELECT name FROM parts WHERE live = ? ORDER BY name", (live,))]

    def stage_part(self, name: str) -> None:
        """Note a part that a build has written, without letting it count yet."""
        with self.transaction():
            self.write("INSERT INTO parts VALUES (?, 0)", [(name,)])

    def dead_papers(self) -> dict[int, str]:
        """The papers that are known but do not count, with their keys."""
        return dict(self.rows("SELECT paper, key FROM papers WHERE live = 0"))

    def forget_papers(self, numbers: Iterable[int]) -> None:
        """Delete these papers, and the pages that do not count."""
        self.forget_pages_that_do_not_count()
        chosen = set_of(numbers)
        with self.transaction():
            self.write(f"DELETE FROM acronyms WHERE paper IN {chosen}")
            self.write(f"DELETE FROM papers WHERE live = 0 AND paper IN {chosen}")

    def number_of(self, paper_id: str) -> int | None:
        """The paper of this id, if one that counts has it."""
        found = self.rows("SELECT paper FROM papers WHERE id = ? AND live = 1", (paper_id,))
        return found[0][0] if found else None

    def filtered(self, page: str | None, has_code: bool | None) -> list[int]:
        """The papers that count, listed on this page (if given), with or without a code link (if given)."""
        where, values = visible_papers(page, has_code)
        return [number for (number,) in self.rows(f"SELECT paper FROM papers WHERE {where} ORDER BY paper", values)]

    def browse(
        self,
        page: str | None,
        has_code: bool | None,
        among: Iterable[str] | None,
        order: str,
        offset: int,
        limit: int,
    ) -> tuple[int, list[int]]:
        """How many papers `filtered` gives, of those of the ids `among` (if given), and `limit` of them from `offset`
        on in one of `ORDERS`; ties keep the order in which they were indexed."""
        where, values = visible_papers(page, has_code)
        if among is not None:
            where += " AND id IN (SELECT value FROM json_each(?))"
            values.append(json.dumps(list(among)))
        total = self.rows(f"SELECT count(*) FROM papers WHERE {where}", values)[0][0]
        sorting = [page] if "?" in ORDERS[order] else []
        rows = self.rows(
            f"SELECT paper FROM papers WHERE {where} ORDER BY {ORDERS[order]}, paper LIMIT ? OFFSET ?",
            [*values, *sorting, limit, offset],
        )
        return total, [number for (number,) in rows]

    def acronyms(self, column: str, values: Sequence[str]) -> list[tuple[str, str, str, int]]:
        """(acronym, long key, long form, papers that define it so) where `column` (acronym or long_key) is one of `values`."""
        assert column in ("acronym", "long_key")
        values = values[:MAX_VALUES]
        return self.rows(
            "SELECT acronym, long_key, max(long_form), count(*) FROM acronyms JOIN papers USING (paper)"
            f" WHERE live = 1 AND {column} IN ({','.join('?' * len(values))}) GROUP BY acronym, long_key ORDER BY count(*) DESC",
            values,
        )

    def count(self) -> dict[str, int]:
        """How many pages, listings, papers and passages count."""
        pages, listings = self.rows("SELECT count(*), coalesce(sum(listed), 0) FROM pages WHERE live = 1")[0]
        papers, passages = self.rows("SELECT count(*), coalesce(sum(passages), 0) FROM papers WHERE live = 1")[0]
        return {"pages": pages, "listings": listings, "papers": papers, "passages": passages}


def _damaged(folder: Path, error: sqlite3.Error) -> IndexDamagedError:
    root, reason = folder.parent, str(error)
    if "full" in reason:
        advice = "Free some space and run the same command again: nothing is lost."
    elif "readonly" in reason or "unable to open" in reason:
        advice = "Make the folder writable for you, or copy it and name the copy: --index FOLDER."
    else:
        advice = f"Delete that folder and index your pages again: qa index FILES… --index {root}"
    return IndexDamagedError(f"The catalog of the index in {root} cannot be used ({reason}). {advice}")
