"""Checks a saved answer against the index as it is now: does every citation still lead to the words it quotes?"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from qa.answer import Answer, Citation, Statement, refusal_text
from qa.papers import name_of
from qa.search import Index

MARKER = re.compile(r"\[(\d{1,9})\]")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a check found: how many `quotes` were checked, and a sentence for each of the `problems` (none: all holds)."""

    quotes: int
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.problems


def verify_answer(answer: Answer, index: Index) -> Verdict:
    """Check every quote, number and marker of an answer, that its text says nothing beside them, and its papers."""
    problems: list[str] = []
    citations = {citation.number: citation for citation in answer.citations}
    if len(citations) != len(answer.citations):
        problems.append("Two citations have the same number.")
    for citation in answer.citations:
        problems.extend(_citation_problems(citation, index))
    for i, statement in enumerate(answer.statements, 1):
        problems.extend(f"Statement {i} {problem}." for problem in _statement_problems(statement, answer, citations))
    rest = _rest(answer)
    if answer.mode == "quotes" and answer.found and re.search(r"\w", rest):
        problems.append(f"The text says something beside its statements: “{_short(rest.strip())}”")
    for number in sorted({int(marker) for marker in MARKER.findall(rest)} - set(citations)):
        problems.append(f"The text has a marker [{number}] without a citation.")
    if answer.found != bool(answer.citations):
        problems.append(
            "The answer claims to be found but cites nothing."
            if answer.found
            else "The answer is a refusal, but cites papers."
        )
    if not answer.found and answer.mode == "quotes" and answer.text != refusal_text(answer.nearest):
        problems.append("The text is not the refusal that belongs to the nearest papers.")
    problems.extend(
        f"“{paper.title}”, named as nearest, is not in the index."
        for paper in answer.nearest
        if index.paper(paper.id) is None
    )
    return Verdict(quotes=sum(len(citation.quotes) for citation in answer.citations), problems=tuple(problems))


def _statement_problems(statement: Statement, answer: Answer, citations: dict[int, Citation]) -> Iterator[str]:
    unknown = [number for number in statement.numbers if number not in citations]
    if unknown:
        yield f"cites [{unknown[0]}], which is not among the citations"
    cited = {quote for number in statement.numbers if number in citations for quote in citations[number].quotes}
    if any(quote not in cited for quote in statement.quotes):
        yield "leans on a quote that none of its citations has"
    if answer.mode == "quotes" and statement.support != "quoted":
        yield f"is said to be {statement.support!r}, but an answer of quotes is quoted"
    if statement.support == "quoted" and statement.text not in {quote.text for quote in statement.quotes}:
        yield "is said to be quoted, but differs from its quote"
    if f"{statement.text} [{'] ['.join(map(str, statement.numbers))}]" not in answer.text:
        yield "does not stand in the text of the answer with its marker"


def _rest(answer: Answer) -> str:
    """The text without its statements, their markers and the names of the cited papers."""
    text = answer.text
    for statement in sorted(answer.statements, key=lambda s: -len(s.text)):
        text = text.replace(f"{statement.text} [{'] ['.join(map(str, statement.numbers))}]", " ")
    for citation in answer.citations:
        text = text.replace(f"{name_of(citation.paper.title)}:", " ")
    return text


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


def _short(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
