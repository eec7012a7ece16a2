"""One run of the builder: pages in, only what is new embedded, the catalog committed last. The caller holds the lock.

Plans are kept in the catalog and vectors in files: memory holds one segment, however many papers there are.
"""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qa.documents import SourceFile
from qa.documents.paper import Entry, Paper, make_papers, title_key
from qa.embedding.base import Embedder
from qa.errors import InputError
from qa.index.catalog import Catalog
from qa.index.changes import IndexChanges
from qa.index.checkpoint import Checkpoint
from qa.index.remote.replica import Replica
from qa.index.report import BuildReport, Progress, no_progress
from qa.index.segments import Segment, merge_segments, segments_to_merge, write_segment
from qa.index.staging import acronyms_of, as_numbers, embedder_text, paper_digest, papers_in_order, unique_names
from qa.index.vector_store import PaperVectors, VectorStore
from qa.index.versions import check_probe, fitting_embedder
from qa.text.cleanup import clean_text

BATCH = 64
"""Papers embedded between two commits: what an interrupted build loses at most."""
SEGMENT = 2_048
"""Papers per segment; their vectors and tokens are what a build holds in memory."""

Place = tuple[int, int]
"""The position of an entry: the number of its file and its position in it."""


def write_pages(
    generation: Path,
    embedder: Any,
    pages: Sequence[SourceFile],
    *,
    replace: bool = False,
    removed: Sequence[str] = (),
    progress: Progress | None,
    mirror: Replica | None = None,
    following: bool = False,
) -> BuildReport:
    """Put pages into a generation of an index, and take some out; the caller holds the lock of `writing`.

    `replace` takes out every page that is not among these, `removed` names pages to take out (InputError for one that is
    not there). In a `mirror` the pages count on its server first, but where it is only `following` that.
    """
    catalog = Catalog(generation)
    try:
        chosen = fitting_embedder(catalog, embedder)
        if mirror is not None and not following:
            mirror.settle(catalog)
        say: Progress = progress or no_progress
        return _Build(catalog, chosen, say, mirror, following=following).run(pages, replace=replace, removed=removed)
    finally:
        catalog.close()


@dataclass(frozen=True, kw_only=True)
class _New:
    """A paper that the catalog does not know: its key there, itself, and where it is listed."""

    key: str
    paper: Paper
    places: list[Place]


class _Build:
    """One build of one version. Plans are kept in the catalog; memory holds one segment."""

    def __init__(
        self, catalog: Catalog, embedder: Embedder, progress: Progress, mirror: Replica | None, *, following: bool
    ) -> None:
        self.catalog, self.embedder, self.progress = catalog, embedder, progress
        self.mirror, self.following = mirror, following
        self.doing = "fetching" if following else "embedding"
        self.vectors: PaperVectors = (
            VectorStore(catalog.folder / "chroma", create=catalog.is_empty())
            if mirror is None
            else mirror.vectors(catalog, writes=not following)
        )
        self.draft = IndexChanges(catalog)
        self.staged = Checkpoint(catalog.folder / "staged")
        self.embedded = 0

    def run(self, pages: Sequence[SourceFile], *, replace: bool, removed: Sequence[str]) -> BuildReport:
        # 1. Stage the pages that are new or changed; they do not count yet.
        live = {name: (number, source, digest) for number, name, source, digest in self.catalog.live_pages()}
        unknown = [name for name in removed if name not in live]
        if unknown:
            raise InputError(f"The index has no page {unknown[0]!r}. Its pages are: {', '.join(live)}.")
        self.catalog.forget_pages_that_do_not_count()
        self._take_up()
        gone = {live[name][0] for name in removed}
        added: set[int] = set()
        names: list[str] = []
        for page in pages if self.following else unique_names(pages, {name: row[1:] for name, row in live.items()}):
            names.append(page.name)
            old = live.get(page.name)
            if old is None or old[2] != page.digest:
                added.add(self.catalog.stage_page(page, self._keyed(page), instead_of=old[0] if old else None))
                gone |= {old[0]} if old else set()
        if replace:
            gone |= {row[0] for name, row in live.items() if name not in names}
        # 2. Only titles on pages that come or go can change; embed what they bring, then let it all count at once.
        outdated = 0
        if added or gone:
            target = {row[0] for row in live.values()} - gone | added
            self._choose(target, self.draft.touch(added | gone))
            outdated = len(self.draft.outdated_numbers())
            self._commit(target)
            self._clean_up()
            if self.mirror is not None and not self.following:
                self.mirror.clean_up(self.catalog)
        return self._report(names, outdated)

    def _keyed(self, page: SourceFile) -> Iterator[tuple[Entry, str]]:
        """The listings of a page, with the keys of their titles."""
        for i, listing in enumerate(page.listings()):
            if i % 512 == 0:
                self.progress("reading papers", i, page.listed)
            yield listing, title_key(listing.title)

    def _take_up(self) -> None:
        """What an interrupted build has embedded is used again; of an interrupted clean-up nothing can be."""
        kept = {number for part in self._parts(live=False).values() for number in part.numbers.tolist()}
        kept |= self.staged.take_up(kept)
        dead = self.catalog.dead_papers()
        if dead:
            self._forget({number: key for number, key in dead.items() if number not in kept})

    def _choose(self, target: set[int], titles: int) -> None:
        """Choose the papers that the touched titles make, now that the pages in `target` count; embed those not known."""
        new: list[_New] = []
        known: list[tuple[int, Paper, list[Place]]] = []
        ids: dict[str, str] = {}
        for done, rows in enumerate(self.draft.touched_listings(target)):
            if max(len(new), len(known)) >= BATCH:
                self.draft.choose(known)
                self._embed(new, done, titles)
                new, known, ids = [], [], {}
            for paper, places in self._papers(rows, ids):
                key = paper_digest(paper)
                ids[paper.id] = key
                number = self.catalog.number_of_key(key)
                if number is None:
                    new.append(_New(key=key, paper=paper, places=places))
                else:
                    known.append((number, paper, places))
        self.draft.choose(known)
        self._embed(new, titles, titles)

    def _papers(
        self, rows: Sequence[tuple[int, int, str, Entry]], ids: dict[str, str]
    ) -> Iterator[tuple[Paper, list[Place]]]:
        """The papers of one title's listings, each with an id that no other paper has, neither in the index nor among the
        `ids` (with their keys) that are about to be noted."""
        for found, members in make_papers([row[3] for row in rows], [row[2] for row in rows]):
            paper = found
            key = paper_digest(paper)
            number = self.catalog.number_of_key(key)
            others = {self.catalog.number_of(paper.id), self.draft.chosen_as(paper.id)} - {None, number}
            if ids.get(paper.id, key) != key or not all(map(self.draft.is_outdated, filter(None, others))):
                # Two files may use one id (a row number, say) for different papers.
                paper = replace(paper, id=f"{paper.id}-{key[:8]}")
            yield paper, [(rows[member][0], rows[member][1]) for member in members]

    def _embed(self, new: Sequence[_New], done: int, total: int) -> None:
        """Embed these papers, which survives an interruption from then on; `done` of `total` titles are worked out."""
        if new and not self.embedded:
            check_probe(self.catalog, self.embedder)
        texts = [embedder_text(one.paper) for one in new]
        keys = [one.key for one in new]
        blocks = dict(self.vectors.known(keys))
        missing = [i for i, key in enumerate(keys) if key not in blocks]
        embedded = self.embedder.embed_papers([texts[i] for i in missing])
        for left, (i, block) in enumerate(zip(missing, embedded, strict=True), -len(missing)):
            self.progress(self.doing, max(0, done + left), total)
            blocks[keys[i]] = block.astype(np.float16)
        self.progress(self.doing, done, total)
        if not new:
            return
        numbers = self.catalog.next_numbers(len(new))
        in_order = [blocks[key] for key in keys]
        self.staged.save(numbers, in_order)
        self.vectors.add(numbers, keys, in_order)
        self.catalog.stage_papers(
            (number, one.key, one.paper, len(text.spans), acronyms_of(one.paper))
            for number, one, text in zip(numbers, new, texts, strict=True)
        )
        self.draft.choose((number, one.paper, one.places) for number, one in zip(numbers, new, strict=True))
        self.embedded += len(missing)
        if self.staged.papers >= SEGMENT:
            self._write_segment()

    def _write_segment(self) -> None:
        """Write the checkpoint as a segment that is not visible yet."""
        blocks = dict(self.staged.load())
        numbers = sorted(self.catalog.papers(list(blocks)))
        if numbers:
            texts = (
                f"{clean_text(paper.title)[0]}. {paper.abstract}" for paper in papers_in_order(self.catalog, numbers)
            )
            self.catalog.stage_part(write_segment(self.catalog.folder, numbers, texts, (blocks[n] for n in numbers)))
        self.staged.clear()

    def _commit(self, target: set[int]) -> None:
        """Merge parts so that few remain, and make everything count, in one transaction."""
        catalog = self.catalog
        self.progress("writing", 0, 1)
        self._write_segment()
        parts, staged = self._parts(live=True), self._parts(live=False)
        dead = np.union1d(as_numbers(catalog.gone_numbers()), as_numbers(self.draft.outdated_numbers()))
        living = {name: np.setdiff1d(part.numbers, dead) for name, part in parts.items()}
        brought = [part.numbers for part in staged.values()]
        fresh = np.intersect1d(as_numbers(self.draft.chosen_numbers()), np.concatenate([as_numbers([]), *brought]))
        # Segments that have lost more than half of their papers are rewritten too.
        wasteful = {name for name, part in parts.items() if len(living[name]) * 2 < len(part.numbers)}
        sizes = {name: len(numbers) for name, numbers in living.items() if name not in wasteful}
        merged = wasteful | set(segments_to_merge(sizes, len(fresh)) if len(fresh) else ())
        inputs = [parts[name] for name in sorted(merged)] + list(staged.values())
        alive = np.sort(np.concatenate([fresh, *(living[name] for name in merged)]))
        if not merged and len(staged) == 1 and len(fresh) == len(brought[0]):
            part = next(iter(staged))
        else:
            part = merge_segments(catalog.folder, inputs, alive) if inputs else None
        left = [parts[name].numbers for name in parts if name not in merged]
        if self.mirror is not None and not self.following:
            self.mirror.publish(catalog, target, self.draft.chosen_numbers())
        self.draft.commit(target, part, merged, np.intersect1d(dead, np.concatenate([as_numbers([]), *left])).tolist())
        self.progress("writing", 1, 1)

    def _clean_up(self) -> None:
        """Delete what no longer counts. Where this is interrupted, the next build does it."""
        self.staged.remove()
        self._forget(self.catalog.dead_papers())
        self.vectors.close()
        names = set(self.catalog.part_names())
        for folder in self.catalog.folder.glob("part-*"):
            if folder.name not in names:
                shutil.rmtree(folder, ignore_errors=True)

    def _forget(self, dead: dict[int, str]) -> None:
        """Forget papers that do not count: the catalog first, since vectors without a paper do no harm."""
        if dead:
            self.catalog.forget_papers(dead)
            self.vectors.delete(dead)

    def _parts(self, *, live: bool) -> dict[str, Segment]:
        return {name: Segment(folder=self.catalog.folder / name) for name in self.catalog.part_names(live=live)}

    def _report(self, names: list[str], removed: int) -> BuildReport:
        """Count what the pages of this run hold, from the catalog as it is now."""
        listings, papers, merged, passages = self.catalog.tally(names)
        cleaning_rules: dict[str, int] = {}
        cleaned = 0
        for original in self.catalog.cleaned_originals(names):
            cleaned += 1
            for rule, times in clean_text(original)[1].items():
                cleaning_rules[rule] = cleaning_rules.get(rule, 0) + times
        count = self.catalog.count()
        return BuildReport(
            listings=listings,
            passages=passages,
            papers=papers,
            merged=merged,
            cleaned=cleaned,
            embedded=self.embedded,
            reused=papers - self.embedded if names else 0,
            removed=removed,
            cleaning_rules=dict(sorted(cleaning_rules.items(), key=lambda item: (-item[1], item[0]))),
            pages=tuple(names),
            index_pages=count["pages"],
            index_papers=count["papers"],
        )
