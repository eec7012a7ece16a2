"""Asks every reference question and keeps a row for each: what was found and said, its scores, and why it failed."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace

from qa.answer import Answer
from qa.assistant import Assistant
from qa.documents.paper import Paper, title_key
from qa.errors import BudgetError, InputError, ModelSetupError, QAError
from qa.evals.data.questions import ReferenceQuestion
from qa.evals.metrics.scorers import Scores, answer_scores, search_scores, wanted_keys
from qa.evals.report.failures import why_answer_failed, why_search_failed
from qa.evals.results import Evaluation, Ranked, Row, StatementResult
from qa.evals.runs.baselines import BASELINES, COPY, DEPTH, copied, ranked_by
from qa.retrieval.follow_up import stand_alone
from qa.retrieval.fusion import WEIGHTS, ScoredCandidates
from qa.retrieval.search import Index

MODES = ("search", "quotes", "model", "replay")
"""Search only ranks papers; the others answer: with quotes, by a language model, or by its recorded replies."""
ENDS = (ModelSetupError, BudgetError)
"""Errors that no later question can escape: they end the run."""
CONTEXT_PAPERS = 20
"""How many of the papers found a row keeps; reference papers below are kept too."""

Progress = Callable[[str, int, int], None]


class Interrupted(KeyboardInterrupt):
    """Ctrl-C while questions were asked; `evaluation` has the rows that were done."""

    def __init__(self, evaluation: Evaluation) -> None:
        super().__init__()
        self.evaluation = evaluation


def evaluate(
    index: Index,
    questions: Sequence[ReferenceQuestion],
    *,
    mode: str = "quotes",
    answer: Callable[[ReferenceQuestion], Answer] | None = None,
    name: str = "",
    split: str = "all",
    jobs: int = 1,
    progress: Progress | None = None,
) -> Evaluation:
    """Ask each question of the index in the given mode, `jobs` at a time, and score what comes back.

    `answer` answers a question; without it, `search` only ranks papers and `quotes` answers with quotes. A question that
    raises an error becomes a row that says so, unless no later question could escape it. InputError for an unknown mode
    or one that needs `answer`, `Interrupted` with the rows so far on Ctrl-C.
    """
    if mode not in MODES:
        raise InputError(f"Unknown mode {mode!r}. Use one of: {', '.join(MODES)}.")
    if answer is None and mode not in ("search", "quotes"):
        raise InputError(f"Mode {mode!r} answers with what it is given. Pass answer=…, or use mode quotes.")
    if mode == "quotes" and answer is None:
        assistant = Assistant(index)
        answer = lambda question: assistant.ask(question.question, question.history)  # noqa: E731
    papers = index.papers()

    def ending(rows: Sequence[Row]) -> Evaluation:
        return Evaluation(
            mode=mode, split=split, questions=name, papers=len(papers), fingerprint=fingerprint(papers), rows=tuple(rows)
        )  # fmt: skip

    done: dict[int, Row] = {}
    try:
        for place, row in _asked(questions, lambda q: _row(q, index, answer), jobs):
            done[place] = row
            if progress:
                progress("Asking", len(done), len(questions))
    except KeyboardInterrupt as error:
        raise Interrupted(ending([done[place] for place in sorted(done)])) from error
    return ending([done[place] for place in sorted(done)])


def fingerprint(papers: Sequence[Paper]) -> str:
    """Sixteen hexadecimal digits that differ where titles or abstracts do; the order of the papers is of no account."""
    texts = sorted(f"{paper.title}\n{paper.abstract}" for paper in papers)
    return hashlib.sha256("\n\n".join(texts).encode()).hexdigest()[:16]


def _asked(
    questions: Sequence[ReferenceQuestion], ask: Callable[[ReferenceQuestion], Row], jobs: int
) -> Iterator[tuple[int, Row]]:
    """The rows as they are done, each with its question's place."""
    if jobs <= 1:
        yield from enumerate(map(ask, questions))
        return
    with ThreadPoolExecutor(jobs, thread_name_prefix="ask") as pool:
        waiting: dict[Future[Row], int] = {pool.submit(ask, question): i for i, question in enumerate(questions)}
        try:
            while waiting:
                finished, _ = wait(waiting, return_when=FIRST_COMPLETED)
                for future in finished:
                    yield waiting.pop(future), future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _row(question: ReferenceQuestion, index: Index, answer: Callable[[ReferenceQuestion], Answer] | None) -> Row:
    """Ask one question, or only search where there is nothing to answer it. Whatever goes wrong belongs into the row, for
    one bad case must not cost the others; what the search found stays where only the answer failed."""
    row = Row(question=question, scores={})
    try:
        row = _searched(question, index)
        if answer is None:
            return replace(row, reason=why_search_failed(row))
        return _answered(row, answer(question), index)
    except ENDS:
        raise
    except Exception as error:
        message = str(error) if isinstance(error, QAError) else f"{type(error).__name__}: {error}"
        scores = _zeros(question, answered=answer is not None) | row.scores
        return replace(row, scores=scores, reason=f"error: {message}", error=message)


def _searched(question: ReferenceQuestion, index: Index) -> Row:
    """The row of a question that was only searched for, with the baselines of the search."""
    asked = stand_alone(question.question, question.history, index).text
    scored = index.score_candidates(asked, DEPTH)
    papers = scored.all_papers()
    titles = [paper.title for paper in papers]

    def titles_by(weights: tuple[float, ...]) -> list[str]:
        return [titles[i] for i in ranked_by(scored, weights)]

    baselines = {name: search_scores(question, titles_by(weights)) for name, weights in BASELINES.items()}
    order = ranked_by(scored, WEIGHTS)
    copy = copied(question, [papers[i] for i in order[:1]], index)
    return Row(
        question=question,
        scores=search_scores(question, titles_by(WEIGHTS)),
        baselines={**baselines, COPY: copy},
        ranked=_ranked(question, scored, order, titles),
        asked=asked,
    )


def _ranked(
    question: ReferenceQuestion, scored: ScoredCandidates, order: Sequence[int], titles: Sequence[str]
) -> tuple[Ranked, ...]:
    wanted, totals = wanted_keys(question), scored.totals()
    return tuple(
        Ranked(
            title=titles[i],
            rank=rank,
            score=round(float(totals[i]), 3),
            words=round(float(scored.z_scores[i][0]), 3),
            meaning=round(float(scored.z_scores[i][1]), 3),
            passages=round(float(scored.z_scores[i][2]), 3),
            wanted=title_key(titles[i]) in wanted,
        )
        for rank, i in enumerate(order, 1)
        if rank <= CONTEXT_PAPERS or title_key(titles[i]) in wanted
    )


def _answered(row: Row, answer: Answer, index: Index) -> Row:
    """The row of a search completed by the answer."""
    row = replace(
        row,
        scores=row.scores | answer_scores(row.question, answer, index),
        text=answer.text,
        cited=tuple(citation.paper.title for citation in answer.citations),
        found=answer.found,
        likelihood=answer.answerable,
        said=tuple(StatementResult(text=s.text, support=s.support, reason=s.reason or "") for s in answer.statements),
    )
    return replace(row, reason=why_answer_failed(row))


def _zeros(question: ReferenceQuestion, *, answered: bool) -> Scores:
    """What a question scores that raised an error: 0 wherever more is better, 1 for a wrong refusal."""
    if not question.is_answerable:
        return {"refused": 0.0} if answered else {}
    scores = search_scores(question, [])
    if answered:
        scores |= dict.fromkeys(("cited precision", "cited recall", "cited F1", "key facts"), 0.0)
        scores["refused wrongly"] = 1.0
    return scores
