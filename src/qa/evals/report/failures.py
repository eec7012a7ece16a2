"""Why a question failed, in words: which papers are missing or too many, and what put others before them."""

from qa.documents.paper import title_key
from qa.evals.data.questions import facts_missing
from qa.evals.metrics.scorers import wanted_keys, without_markers
from qa.evals.results import Row
from qa.evals.runs.baselines import DEPTH
from qa.retrieval.fusion import WEIGHTS


def why_search_failed(row: Row) -> str:
    """Which reference papers are not ranked first, and what ranked the others above them."""
    wanted, first = wanted_keys(row.question), row.ranked[0] if row.ranked else None
    # Two papers may have one title: the better rank counts, as it does in the scores.
    found = {title_key(paper.title): paper for paper in reversed(row.ranked) if paper.wanted}
    reasons: list[str] = []
    for title in row.question.papers:
        paper = found.get(title_key(title))
        if paper is None or first is None:
            reasons.append(f"“{title}” is not among the first {DEPTH}")
        elif paper.rank > max(len(wanted), 10 if len(wanted) > 1 else 1):
            behind = {
                name: weight * (getattr(paper, name) - getattr(first, name))
                for name, weight in zip(("words", "meaning", "passages"), WEIGHTS, strict=True)
            }
            told = ", ".join(f"{name} {value:+.1f}" for name, value in behind.items())
            reasons.append(f"“{title}” has rank {paper.rank}, against “{first.title}”: {told}")
    return "; ".join(reasons)


def why_answer_failed(row: Row) -> str:
    """What the answer lacks or has too much, and which of a model's statements failed a check."""
    marked = [
        f"marked unsupported: “{said.text}” ({said.reason})" for said in row.said if said.support == "unsupported"
    ]
    return "; ".join(filter(None, [_why_scores_failed(row), *marked]))


def _why_scores_failed(row: Row) -> str:
    question = row.question
    if not question.is_answerable:
        return "answered, but the abstracts do not say" if row.found else ""
    if not row.found:
        return "; ".join(filter(None, ["refused, but the abstracts say", why_search_failed(row)]))
    cited = {title_key(title): title for title in row.cited}
    wanted = {title_key(title): title for title in question.papers}
    ranks = {title_key(paper.title): paper.rank for paper in reversed(row.ranked)}
    reasons = [
        f"does not cite “{title}” (rank {ranks.get(key, f'beyond {DEPTH}')})"
        for key, title in wanted.items()
        if key not in cited
    ]
    reasons += [f"cites “{title}” as well" for key, title in cited.items() if key not in wanted]
    reasons += [f"does not state “{fact[0]}”" for fact in facts_missing(question.facts, without_markers(row.text))]
    return "; ".join(reasons)
