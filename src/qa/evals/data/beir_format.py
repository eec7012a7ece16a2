"""Reads a collection that others have judged: documents, queries and relevance grades, in BEIR's form or in that of
the SciFact files; nothing is fetched."""

import gzip
import json
import os
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO, cast

from qa.documents import Skip, SourceFile, parse_source, read_sources
from qa.errors import InputError
from qa.json_types import is_array, is_object
from qa.text.cleanup import replace_surrogates

UNREADABLE = (OSError, EOFError, zlib.error, UnicodeDecodeError)
TITLE_WORDS = 8
"""A document without a title gets so many of its first words as one: every paper of an index has a title."""


@dataclass(frozen=True, kw_only=True)
class Collection:
    """A judged collection: the queries of one split that have a relevant document, in the order of their file, and for
    each the grades of the documents judged for it.

    `text` is the corpus as an index is to read it, a document a line, where that differs from the file: titles are made
    where there are none (`titled` counts them). `documents` are the ids that the index has; `skipped` is how many lines
    of the corpus hold no document with a text (`skip` is the first of them); `queries_left_out` counts the judged queries
    without a relevant document.
    `labels` says of each claim whether the documents hold evidence for or against it.
    """

    folder: Path
    corpus: Path
    text: str | None = None
    queries: dict[str, str]
    judgments: dict[str, dict[str, int]]
    documents: frozenset[str]
    queries_left_out: int = 0
    titled: int = 0
    skipped: int = 0
    skip: Skip | None = None
    labels: dict[str, bool] = field(default_factory=dict[str, bool])

    @property
    def name(self) -> str:
        return self.folder.resolve().name

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for readers of the scores: what was skipped, and what cannot be found."""
        found: list[str] = []
        if self.queries_left_out:
            found.append(f"Skipped, as no document is relevant to them: {count(self.queries_left_out, 'query')}.")
        if self.titled:
            found.append(f"Got their first words as a title: {count(self.titled, 'document')}.")
        if self.skip:
            found.append(f"Not indexed: {count(self.skipped, 'line')} ({self.skip.where}: {self.skip.why}).")
        relevant = relevant_documents(self.judgments)
        missing = sorted(relevant - self.documents)
        if missing:
            found.append(
                f"Counted as not found: {len(missing):,} of {count(len(relevant), 'relevant document')},"
                f" which cannot be indexed or are not in the collection (such as {missing[0]!r})."
            )
        return tuple(found)


def read_collection(folder: str | os.PathLike[str], split: str = "test") -> Collection:
    """The collection in a folder: corpus.jsonl, queries.jsonl, qrels/SPLIT.tsv (or one qrels.tsv without splits), and
    labels.jsonl if there is one; each may end in .gz.

    InputError for what is missing or not of the form, with the line, and where no query has a relevant document.
    """
    root = Path(folder)
    if not root.is_dir():
        kind = "is not a folder" if root.exists() else "does not exist"
        raise InputError(
            f"{root} {kind}. Name one that holds corpus.jsonl, queries.jsonl and qrels: qa eval --beir FOLDER"
        )
    # 1. The three files; the judgments must be about these queries.
    corpus = _file(root, "corpus.jsonl", "a document a line: _id, title, text")
    texts = _queries(_file(root, "queries.jsonl", "a query a line: _id, text"))
    qrels = _qrels(root, split)
    grades = _judgments(qrels, texts)
    # 2. Queries without a relevant document have no score.
    judged = {
        query: text for query, text in texts.items() if any(grade > 0 for grade in grades.get(query, {}).values())
    }
    if not judged:
        raise InputError(f"{qrels} holds no grade above 0, so that no query can be scored. Name another split: --split")
    judgments = {query: grades[query] for query in judged}
    # 3. The documents as an index will have them.
    page, titled, text = _page(corpus)
    documents = _ids(page, corpus)
    if documents.isdisjoint(relevant_documents(judgments)):
        one = min(relevant_documents(judgments))
        raise InputError(
            f"{corpus} has none of the relevant documents of {qrels} (such as {one!r}). Name a folder whose files fit."
        )
    lines = sum(1 for _ in _lines(corpus))
    labels = _found(root, "labels.jsonl")
    return Collection(
        folder=root,
        corpus=corpus,
        text=text if titled else None,
        titled=titled,
        queries=judged,
        judgments=judgments,
        documents=documents,
        queries_left_out=len(grades) - len(judged),
        skipped=max(len(page.skipped), lines - page.listed),
        skip=page.skipped[0] if page.skipped else None,
        labels=_labels(labels) if labels else {},
    )


def relevant_documents(judgments: Mapping[str, Mapping[str, int]]) -> set[str]:
    """The documents that are relevant to some query."""
    return {document for grades in judgments.values() for document, grade in grades.items() if grade > 0}


def _found(root: Path, name: str) -> Path | None:
    return next((path for path in (root / name, root / f"{name}.gz") if path.is_file()), None)


def _file(root: Path, name: str, holds: str) -> Path:
    path = _found(root, name)
    if path is None:
        raise InputError(f"{root} has no {name}. Put it there, plain or as {name}.gz ({holds}).")
    return path


def _qrels(root: Path, split: str) -> Path:
    """The judgments of a split. A folder without splits has those of its test queries only."""
    path = _found(root / "qrels", f"{split}.tsv")
    if path is None and split == "test":
        path = _found(root, "qrels.tsv")
    if path is not None:
        return path
    splits = sorted(
        {file.name.split(".")[0] for end in ("tsv", "tsv.gz") for file in (root / "qrels").glob(f"*.{end}")}
    )
    if splits:
        raise InputError(f"{root / 'qrels'} has no split {split!r}. Use one of: {', '.join(splits)}.")
    if _found(root, "qrels.tsv"):
        raise InputError(f"{root} has no split {split!r}, only one qrels.tsv. Use the split test.")
    raise InputError(
        f"{root} has no qrels/{split}.tsv. Put it there, plain or as {split}.tsv.gz"
        " (query, document and grade a line, with tabs between)."
    )


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """The lines that hold something, numbered from 1."""
    try:
        with _opened(path) as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


def _content(path: Path) -> str:
    try:
        with _opened(path, newline="\n") as text:  # as the reader of pages parts lines
            return text.read()
    except UNREADABLE as error:
        raise _unreadable(path, error) from error


def _opened(path: Path, newline: str | None = None) -> TextIO:
    if path.suffix == ".gz":
        return cast(TextIO, gzip.open(path, "rt", encoding="utf-8-sig", newline=newline))
    return path.open(encoding="utf-8-sig", newline=newline)


def _unreadable(path: Path, error: Exception) -> InputError:
    return InputError(f"{path} cannot be read ({error}). Save or download the file again.")


def _records(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    for number, line in _lines(path):
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise _malformed(path, number, f"not JSON: {error}", "Write one JSON object a line.") from error
        if not isinstance(fields, dict):
            raise _malformed(path, number, "no JSON object", "Write one JSON object a line.")
        yield number, fields


def _malformed(path: Path, number: int, what: str, advice: str) -> InputError:
    return InputError(f"{path}, line {number} is malformed ({what}). {advice}")


def _text(fields: Mapping[str, Any], *names: str) -> str:
    """The first of these fields that holds something; whole numbers count as text. Empty where none does."""
    for name in names:
        value = fields.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if isinstance(value, str) and value.strip():
            return replace_surrogates(value.strip())
    return ""


def _queries(path: Path) -> dict[str, str]:
    queries: dict[str, str] = {}
    for number, fields in _records(path):
        query, text = _text(fields, "_id", "id"), _text(fields, "text")
        if not query or not text:
            raise _malformed(path, number, f"no {'text' if query else '_id'}", 'Write {"_id": "…", "text": "…"}.')
        if queries.setdefault(query, text) != text:
            raise _malformed(path, number, f"a second text for query {query!r}", "Give each query an id of its own.")
    return queries


def _judgments(path: Path, queries: Mapping[str, str]) -> dict[str, dict[str, int]]:
    """The grades by query and document. The first line may be a header."""
    judgments: dict[str, dict[str, int]] = {}
    for number, line in _lines(path):
        cells = [cell.strip() for cell in line.split("\t")]
        if number == 1 and cells[0] not in queries and not _is_whole(cells[-1]):
            continue
        if len(cells) != 3 or not all(cells):
            advice = "Write query, document and grade, with tabs between."
            raise _malformed(path, number, f"{count(len([c for c in cells if c]), 'field')}, not 3", advice)
        query, document, grade = cells
        if query not in queries:
            raise _malformed(path, number, f"no query {query!r} in the queries", "Name a folder whose files fit.")
        if not _is_whole(grade):
            raise _malformed(path, number, f"the grade {grade!r}", "Write a whole number, 1 for relevant.")
        if judgments.setdefault(query, {}).setdefault(document, int(grade)) != int(grade):
            raise _malformed(path, number, f"a second grade for {document!r}", "Judge each document once a query.")
    return judgments


def _is_whole(cell: str) -> bool:
    return cell.removeprefix("-").isdecimal()


def _page(corpus: Path) -> tuple[SourceFile, int, str]:
    """The corpus as an index reads it, how many titles were made for that, and its text with them, "" without any."""
    page = next(iter(read_sources([corpus])))
    titled, text = 0, ""
    if isinstance(page, SourceFile) and page.skipped:
        text, titled = _with_titles(_content(corpus))
        page = parse_source(text, name=page.name, source=page.source, form=page.form)
    if isinstance(page, Skip) or not page.listed:
        skip = page if isinstance(page, Skip) else page.skipped[0]
        raise InputError(
            f"{corpus} holds no document that can be indexed ({skip.where}: {skip.why}). Name another folder."
        )
    return page, titled, text


def _with_titles(text: str) -> tuple[str, int]:
    """The lines of a corpus with titles added where missing; a line that is not a document stays as it is."""
    lines, made = text.split("\n"), 0
    for i, line in enumerate(lines):
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if is_object(fields) and not _text(fields, "title") and _text(fields, "text"):
            words = _text(fields, "text").split()[:TITLE_WORDS]
            lines[i], made = json.dumps({**fields, "title": " ".join(words)[:200]}), made + 1
    return "\n".join(lines), made


def _ids(page: SourceFile, corpus: Path) -> frozenset[str]:
    ids: set[str] = set()
    for listing in page.listings():
        if listing.given_id is None:
            raise InputError(f"{corpus} has a document without an id ({listing.title!r}). Give each an _id.")
        if listing.given_id in ids:
            raise InputError(f"{corpus} has two documents with the id {listing.given_id!r}. Give each one of its own.")
        ids.add(listing.given_id)
    return frozenset(ids)


def _labels(path: Path) -> dict[str, bool]:
    labels: dict[str, bool] = {}
    for number, fields in _records(path):
        claim, evidence = _text(fields, "claim"), fields.get("evidence")
        if not claim or not (is_array(evidence) or is_object(evidence)):
            missing = "evidence" if claim else "claim"
            raise _malformed(path, number, f"no {missing}", 'Write {"claim": "…", "evidence": […]}, [] for none.')
        labels[claim] = bool(evidence)
    return labels


def count(number: int, thing: str) -> str:
    plural = thing.removesuffix("y") + "ies" if thing.endswith("y") else thing + "s"
    return f"{number:,} {thing if number == 1 else plural}"
