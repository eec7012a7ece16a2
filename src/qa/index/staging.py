"""Sources and papers as a build stages them: names, digests, embedder texts, acronyms."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from qa.documents import SourceFile
from qa.documents.paper import Paper, unique
from qa.embedding.base import EmbedderText
from qa.index.catalog import Catalog
from qa.text.acronyms import acronym_key, find_acronyms, long_key
from qa.text.cleanup import clean_text
from qa.text.sentences import split_passages


def unique_names(pages: Iterable[SourceFile], live: dict[str, tuple[str, str]]) -> Iterator[SourceFile]:
    """Each page under its name in the index (`live`: name to source and digest).

    A file that the index knows keeps its name. Another file of the same name takes the place of the known one only
    where that is gone from the disk or has the same content (it was moved); else folders in front tell them apart.
    """
    taken: set[str] = set()
    for page in pages:
        known = next((name for name, (source, _) in live.items() if source and source == page.source), None)
        folders = Path(page.source).parts if page.source else (page.name,)
        candidates = (
            [known]
            if known
            else unique([page.name, *("/".join(folders[-n:]).lstrip("/") for n in range(2, len(folders) + 1))])
        )
        for name in candidates:
            source, digest = live.get(name, ("", page.digest))
            if name not in taken and (known or digest == page.digest or not source or not Path(source).exists()):
                taken.add(name)
                yield replace(page, name=name)
                break


def paper_digest(paper: Paper) -> str:
    """What makes a paper another one to the index: its id and what is embedded of it."""
    return hashlib.sha256("\0".join((paper.id, paper.title, paper.abstract)).encode("utf-8", "replace")).hexdigest()


def embedder_text(paper: Paper) -> EmbedderText:
    spans = tuple((passage.start, passage.end) for passage in split_passages(paper.abstract))
    return EmbedderText(title=clean_text(paper.title)[0], abstract=paper.abstract, spans=spans)


def acronyms_of(paper: Paper) -> list[tuple[str, str, str]]:
    found = find_acronyms(f"{clean_text(paper.title)[0]}. {paper.abstract}")
    return [(acronym_key(acronym), long_key(long_form), long_form) for acronym, long_form in found]


def papers_in_order(catalog: Catalog, numbers: Sequence[int]) -> Iterator[Paper]:
    for i in range(0, len(numbers), 500):
        some = numbers[i : i + 500]
        found = catalog.papers(some)
        yield from (found[number] for number in some)


def as_numbers(numbers: Sequence[int]) -> NDArray[np.int64]:
    return np.asarray(numbers, np.int64)
