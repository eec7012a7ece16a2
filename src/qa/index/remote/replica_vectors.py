"""Paper vectors of a replica, which are on the server, and what the catalog of a replica lacks of a state."""

import json
import shutil
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.documents import SourceFile
from qa.embedding.base import Vectors
from qa.errors import IndexMissingError
from qa.index.catalog import Catalog
from qa.index.remote.store import RemotePapers
from qa.index.segments import Segment
from qa.index.versions import current_version


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What has to be done to a mirror so that it holds what counts: pages to be read, and names of those to go."""

    pages: list[SourceFile]
    removed: list[str]


class ReplicaVectors:
    """The server's vectors to one catalog of a mirror (PaperVectors). Only a writer's adds or deletes anything there,
    and deletes only what it has published as gone."""

    def __init__(self, papers: RemotePapers, catalog: Catalog, *, writes: bool = False) -> None:
        self._papers, self._catalog, self._writes = papers, catalog, writes
        self.published = False
        self.there: set[str] = set()
        """Keys of papers seen on the server by this build, or sent there."""

    def warm_up(self) -> None:
        """Nothing has to be opened."""

    def known(self, keys: Sequence[str]) -> Mapping[str, NDArray[np.float16]]:
        found = self._papers.fetch(keys)
        self.there.update(found)
        return found

    def add(self, numbers: Sequence[int], keys: Sequence[str], blocks: Sequence[NDArray[np.floating]]) -> None:
        new = [i for i, key in enumerate(keys) if key not in self.there]
        if self._writes and new:
            self._papers.add([keys[i] for i in new], [blocks[i] for i in new])
            self.there.update(keys)

    def delete(self, papers: Mapping[int, str]) -> None:
        if self._writes and self.published:
            self._papers.delete(list(papers.values()))

    def nearest(self, vector: Vectors, count: int) -> list[int]:
        keys = self._papers.nearest(vector, count)
        numbers = self._catalog.numbers_of_keys(keys)
        return [numbers[key] for key in keys if key in numbers]

    def count(self) -> int:
        return self._papers.count()

    def close(self) -> None:
        """The server's connections are shared; see Mirror.close."""


def drop_versions(root: Path, keep: Callable[[Path], bool]) -> None:
    """Delete the generations of a mirror but those to keep."""
    for generation in root.glob("g-*"):
        if not keep(generation):
            try:
                if current_version(root) == generation:
                    (root / "CURRENT").unlink()
            except IndexMissingError:
                pass
            shutil.rmtree(generation, ignore_errors=True)


def ranked_files(catalog: Catalog, pages: Iterable[int]) -> list[tuple[int, int, str, str, str, str]]:
    """(number, rank, name, source, form, digest) of these pages, in their order."""
    wanted = set(pages)
    rows = catalog.rows("SELECT page, rank, name, source, form, digest FROM pages ORDER BY rank, page")
    return [(row[0], row[1], row[2], row[3], row[4], row[5]) for row in rows if row[0] in wanted]


def file_text(catalog: Catalog, page: int) -> str | None:
    """The text of a page of plain text; None for one of records."""
    packed = catalog.rows("SELECT text FROM pages WHERE page = ?", (page,))[0][0]
    return None if packed is None else zlib.decompress(packed).decode("utf-8", "surrogatepass")


def paper_keys(catalog: Catalog, numbers: Sequence[int]) -> dict[int, str]:
    """The keys of these papers."""
    wanted = json.dumps(list(numbers))
    return dict(
        catalog.rows("SELECT paper, key FROM papers WHERE paper IN (SELECT value FROM json_each(?))", (wanted,))
    )


def vector_blocks(catalog: Catalog, numbers: Iterable[int]) -> dict[int, NDArray[np.float16]]:
    """The vectors of these papers from the catalog's parts."""
    wanted = np.asarray(sorted(numbers), np.int64)
    found: dict[int, NDArray[np.float16]] = {}
    for name in [*catalog.part_names(live=False), *catalog.part_names()]:
        part = Segment(folder=catalog.folder / name)
        rows = np.flatnonzero(np.isin(part.numbers, wanted))
        if not len(rows):
            continue
        matrix, sizes = part.blocks(rows)
        found.update(zip(part.numbers[rows].tolist(), np.split(matrix, np.cumsum(sizes)[:-1]), strict=True))
    return found
