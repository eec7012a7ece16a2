"""Checks a saved answer against the index as it is now: does every citation still lead to the words it quotes, and do
these still hold what a model wrote?

A model's statements are checked in the same way as when they were written; no model is asked.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from qa.answer import Answer, Citation, Quote, Statement, refusal_text
from qa.context import CONTEXT_PAPERS, NONE, ContextPaper, Label
from qa.documents.paper import Paper, short_title
from qa.retrieval.late_interaction import TokenStateCache
from qa.retrieval.search import Index
from qa.text.sentences import split_passages
from qa.verification.checker import UNSUPPORTED, WEAK, CheckResult, StatementChecker

MARKER = re.compile(r"\[(\d{1,9})\]")
SLACK = 0.1
"""By how much a score may lie beyond a threshold of the checks: scores differ a little between processors."""

_HOLDING = ("supported", "weak")
_BETWEEN = re.compile(r"[ \n]*(?:- )?")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a check found: how many `quotes` were checked, and a sentence for each of the `problems` (none: all holds)."""

    quotes: int
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.problems


def verify_answer(answer: Answer, index: Index) -> Verdict:
    """Check every quote, number and marker of an answer, that its text says nothing beside them, and its papers; of a
    model's answer also that its quotes are whole sentences, and that they support it as well as it says."""
    problems: list[str] = []
    citations = {citation.number: citation for citation in answer.citations}
    if len(citations) != len(answer.citations):
        problems.append("Two citations have the same number.")
    for citation in answer.citations:
        problems.extend(_citation_problems(citation, index))
    for i, statement in enumerate(answer.statements, 1):
        problems.extend(f"Statement {i} {problem}." for problem in _statement_problems(statement, citations))
    if answer.mode == "quotes":
        problems.extend(_quotes_problems(answer, citations))
    elif answer.mode == "model":
        problems.extend(_model_problems(answer, citations, index))
    else:
        problems.append(f"An answer is made of quotes or by a model, but this one's mode is “{_short(answer.mode)}”.")
    problems.extend(
        f"“{paper.title}”, named as nearest, is not in the index."
        for paper in answer.nearest
        if index.paper(paper.id) is None
    )
    return Verdict(quotes=sum(len(citation.quotes) for citation in answer.citations), problems=tuple(problems))


def _citation_problems(citation: Citation, index: Index) -> Iterator[str]:
    paper = index.paper(citation.paper.id)
    name = f"[{citation.number}] “{citation.paper.title}”"
    if paper is None:
        yield f"{name} is no longer in the index."
        return
    if paper.title != citation.paper.title:
        yield f"{name} is “{paper.title}” in the index."
    if not citation.quotes:
        yield f"{name} is cited without a quote."
    for quote in citation.quotes:
        if 0 <= quote.start < quote.end and paper.abstract[quote.start : quote.end] == quote.text:
            continue
        if quote.text and quote.text in paper.abstract:
            yield f"{name}: a quote has moved from {quote.start} to {paper.abstract.find(quote.text)}: “{_short(quote.text)}”"
        else:
            yield f"{name} no longer says “{_short(quote.text)}”"


def _statement_problems(statement: Statement, citations: dict[int, Citation]) -> Iterator[str]:
    """What is wrong with a statement whoever made it."""
    unknown = [number for number in statement.numbers if number not in citations]
    if unknown:
        yield f"cites [{unknown[0]}], which is not among the citations"
    cited = {quote for number in statement.numbers if number in citations for quote in citations[number].quotes}
    if any(quote not in cited for quote in statement.quotes):
        yield "leans on a quote that none of its citations has"
    if statement.support == "quoted" and statement.text not in {quote.text for quote in statement.quotes}:
        yield "is said to be quoted, but differs from its quote"


def _quotes_problems(answer: Answer, citations: dict[int, Citation]) -> Iterator[str]:
    """What is wrong with an answer that is said to be made of quotes."""
    for i, statement in enumerate(answer.statements, 1):
        if statement.support != "quoted":
            yield f"Statement {i} is said to be {statement.support!r}, but an answer of quotes is quoted."
        if _marked(statement) not in answer.text:
            yield f"Statement {i} does not stand in the text of the answer with its marker."
    rest = _rest(answer)
    if answer.found and re.search(r"\w", rest):
        yield f"The text says something beside its statements: “{_short(rest.strip())}”"
    for number in sorted({int(marker) for marker in MARKER.findall(rest)} - set(citations)):
        yield f"The text has a marker [{number}] without a citation."
    if answer.found and not answer.citations:
        yield "The answer claims to be found but cites nothing."
    if not answer.found and answer.citations:
        yield "The answer is a refusal, but cites papers."
    if not answer.found and answer.text != refusal_text(answer.nearest):
        yield "The text is not the refusal that belongs to the nearest papers."


def _rest(answer: Answer) -> str:
    """The text without its statements, their markers and the names of the cited papers."""
    text = answer.text
    for statement in sorted(answer.statements, key=lambda s: -len(s.text)):
        text = text.replace(_marked(statement), " ")
    for citation in answer.citations:
        text = text.replace(f"{short_title(citation.paper.title)}:", " ")
    return text


def _model_problems(answer: Answer, citations: dict[int, Citation], index: Index) -> Iterator[str]:
    """What is wrong with an answer that a model is said to have written."""
    # 1. Citations: in order of first use, each used, each quote a whole sentence.
    used = tuple(dict.fromkeys(number for statement in answer.statements for number in statement.numbers))
    if used != tuple(citation.number for citation in answer.citations) or used != tuple(range(1, len(used) + 1)):
        yield "The citations are not those of the statements, numbered from 1 in order of first use."
    leant_on = {quote for statement in answer.statements for quote in statement.quotes}
    for citation in answer.citations:
        paper = index.paper(citation.paper.id)
        sentences: set[tuple[int, int]] = (
            {(passage.start, passage.end) for passage in split_passages(paper.abstract)} if paper else set()
        )
        for quote in citation.quotes if paper else ():
            if (quote.start, quote.end) not in sentences:
                yield f"[{citation.number}] quotes what is no whole sentence of its abstract: “{_short(quote.text)}”"
            if quote not in leant_on:
                yield f"[{citation.number}] has a quote that no statement leans on: “{_short(quote.text)}”"
    # 2. The text: statements with their markers in order, behind the refusal if there is one, and nothing else.
    refused, problem = _read_text(answer)
    if problem:
        yield problem
    # 3. Found, as the supports say.
    holding = any(statement.support in _HOLDING for statement in answer.statements)
    if answer.found and not holding:
        yield "The answer claims to be found, but none of its statements is said to be supported."
    if not answer.found and holding and not refused:
        yield "The answer is said not to be found, but a statement of it is said to be supported."
    if refused and len(answer.statements) > 1:
        yield "The answer is a refusal, but says more than one sentence on the nearest paper."
    # 4. The statement checks, again.
    again = _Again(answer, citations, index)
    for i, statement in enumerate(answer.statements, 1):
        yield from (f"Statement {i} {problem}." for problem in _support_problems(statement, citations, again))


def _read_text(answer: Answer) -> tuple[bool, str | None]:
    """Whether the text begins with the refusal, and what is wrong with it, read from its beginning to its end."""
    text, place = answer.text, 0
    refusal = refusal_text(answer.nearest)
    refused = not answer.found and text.startswith(refusal)
    if refused:
        place = len(refusal)
    for i, statement in enumerate(answer.statements, 1):
        between = _BETWEEN.match(text, place)
        begin = between.end() if between else place
        marked = _marked(statement)
        if not text.startswith(marked, begin):
            later = text.find(marked, begin)
            if later < 0:
                return (
                    refused,
                    f"Statement {i} does not stand in the text of the answer with its markers, in its order.",
                )
            return refused, f"The text says something beside its statements: “{_short(text[begin:later].strip())}”"
        place = begin + len(marked)
    if text[place:].strip():
        return refused, f"The text says something beside its statements: “{_short(text[place:].strip())}”"
    if not text:
        return refused, "The text is empty."
    return refused, None


def _support_problems(statement: Statement, citations: dict[int, Citation], again: "_Again") -> Iterator[str]:
    """What is wrong with how well a model's statement is said to be supported."""
    support = statement.support
    if MARKER.search(statement.text):
        yield "has a marker among its words"
    for number in statement.numbers:
        if number in citations and not set(citations[number].quotes) & set(statement.quotes):
            yield f"cites [{number}] without a quote of it"
    if support not in (*_HOLDING, "unsupported", "absent"):
        yield f"is said to be {_short(support)!r}, which a model's statement cannot be"
    elif support == "absent" and (statement.numbers or statement.quotes):
        yield "says that something is not in the papers, but cites some"
    elif support == "absent" and not again.is_absent(statement):
        yield "is said to be about what is not in the papers, but is not"
    elif support in _HOLDING and not statement.quotes:
        yield f"is said to be {support}, but cites nothing"
    elif statement.quotes and (now := again.check(statement)) is not None and not agrees(support, now):
        yield f"is said to be {support}, but is found to be {now.support} now" + (
            f": {now.reason.rstrip('.')}" if now.reason else ""
        )


def agrees(support: str, now: CheckResult) -> bool:
    """Whether a check confirms what was said. What was said to be weak may be better now: its label was a false one."""
    if support == now.support or (support, now.support) == ("weak", "supported"):
        return True
    threshold = UNSUPPORTED if "unsupported" in (support, now.support) else WEAK
    return abs(now.score - threshold) < SLACK


class _Again:
    """The checks of an answer, run again on its quotes as the index has them now."""

    def __init__(self, answer: Answer, citations: dict[int, Citation], index: Index) -> None:
        self._answer, self._index = answer, index
        self._states = TokenStateCache(index.embedder)
        self._question = answer.rewritten or answer.question
        papers = {number: index.paper(citation.paper.id) for number, citation in citations.items()}
        shown = [_shown(number, paper) for number, paper in papers.items() if paper is not None]
        self._asked = f"{answer.question} {answer.rewritten or ''}"
        self._checker = StatementChecker(self._asked, shown, self._states)
        self._labels = {
            (paper.number, Quote(text=passage.text, start=passage.start, end=passage.end)): Label(
                paper=paper.number, sentence=i
            )
            for paper in shown
            for i, passage in enumerate(paper.passages, 1)
        }

    def check(self, statement: Statement) -> CheckResult | None:
        """How well its quotes support a statement; None where one of them is not to be found."""
        named = [(number, quote) for number in statement.numbers for quote in statement.quotes]
        labels = [self._labels[place] for place in named if place in self._labels]
        return self._checker.check(statement.text, labels) if len(labels) >= len(statement.quotes) else None

    def is_absent(self, statement: Statement) -> bool:
        """Whether a statement says that something is not in the papers, and speaks only of what was asked or shown. In
        another language than English its label told the first, which is not kept."""
        hits = self._index.find(self._question, 2 * CONTEXT_PAPERS).hits
        papers = [*(hit.paper for hit in hits), *self._answer.nearest]
        shown = [_shown(number, paper) for number, paper in enumerate(papers, 1)]
        checker = StatementChecker(self._asked, shown, self._states)
        return checker.check(statement.text, (NONE,)).support == "absent"


def _shown(number: int, paper: Paper) -> ContextPaper:
    return ContextPaper(number=number, paper=paper, passages=split_passages(paper.abstract))


def _marked(statement: Statement) -> str:
    """A statement as it stands in the text."""
    return statement.text + "".join(f" [{number}]" for number in statement.numbers)


def _short(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
