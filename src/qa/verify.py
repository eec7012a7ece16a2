"""Checks a saved answer against the index as it is now: does every citation still lead to the words it quotes?"""

import re
from dataclasses import dataclass

from qa.answer import Answer, Citation
from qa.search import Index

MARKER = re.compile(r"\[(\d+)\]")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a check found: how many `quotes` were checked, and a sentence for each of the `problems` (none: all holds)."""

    quotes: int
    problems: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return not self.problems


def verify_answer(answer: Answer, index: Index) -> Verdict:
    """Check every quote, number and marker of an answer; an answer that cites nothing holds unless it claims `found`."""
    problems: list[str] = []
    citations = {citation.number: citation for citation in answer.citations}
    if len(citations) != len(answer.citations):
        problems.append("Two citations have the same number.")
    for citation in answer.citations:
        problems.extend(_citation_problems(citation, index))
    for i, statement in enumerate(answer.statements, 1):
        unknown = [number for number in statement.numbers if number not in citations]
        if unknown:
            problems.append(f"Statement {i} cites [{unknown[0]}], which is not among the citations.")
        cited = {quote for number in statement.numbers if number in citations for quote in citations[number].quotes}
        if any(quote not in cited for quote in statement.quotes):
            problems.append(f"Statement {i} leans on a quote that none of its citations has.")
        if statement.support == "quoted" and statement.text not in {quote.text for quote in statement.quotes}:
            problems.append(f"Statement {i} is said to be quoted, but differs from its quote.")
        if statement.text not in answer.text:
            problems.append(f"Statement {i} does not stand in the text of the answer.")
    for number in sorted({int(marker) for marker in MARKER.findall(_without_quotes(answer))} - set(citations)):
        problems.append(f"The text has a marker [{number}] without a citation.")
    if answer.found and not answer.citations:
        problems.append("The answer claims to be found but cites nothing.")
    return Verdict(quotes=sum(len(citation.quotes) for citation in answer.citations), problems=tuple(problems))


def _without_quotes(answer: Answer) -> str:
    """The text without its statements: an abstract may have brackets with figures of its own."""
    text = answer.text
    for statement in sorted(answer.statements, key=lambda s: -len(s.text)):
        text = text.replace(statement.text, " ")
    return text


def _citation_problems(citation: Citation, index: Index) -> list[str]:
    paper = index.paper(citation.paper.id)
    name = f"[{citation.number}] “{citation.paper.title}”"
    if paper is None:
        return [f"{name} is no longer in the index."]
    problems = []
    for quote in citation.quotes:
        if paper.abstract[quote.start : quote.end] == quote.text and quote.text:
            continue
        if quote.text and quote.text in paper.abstract:
            problems.append(
                f"{name}: a quote has moved from {quote.start} to {paper.abstract.find(quote.text)}: “{_short(quote.text)}”"
            )
        else:
            problems.append(f"{name} no longer says “{_short(quote.text)}”")
    return problems


def _short(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"
