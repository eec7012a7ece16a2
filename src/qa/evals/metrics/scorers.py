"""Scores one question: what the search found, and what the answer cites, states, quotes and costs.

Every score is a number for one question, most between 0 and 1; a score that does not apply to a question is left out
of its scores, so that a mean is always over the questions that it is about. No language model judges anything: cited
papers are compared with the reference papers, key facts with their accepted spellings.
"""

import re
from collections.abc import Sequence

from qa.answer import NEAREST, Answer, Citation, Quote
from qa.documents.paper import title_key
from qa.evals.data.questions import ReferenceQuestion, facts_found
from qa.evals.metrics.measures import first_rank, precision_recall_f1, recall_at, reciprocal_rank
from qa.retrieval.search import Index

Scores = dict[str, float]

WORDS = 120
"""The length that an answer is allowed, as long as the quotes mode makes them; TREC's question answering tracks gave
nuggets such an allowance, so that copying everything does not pay."""
SUPPORTS = ("quoted", "supported", "weak", "unsupported", "absent")


def search_scores(question: ReferenceQuestion, ranking: Sequence[str]) -> Scores:
    """hit@1, @5, @20 and MRR for the first reference paper, recall@10 for all; nothing for an unanswerable question.

    `ranking` has the titles found, best first, in any writing that `title_key` makes equal.
    """
    if not question.is_answerable:
        return {}
    keys, wanted = [title_key(title) for title in ranking], wanted_keys(question)
    rank = first_rank(keys, wanted)
    return {
        **{f"hit@{k}": float(rank <= k) for k in (1, 5, 20)},
        "MRR": reciprocal_rank(keys, wanted),
        "recall@10": recall_at(keys, wanted, 10),
    }


def answer_scores(question: ReferenceQuestion, answer: Answer, index: Index) -> Scores:
    """What the answer is worth. A refusal of an answerable question scores 0 in all that an answer should have.

    Answerable: `cited precision`, `cited recall` and `cited F1` of the set of cited papers, `key facts` (the share
    stated), `refused wrongly`, and of what was answered the `words` and `concise` (1 up to 120 words, then 120 / words).
    Unanswerable: `refused`, and where it is, `nearest named`, whether the paper that lacks the detail is among the
    three nearest. Both, where there is something: `quotes verbatim` (in the index's own copy of the abstract), the share of
    statements of each support, `seconds`.
    """
    cited = {title_key(citation.paper.title) for citation in answer.citations}
    said = without_markers(answer.text)
    scores: Scores = {}
    if question.is_answerable:
        precision, recall, f1 = precision_recall_f1(cited, wanted_keys(question)) if answer.found else (0.0, 0.0, 0.0)
        scores |= {"cited precision": precision, "cited recall": recall, "cited F1": f1}
        scores["key facts"] = facts_found(question.facts, said) if answer.found else 0.0
        scores["refused wrongly"] = float(not answer.found)
        if answer.found:
            words = len(said.split())
            scores |= {"words": float(words), "concise": min(1.0, WORDS / max(words, 1))}
    else:
        scores["refused"] = float(not answer.found)
        if question.near and not answer.found:
            scores["nearest named"] = float(
                title_key(question.near) in {title_key(paper.title) for paper in answer.nearest[:NEAREST]}
            )
    return scores | _statement_checks(answer, index) | _effort(answer)


def wanted_keys(question: ReferenceQuestion) -> set[str]:
    """The reference papers, each by the key of its title."""
    return {title_key(title) for title in question.papers}


def _statement_checks(answer: Answer, index: Index) -> Scores:
    held = [_holds(quote, citation, index) for citation in answer.citations for quote in citation.quotes]
    scores = {"quotes verbatim": sum(held) / len(held)} if held else {}
    for support in SUPPORTS if answer.statements else ():
        scores[support] = sum(s.support == support for s in answer.statements) / len(answer.statements)
    return scores


def _holds(quote: Quote, citation: Citation, index: Index) -> bool:
    """Whether the paper that the index has under the cited id and title says these words in this place."""
    stored = index.paper(citation.paper.id)
    if stored is None or title_key(stored.title) != title_key(citation.paper.title):
        return False
    return 0 <= quote.start < quote.end and stored.abstract[quote.start : quote.end] == quote.text


def _effort(answer: Answer) -> Scores:
    """Seconds, and tokens and cost where a model was asked."""
    ledger = answer.ledger
    scores = {"seconds": ledger.seconds["all"]} if "all" in ledger.seconds else {}
    if ledger.calls or ledger.cache_hits:
        scores |= {"tokens in": float(ledger.tokens_in), "tokens out": float(ledger.tokens_out)}
        if ledger.cost is not None:
            scores["cost"] = ledger.cost
    return scores


def without_markers(text: str) -> str:
    """A text without its citation markers, so that no marker passes for a figure."""
    return re.sub(r"\s*\[\d+\]", "", text)
