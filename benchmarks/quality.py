"""Measures search, answers and refusals on reference questions, and on SciFact; every figure with its 95 % interval.

    python benchmarks/quality.py --index FOLDER [--split test] [--scifact ../shared/datasets/scifact] [--json OUT]

Intervals are bootstrapped over questions (2,000 resamples, fixed seed). Search stands beside BM25 alone and paper
vectors alone, an answer beside the one passage that it would be without choosing. Needs no key, no language model and
no network; it does not judge style, and it counts as a fact only what is spelled in one of the ways expected.
"""

import argparse
import json
import math
import re
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import qa
from qa.evals.calibrate import auc, threshold_at
from qa.evals.questions import KINDS, ReferenceQuestion, facts_found, read_questions
from qa.papers import title_key

Array = NDArray[np.float64]
Truth = NDArray[np.bool_]
Ranking = list[str]
"""What a search found, best first, each by a key of its own."""

RESAMPLES = 2_000
SEED = 0
DEPTH = 100
"""A reference paper that is found lower counts as not found."""
RANKERS = ("search", "BM25 alone", "vectors alone")
BM25_SCIFACT = {"nDCG@10": 0.679, "recall@10": 0.808, "recall@100": 0.913}
"""bm25s with title and text, as the card of the data set gives it; Anserini's published nDCG@10 is .6789."""


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A score with the 2.5 and 97.5 percentiles of its resamples, over `count` questions."""

    value: float
    low: float
    high: float
    count: int

    def __str__(self) -> str:
        return f"{short(self.value)} [{short(self.low)} {short(self.high)}]"


@dataclass(frozen=True, kw_only=True)
class Table:
    """Scores under one heading: by row, then by column; a number without an interval is somebody else's."""

    title: str
    rows: dict[str, dict[str, Figure | float]]

    def __str__(self) -> str:
        columns = list(dict.fromkeys(name for row in self.rows.values() for name in row))
        head = f"{self.title:36}" + "".join(f"{name:>21}" for name in columns)
        lines = [
            f"  {name:34}" + "".join(f"{cell(row.get(column)):>21}" for column in columns)
            for name, row in self.rows.items()
        ]
        return "\n".join([head, *map(str.rstrip, lines)])

    def to_dict(self) -> dict[str, Any]:
        return {
            name: {column: asdict(figure) if isinstance(figure, Figure) else figure for column, figure in row.items()}
            for name, row in self.rows.items()
        }


def cell(figure: Figure | float | None) -> str:
    return "" if figure is None else str(figure) if isinstance(figure, Figure) else short(figure)


def short(value: float) -> str:
    """Three digits that matter: .914, 1.00, 86.2."""
    if round(value, 3) < 1:
        return f"{value:.3f}"[1:]
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def mean_of(values: Iterable[float]) -> Figure | None:
    """The mean over questions; None where there are none."""
    scores = np.array(list(values), np.float64)
    if not len(scores):
        return None
    resamples = scores[np.random.default_rng(SEED).integers(0, len(scores), (RESAMPLES, len(scores)))].mean(axis=1)
    return figure(float(scores.mean()), resamples, len(scores))


def figure(value: float, resamples: Sequence[float] | Array, count: int) -> Figure:
    low, high = np.percentile(resamples, [2.5, 97.5])
    return Figure(value=value, low=float(low), high=float(high), count=count)


def known(row: Mapping[str, Figure | None]) -> dict[str, Figure | float]:
    return {name: score for name, score in row.items() if score is not None}


def told(items: Sequence[Any], what: str) -> Iterator[Any]:
    """The items, with the progress on stderr."""
    for i, item in enumerate(items):
        if i % 50 == 0:
            print(f"{what}: {i} of {len(items)} …", file=sys.stderr)
        yield item


# Search


def rankings(index: qa.Index, question: str, key: Callable[[qa.Paper], str], wide: int) -> dict[str, Ranking]:
    """What the search finds, and what BM25 and paper vectors would find by themselves.

    Their scores come from the hits of a search as wide as the index. Both see the question as the search reads it:
    typing errors mended and acronyms expanded. Ties are broken by the papers' ids, which know nothing of the question.
    """
    every = sorted(index.search(question, wide), key=lambda hit: hit.paper.id)
    ranked = {
        "search": index.search(question, DEPTH),
        "BM25 alone": sorted(every, key=lambda hit: -hit.words),
        "vectors alone": sorted(every, key=lambda hit: -hit.similarity),
    }
    return {name: [key(hit.paper) for hit in hits[:DEPTH]] for name, hits in ranked.items()}


def paper_key(paper: qa.Paper) -> str:
    return title_key(paper.title)


def first_rank(ranking: Ranking, wanted: set[str]) -> float:
    """The rank (from 1) of the first reference paper, infinite where none was found."""
    return next((float(rank) for rank, paper in enumerate(ranking, 1) if paper in wanted), math.inf)


def recall(ranking: Ranking, wanted: set[str], k: int) -> float:
    return len(wanted.intersection(ranking[:k])) / len(wanted)


def search_tables(index: qa.Index, questions: Sequence[ReferenceQuestion]) -> list[Table]:
    asked = [question for question in questions if question.kind in ("fact", "find", "multi")]
    wide = max(len(index), 1)
    found = [(q, rankings(index, q.question, paper_key, wide)) for q in told(asked, "searching")]
    one, several = {}, {}
    for kind in ("fact", "find", "multi"):
        of_kind = [(ranked, wanted_keys(question)) for question, ranked in found if question.kind == kind]
        for ranker in RANKERS if of_kind else ():
            pairs = [(ranked[ranker], wanted) for ranked, wanted in of_kind]
            rows, scores = (several, several_scores(pairs)) if kind == "multi" else (one, one_scores(pairs))
            rows[f"{kind} ({len(pairs)}), {ranker}"] = known(scores)
    tables = [
        Table(title="Search, one paper wanted", rows=one),
        Table(title="Search, several papers wanted", rows=several),
    ]
    return [table for table in tables if table.rows]


def one_scores(pairs: Sequence[tuple[Ranking, set[str]]]) -> dict[str, Figure | None]:
    ranks = [first_rank(ranking, wanted) for ranking, wanted in pairs]
    hits = {f"hit@{k}": mean_of(rank <= k for rank in ranks) for k in (1, 5, 20)}
    return {**hits, "MRR": mean_of(1 / rank for rank in ranks)}


def several_scores(pairs: Sequence[tuple[Ranking, set[str]]]) -> dict[str, Figure | None]:
    return {"recall@10": mean_of(recall(ranking, wanted, 10) for ranking, wanted in pairs)}


def wanted_keys(question: ReferenceQuestion) -> set[str]:
    return {title_key(title) for title in question.papers}


# Answers


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer as it is scored: the papers that it cites, its words without markers, and all that it says or quotes."""

    cited: set[str]
    words: int
    said: str
    found: bool


def reply_of(answer: qa.Answer) -> Reply:
    quotes = [quote.text for citation in answer.citations for quote in citation.quotes] if answer.found else []
    words = re.sub(r"\[\d+\]", "", answer.text).split()
    cited = {paper_key(citation.paper) for citation in answer.citations}
    return Reply(cited=cited, words=len(words), said=" ".join([answer.text, *quotes]), found=answer.found)


def copied_passage(index: qa.Index, question: str) -> Reply:
    """The baseline: of the first paper found the passage nearest to the question, whole; it never refuses."""
    hits = index.search(question, 1)
    text = hits[0].passages[0].text if hits and hits[0].passages else ""
    return Reply(cited={paper_key(hit.paper) for hit in hits}, words=len(text.split()), said=text, found=bool(text))


def answer_scores(pairs: Sequence[tuple[ReferenceQuestion, Reply]]) -> dict[str, Figure | None]:
    """Scores of replies to answerable questions: a refusal counts 0 in everything but the words."""
    right = [len(reply.cited & wanted_keys(question)) if reply.found else 0 for question, reply in pairs]
    return {
        "cited precision": mean_of(n / max(len(reply.cited), 1) for n, (_, reply) in zip(right, pairs, strict=True)),
        "cited recall": mean_of(n / len(wanted_keys(question)) for n, (question, _) in zip(right, pairs, strict=True)),
        "key facts": mean_of(
            facts_found(question.facts, reply.said) if reply.found else 0.0 for question, reply in pairs
        ),
        "words": mean_of(reply.words for _, reply in pairs if reply.found),
        "wrongly refused": mean_of(not reply.found for _, reply in pairs),
    }


def answers_table(index: qa.Index, questions: Sequence[ReferenceQuestion], answers: Sequence[qa.Answer]) -> Table:
    pairs = [(q, reply_of(answer)) for q, answer in zip(questions, answers, strict=True) if q.is_answerable]
    copied = [(q, copied_passage(index, q.question)) for q, _ in pairs]
    rows = {}
    for kind in [kind for kind in KINDS if any(q.kind == kind for q, _ in pairs)]:
        of_kind = [pair for pair in pairs if pair[0].kind == kind]
        rows[f"{kind} ({len(of_kind)})"] = known(answer_scores(of_kind))
    rows[f"all ({len(pairs)})"] = known(answer_scores(pairs))
    rows["all, best passage copied"] = known(answer_scores(copied))
    return Table(title="Answers", rows=rows)


def quotes_table(index: qa.Index, answers: Sequence[qa.Answer]) -> Table:
    """The share of quotes that stand in the abstract word for word: in the answer's own copy, and in the index."""
    held = {"in the cited paper": [], "in the index": []}
    for answer in answers:
        for citation in answer.citations:
            stored = index.paper(citation.paper.id)
            for quote in citation.quotes:
                held["in the cited paper"].append(citation.paper.abstract[quote.start : quote.end] == quote.text)
                held["in the index"].append(
                    stored is not None and stored.abstract[quote.start : quote.end] == quote.text
                )
    row = known({name: mean_of(values) for name, values in held.items()})
    return Table(title="Quotes", rows={f"verbatim, of {len(held['in the index'])}": row})


# Refusals


def resampled(score: Callable[[NDArray[np.intp]], float], truth: Truth) -> Figure:
    """A score of all cases, given by position; the resamples keep the numbers of answerable and unanswerable ones."""
    random = np.random.default_rng(SEED)
    yes, no = np.flatnonzero(truth), np.flatnonzero(~truth)
    draws = (np.concatenate([random.choice(yes, len(yes)), random.choice(no, len(no))]) for _ in range(RESAMPLES))
    return figure(score(np.arange(len(truth))), [score(draw) for draw in draws], len(truth))


def refusal_scores(likelihoods: Array, truth: Truth, found: Truth | None = None) -> dict[str, Figure]:
    """How well likelihoods tell unanswerable from answerable (`truth`), and, with `found`, what was refused in fact."""

    def at_5_percent(some: NDArray[np.intp]) -> float:
        scores, answerable = likelihoods[some], truth[some]
        return float((scores[~answerable] < threshold_at(scores, answerable)).mean())

    scores = {
        "AUC": resampled(lambda some: auc(likelihoods[some], truth[some]), truth),
        "recall at 5 % wrong": resampled(at_5_percent, truth),
    }
    if found is None:
        return scores
    refused = (~found).astype(np.float64)
    return {
        **scores,
        "recall as set": resampled(lambda some: float(refused[some][~truth[some]].mean()), truth),
        "wrong as set": resampled(lambda some: float(refused[some][truth[some]].mean()), truth),
    }


def refusals_table(questions: Sequence[ReferenceQuestion], answers: Sequence[qa.Answer]) -> Table | None:
    """All unanswerable questions, then those off the topic and those for a missing detail, against all answerable ones."""
    likelihoods = np.array([answer.answerable for answer in answers])
    found = np.array([answer.found for answer in answers])
    truth = np.array([question.is_answerable for question in questions])
    detail = np.array([bool(question.near) for question in questions])
    parts = {"all": truth | ~truth, "off the topic": truth | ~detail, "missing detail": truth | detail}
    rows = {}
    for name, part in parts.items():
        count = int((~truth[part]).sum())
        if count and truth.any():
            scores = refusal_scores(likelihoods[part], truth[part], found[part])
            rows[f"{name} ({count} of {int(part.sum())})"] = dict[str, Figure | float](scores)
    return Table(title="Refusals", rows=rows) if rows else None


# SciFact


def scifact_tables(data: Path, folder: Path | None, limit: int | None) -> list[Table]:
    if folder is not None:
        return scifact_on(qa.open_index(folder), data, limit)
    with tempfile.TemporaryDirectory() as temporary:
        print("indexing SciFact: some minutes …", file=sys.stderr)
        qa.build_index(data / "corpus.jsonl.gz", temporary)
        index = qa.open_index(temporary)
        try:
            return scifact_on(index, data, limit)
        finally:
            index.close()


def scifact_on(index: qa.Index, data: Path, limit: int | None) -> list[Table]:
    relevant = read_relevant(data / "qrels.tsv")
    missing = {doc for docs in relevant.values() for doc in docs if index.paper(doc) is None}
    if missing:
        raise SystemExit(
            f"The index lacks {len(missing)} of the judged abstracts ({min(missing)}): is it one of SciFact?"
        )
    queries = [(row["text"], relevant[row["id"]]) for row in read_rows(data / "queries.jsonl") if row["id"] in relevant]
    pairs = [
        ([hit.paper.id for hit in index.search(text, 100)], docs)
        for text, docs in told(queries[:limit], "SciFact, searching")
    ]
    ranked = {
        "nDCG@10": mean_of(ndcg(ranking, docs, 10) for ranking, docs in pairs),
        "recall@10": mean_of(recall(ranking, docs, 10) for ranking, docs in pairs),
        "recall@100": mean_of(recall(ranking, docs, 100) for ranking, docs in pairs),
    }
    claims = read_rows(data / "labels.jsonl")[:limit]
    assistant = qa.Assistant(index)
    likelihoods = np.array([assistant.consider(row["claim"]).likelihood for row in told(claims, "SciFact, reading")])
    truth = np.array([bool(row["evidence"]) for row in claims])
    search = {f"search ({len(pairs)} claims)": known(ranked), "BM25, published": dict(BM25_SCIFACT)}
    refusal = {f"{int((~truth).sum())} of {len(truth)} claims": known(refusal_scores(likelihoods, truth))}
    return [Table(title="SciFact, search", rows=search), Table(title="SciFact, claims without evidence", rows=refusal)]


def ndcg(ranking: Ranking, relevant: set[str], k: int) -> float:
    """Normalised discounted cumulative gain: gain 1 for a relevant document, divided by log2(1 + rank)."""
    gain = sum(1 / math.log2(1 + rank) for rank, doc in enumerate(ranking[:k], 1) if doc in relevant)
    return gain / sum(1 / math.log2(1 + rank) for rank in range(1, min(len(relevant), k) + 1))


def read_relevant(path: Path) -> dict[str, set[str]]:
    """For each query the documents judged relevant (grade above 0); queries without one are left out."""
    relevant: dict[str, set[str]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        query, doc, grade = line.split("\t")
        if grade.isdigit() and int(grade) > 0:
            relevant.setdefault(query, set()).add(doc)
    return relevant


def read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


# The run


def question_tables(index: qa.Index, questions: Sequence[ReferenceQuestion]) -> list[Table]:
    titles = {paper_key(paper) for paper in index.papers()}
    missing = {title for question in questions for title in wanted_keys(question) - titles}
    if missing:
        print(
            f"{len(missing)} of the reference papers are not in the index; questions for them count as missed.",
            file=sys.stderr,
        )
    assistant = qa.Assistant(index)
    tables = search_tables(index, questions)
    answers = [assistant.ask(question.question, question.history) for question in told(questions, "asking")]
    tables += [answers_table(index, questions, answers), quotes_table(index, answers)]
    refusals = refusals_table(questions, answers)
    return [*tables, refusals] if refusals else tables


def some(questions: Sequence[ReferenceQuestion], limit: int | None) -> list[ReferenceQuestion]:
    """At most `limit` questions of each kind."""
    return [question for kind in KINDS for question in [q for q in questions if q.kind == kind][:limit]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--index", type=Path, required=True, metavar="FOLDER", help="an index of the papers asked about"
    )
    parser.add_argument("--questions", type=Path, default=Path("evals/questions.jsonl"), metavar="FILE")
    parser.add_argument(
        "--split", default="test", help="dev, test or all (default test; on dev the refusal was fitted)"
    )
    parser.add_argument(
        "--scifact", type=Path, metavar="FOLDER", help="corpus.jsonl.gz, queries.jsonl, qrels.tsv, labels.jsonl"
    )
    parser.add_argument("--scifact-index", type=Path, metavar="FOLDER", help="a finished index of that corpus")
    parser.add_argument(
        "--limit", type=int, metavar="N", help="at most N questions of each kind and N claims, for a trial"
    )
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to this file too")
    options = parser.parse_args()
    if options.scifact_index and not options.scifact:
        parser.error("--scifact-index needs --scifact FOLDER for the claims")
    questions = some(
        read_questions(options.questions, split=None if options.split == "all" else options.split), options.limit
    )
    tables = question_tables(qa.open_index(options.index), questions)
    if options.scifact:
        tables += scifact_tables(options.scifact, options.scifact_index, options.limit)
    print(f"{len(questions)} questions, split {options.split}; value [95 % interval]\n")
    print("\n\n".join(map(str, tables)))
    if options.json:
        result = {"split": options.split, "questions": len(questions), "tables": {t.title: t.to_dict() for t in tables}}
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
