"""Measures the search on a collection that others have judged, in BEIR's form or in that of the SciFact files.

Scores are trec_eval's: the gain of a document is its grade (0 and less gain nothing), discounted by log2(1 + rank) and
divided by the gain of the best order of all judged documents; an unjudged document counts as not relevant.
As BEIR does it, a document with the query's own id is passed over (in some collections the queries are documents).
Nothing is fetched.
"""

import tempfile
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from qa.assistant import Assistant
from qa.errors import IndexMissingError, InputError
from qa.evals.data.beir_format import Collection, count, relevant_documents
from qa.evals.metrics.measures import mean, ndcg_at, recall_at, reciprocal_rank, refusals
from qa.evals.report.tables import Table
from qa.evals.runs.baselines import BASELINES, DEPTH, ranked_by
from qa.evals.runs.questions import Progress
from qa.extractive.answerability import THRESHOLD
from qa.index.api import build_index
from qa.retrieval.fusion import WEIGHTS
from qa.retrieval.search import Index, open_index

CLAIM_MEASURES = ("AUC", "recall at 5 % wrong")


@contextmanager
def collection_index(
    collection: Collection, folder: Path | None = None, progress: Progress | None = None
) -> Generator[Index, None, None]:
    """An open index of the documents: the one in `folder`, built there if need be, or without a folder a temporary one
    that is deleted afterwards."""
    if folder is None:
        with (
            tempfile.TemporaryDirectory(prefix="qa-beir-", ignore_cleanup_errors=True) as temporary,
            collection_index(collection, Path(temporary) / "chroma", progress) as index,
        ):
            yield index
        return
    try:
        index = open_index(folder)
    except IndexMissingError:
        _build(collection, folder, progress)
        index = open_index(folder)
    try:
        yield index
    finally:
        index.close()


def _build(collection: Collection, folder: Path, progress: Progress | None) -> None:
    if collection.text is None:
        build_index([collection.corpus], folder, progress=progress)
        return
    with tempfile.TemporaryDirectory(prefix="qa-beir-") as temporary:
        corpus = Path(temporary) / "corpus.jsonl"
        corpus.write_text(collection.text, encoding="utf-8")
        build_index([corpus], folder, progress=progress)


def evaluate_collection(
    index: Index, collection: Collection, *, limit: int | None = None, progress: Progress | None = None
) -> list[Table]:
    """The scores of the search and its baselines over the queries and, where the collection has labels, how well the
    likelihood of an answer separates claims with evidence from those without.

    `limit` takes only so many of the first queries and claims. InputError where the index does not hold exactly the
    documents of the collection: fewer would be easier to search, others harder.
    """
    if limit is not None and limit < 1:
        raise InputError(f"The limit is {limit}, but at least one query must be asked. Use limit=100, or none for all.")
    _check_documents(index, collection)
    systems = {"search": WEIGHTS, **BASELINES}
    scores: dict[str, list[dict[str, float]]] = {name: [] for name in systems}
    queries = list(collection.queries.items())[:limit]
    for done, (query, text) in enumerate(queries, 1):
        scored = index.score_candidates(text, DEPTH)
        ids = [paper.id for paper in scored.all_papers()]
        for name, weights in systems.items():
            ranking = [ids[i] for i in ranked_by(scored, weights) if ids[i] != query]
            scores[name].append(ranking_scores(ranking, collection.judgments[query]))
        if progress:
            progress("searching", done, len(queries))
    rows = {
        name: {measure: mean([score[measure] for score in found]).figure() for measure in found[0]}
        for name, found in scores.items()
    }
    return [Table(title=f"Search of {collection.name}", rows=rows), *_claims(index, collection, limit, progress)]


def ranking_scores(ranking: Sequence[str], grades: Mapping[str, int]) -> dict[str, float]:
    """nDCG@10, recall@10, recall@100 and the reciprocal rank (its mean is MRR) of one ranking of at most 100 documents;
    at least one grade is positive."""
    relevant = {document for document, grade in grades.items() if grade > 0}
    return {
        "nDCG@10": ndcg_at(ranking, grades, 10),
        "recall@10": recall_at(ranking, relevant, 10),
        "recall@100": recall_at(ranking, relevant, 100),
        "MRR": reciprocal_rank(ranking, relevant),
    }


def _claims(index: Index, collection: Collection, limit: int | None, progress: Progress | None) -> list[Table]:
    """How well claims with and without evidence are separated; empty if there are not both."""
    labels = list(collection.labels.items())[:limit]
    if len({evidence for _, evidence in labels}) < 2:
        return []
    assistant = Assistant(index)
    likelihoods = np.empty(len(labels), np.float64)
    for i, (claim, _) in enumerate(labels):
        likelihoods[i] = assistant.quoter.consider(claim).likelihood
        if progress:
            progress("reading claims", i + 1, len(labels))
    found = refusals(likelihoods, np.array([evidence for _, evidence in labels]), likelihoods >= THRESHOLD)
    return [
        Table(
            title="Claims without evidence",
            rows={"claims": {measure: found[measure].figure() for measure in CLAIM_MEASURES}},
        )
    ]


def _check_documents(index: Index, collection: Collection) -> None:
    held = {paper.id for paper in index.papers()}
    missing, others = collection.documents - held, held - collection.documents
    told: list[str] = []
    if missing:
        judged = missing & relevant_documents(collection.judgments)
        told.append(
            f"lacks {len(missing):,} of {count(len(collection.documents), 'document')}"
            f" ({len(judged):,} of them relevant), such as {min(judged or missing)!r}"
        )
    if others:
        told.append(f"holds {count(len(others), 'paper')} besides, such as {min(others)!r}")
    if told:
        raise InputError(
            f"The index in {index.folder} is not one of {collection.name}: it {' and '.join(told)}."
            f" Name another folder, or build it again: qa index --replace --index {index.folder} {collection.corpus}"
        )
