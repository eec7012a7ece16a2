"""Baselines in the same run: BM25 alone, vectors alone, and a copy of the best abstract."""

from collections.abc import Sequence

from qa.answer import Answer, Citation, Quote, Statement
from qa.documents.paper import Paper
from qa.evals.data.questions import ReferenceQuestion
from qa.evals.metrics.scorers import Scores, answer_scores
from qa.retrieval.fusion import ScoredCandidates
from qa.retrieval.search import Index

DEPTH = 100
"""A reference paper that is found lower counts as not found."""
BASELINES = {"BM25 alone": (1.0, 0.0, 0.0), "vectors alone": (0.0, 1.0, 0.0)}
"""Weights of the standardised scores, as `qa.retrieval.fusion.WEIGHTS` has them."""
COPY = "copy the best abstract"


def ranked_by(scored: ScoredCandidates, weights: Sequence[float]) -> list[int]:
    """The places of the first 100 by these weights. Words alone do not find a paper that has none of them: it is only
    there because its vector is near."""
    order = [int(i) for i in scored.order(weights)]
    if not any(weights[1:]):
        order = [i for i in order if scored.bm25[i] > 0]
    return order[:DEPTH]


def copied(question: ReferenceQuestion, best: Sequence[Paper], index: Index) -> Scores:
    """The scores of an answer that is the whole abstract of the best paper; it never refuses, and so only what can be
    answered is scored."""
    if not question.is_answerable:
        return {}
    quotes = [(paper, Quote(text=paper.abstract, start=0, end=len(paper.abstract))) for paper in best]
    answer = Answer(
        question=question.question,
        text=" ".join(f"{quote.text} [1]" for _, quote in quotes),
        found=bool(best),
        mode="quotes",
        statements=tuple(Statement(text=quote.text, numbers=(1,), quotes=(quote,)) for _, quote in quotes),
        citations=tuple(Citation(number=1, paper=paper, quotes=(quote,)) for paper, quote in quotes),
    )
    return answer_scores(question, answer, index)
