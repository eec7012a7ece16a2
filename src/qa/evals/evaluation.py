"""Asks every reference question and keeps a row for each: what was found and said, its scores, and why it failed."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Self

from qa.answer import Answer, Citation, Quote, Statement
from qa.assistant import Assistant
from qa.errors import InputError, QAError
from qa.evals.questions import ReferenceQuestion, facts_missing
from qa.evals.scorers import Scores, answer_scores, search_scores, wanted_keys, without_markers
from qa.history import stand_alone
from qa.papers import Paper, title_key
from qa.ranking import WEIGHTS, Weighed
from qa.search import Index

FORMAT = 1
MODES = ("search", "quotes")
DEPTH = 100
"""A reference paper that is found lower counts as not found."""
SHOWN = 20
"""How many of the papers found a row keeps; reference papers below are kept too."""
BASELINES = {"BM25 alone": (1.0, 0.0, 0.0), "vectors alone": (0.0, 1.0, 0.0)}
"""Weights of the standardised scores, as `qa.ranking.WEIGHTS` has them."""
COPY = "copy the best abstract"

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """A paper as a search ranked it: its score, and by how many standard deviations it lies above the usual in words, in
    the meaning of its abstract and in that of its best passages. `wanted` says that it is a reference paper."""

    title: str
    rank: int
    score: float
    words: float
    meaning: float
    passages: float
    wanted: bool


@dataclass(frozen=True, kw_only=True)
class Row:
    """A question as it was asked and scored. `reason` says why it failed, empty where nothing is to be said against it;
    `error` is the message of what was raised in its place, which scores 0 wherever more is better and as a wrong refusal."""

    question: ReferenceQuestion
    scores: Scores
    baselines: dict[str, Scores] = field(default_factory=dict)
    ranked: tuple[Ranked, ...] = ()
    asked: str = ""
    text: str = ""
    cited: tuple[str, ...] = ()
    found: bool | None = None
    likelihood: float | None = None
    reason: str = ""
    error: str = ""

    @property
    def failed(self) -> bool:
        return bool(self.reason)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The row that `to_dict` gave these values; KeyError, TypeError and the like where they are not of that form."""
        read = {
            "question": ReferenceQuestion.from_dict(values["question"]),
            "scores": _read_scores(values["scores"]),
            "baselines": {name: _read_scores(scores) for name, scores in values.get("baselines", {}).items()},
            "ranked": tuple(_read_ranked(paper) for paper in values.get("ranked", ())),
            "cited": tuple(_of_type(str, title) for title in _of_type(list, values.get("cited", []))),
            "found": _of_type(bool | None, values.get("found")),
            "likelihood": _of_type(float | int | None, values.get("likelihood")),
        }
        texts = {name: _of_type(str, values.get(name, "")) for name in ("asked", "text", "reason", "error")}
        return cls(**{**values, **read, **texts})


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """The rows of one run, in the order of the questions. `papers` counts those of the index, and `fingerprint` tells
    whether two runs read the same texts."""

    mode: str
    split: str
    questions: str
    papers: int
    fingerprint: str
    rows: tuple[Row, ...]

    @property
    def failures(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.failed)

    def to_dict(self) -> dict[str, Any]:
        head = {name: value for name, value in self.__dict__.items() if name != "rows"}
        return {"format": FORMAT, **head, "rows": [row.to_dict() for row in self.rows]}

    @classmethod
    def from_dict(cls, values: Any) -> Self:
        """The evaluation that `to_dict` gave these values; InputError where they are not of that form."""
        try:
            if values["format"] != FORMAT:
                raise InputError(
                    f"This evaluation has format {values['format']!r}, but format {FORMAT} is read. Run it again."
                )
            return cls(
                mode=str(values["mode"]),
                split=str(values["split"]),
                questions=str(values["questions"]),
                papers=int(values["papers"]),
                fingerprint=str(values["fingerprint"]),
                rows=tuple(Row.from_dict(row) for row in _of_type(list, values["rows"])),
            )
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise InputError(
                f"This is no saved evaluation ({type(error).__name__}: {error}). Save one with: qa eval --json OUT.json"
            ) from error


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
    name: str = "",
    split: str = "all",
    jobs: int = 1,
    progress: Progress | None = None,
) -> Evaluation:
    """Ask each question of the index in the given mode, `jobs` at a time, and score what comes back.

    `search` only ranks papers; `quotes` also answers. A question that raises an error becomes a row that says so.
    InputError for an unknown mode, `Interrupted` with the rows so far on Ctrl-C.
    """
    if mode not in MODES:
        raise InputError(f"There is no mode {mode!r}. Use one of: {', '.join(MODES)}.")
    assistant = Assistant(index)
    answer = None if mode == "search" else lambda question: assistant.ask(question.question, question.history)
    papers = index.papers()

    def ended(rows: Sequence[Row]) -> Evaluation:
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
        raise Interrupted(ended([done[place] for place in sorted(done)])) from error
    return ended([done[place] for place in sorted(done)])


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
            return replace(row, reason=_why_search_failed(row))
        return _answered(row, answer(question), index)
    except Exception as error:
        message = str(error) if isinstance(error, QAError) else f"{type(error).__name__}: {error}"
        scores = _zeros(question, answered=answer is not None) | row.scores
        return replace(row, scores=scores, reason=f"error: {message}", error=message)


def _searched(question: ReferenceQuestion, index: Index) -> Row:
    """The row of a question that was only searched for, with the baselines of the search."""
    asked = stand_alone(question.question, question.history, index).text
    weighed = index.weigh(asked, DEPTH)
    papers = weighed.papers(range(len(weighed.words)))
    titles = [paper.title for paper in papers]

    def titles_by(weights: tuple[float, ...]) -> list[str]:
        return [titles[i] for i in ranked_by(weighed, weights)]

    baselines = {name: search_scores(question, titles_by(weights)) for name, weights in BASELINES.items()}
    order = ranked_by(weighed, WEIGHTS)
    copied = _copied(question, [papers[i] for i in order[:1]], index)
    return Row(
        question=question,
        scores=search_scores(question, titles_by(WEIGHTS)),
        baselines={**baselines, COPY: copied},
        ranked=_ranked(question, weighed, order, titles),
        asked=asked,
    )


def ranked_by(weighed: Weighed, weights: Sequence[float]) -> list[int]:
    """The places of the first 100 by these weights. Words alone do not find a paper that has none of them: it is only
    there because its vector is near."""
    order = [int(i) for i in weighed.order(weights)]
    if not any(weights[1:]):
        order = [i for i in order if weighed.words[i] > 0]
    return order[:DEPTH]


def _copied(question: ReferenceQuestion, best: Sequence[Paper], index: Index) -> Scores:
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


def _ranked(
    question: ReferenceQuestion, weighed: Weighed, order: Sequence[int], titles: Sequence[str]
) -> tuple[Ranked, ...]:
    wanted, totals = wanted_keys(question), weighed.totals()
    return tuple(
        Ranked(
            title=titles[i],
            rank=rank,
            score=round(float(totals[i]), 3),
            words=round(float(weighed.standard[i][0]), 3),
            meaning=round(float(weighed.standard[i][1]), 3),
            passages=round(float(weighed.standard[i][2]), 3),
            wanted=title_key(titles[i]) in wanted,
        )
        for rank, i in enumerate(order, 1)
        if rank <= SHOWN or title_key(titles[i]) in wanted
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
    )
    return replace(row, reason=_why_answer_failed(row))


def _zeros(question: ReferenceQuestion, *, answered: bool) -> Scores:
    """What a question scores that raised an error: 0 wherever more is better, 1 for a wrong refusal."""
    if not question.is_answerable:
        return {"refused": 0.0} if answered else {}
    scores = search_scores(question, [])
    if answered:
        scores |= dict.fromkeys(("cited precision", "cited recall", "cited F1", "key facts"), 0.0)
        scores["refused wrongly"] = 1.0
    return scores


# Saved evaluations


def _read_scores(values: Any) -> Scores:
    return {name: float(score) for name, score in values.items()}


def _read_ranked(values: dict[str, Any]) -> Ranked:
    numbers = {name: float(values[name]) for name in ("score", "words", "meaning", "passages")}
    rank, wanted = _of_type(int, values["rank"]), _of_type(bool, values["wanted"])
    return Ranked(**{**values, **numbers, "title": _of_type(str, values["title"]), "rank": rank, "wanted": wanted})


def _of_type(kind: Any, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"{getattr(kind, '__name__', kind)} was expected, not {value!r:.40}")
    return value


# Why a question failed


def _why_search_failed(row: Row) -> str:
    """Which reference papers do not stand before all others, and what put the others before them."""
    wanted, first = wanted_keys(row.question), row.ranked[0] if row.ranked else None
    # Two papers may have one title: the better rank counts, as it does in the scores.
    found = {title_key(paper.title): paper for paper in reversed(row.ranked) if paper.wanted}
    reasons = []
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


def _why_answer_failed(row: Row) -> str:
    question = row.question
    if not question.is_answerable:
        return "answered, but the abstracts do not say" if row.found else ""
    if not row.found:
        return "; ".join(filter(None, ["refused, but the abstracts say", _why_search_failed(row)]))
    cited = {title_key(title): title for title in row.cited}
    wanted = {title_key(title): title for title in question.papers}
    ranks = {title_key(paper.title): paper.rank for paper in reversed(row.ranked)}
    reasons = [
        f"does not cite “{title}” (rank {ranks.get(key, f'beyond {DEPTH}')})"
        for key, title in wanted.items()
        if key not in cited
    ]
    reasons += [f"cites “{title}” besides" for key, title in cited.items() if key not in wanted]
    reasons += [f"does not state “{fact[0]}”" for fact in facts_missing(question.facts, without_markers(row.text))]
    return "; ".join(reasons)
