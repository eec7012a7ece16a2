"""Checks that reference questions are fair: what they expect is in the files, and they do not copy from them.

    python -m qa.evals.data.check_questions [QUESTIONS] --pages index/pages [--pages OTHER_TELLING …]

Each --pages is a version of the same papers, and every question must be fair to each. It does not check whether a
question is a good one: that takes a reader.
"""

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from qa.documents import SourceFile, read_sources
from qa.documents.paper import Entry, make_papers, title_key
from qa.errors import InputError
from qa.evals.data.questions import KINDS, SPLITS, STYLES, ReferenceQuestion, facts_missing, read_questions

COPIED_WORDS = 5
SHORTEST = 3
"""Characters that a spelling must have at least, unless it is a number with its unit ("8x", "5%")."""
ACCIDENTS = 0.2
"""A fact may occur in at most this fraction of the other abstracts; "graph neural network" is the
most frequent of all, in .16 of them."""

Abstracts = Mapping[str, str]
"""The abstracts of one version by the keys of their titles."""


def read_abstracts(pages: str) -> dict[str, str]:
    """The abstracts of the files in a folder by the keys of their titles; InputError if there are none."""
    listings: dict[str, list[tuple[str, Entry]]] = {}
    for page in read_sources([pages]):
        if isinstance(page, SourceFile):
            for listing in page.listings():
                listings.setdefault(title_key(listing.title), []).append((page.name, listing))
    if not listings:
        raise InputError(f"No paper was read from {pages}. Name a folder of pages, such as: --pages index/pages")
    found: dict[str, str] = {}
    for key, listed in listings.items():
        papers = make_papers([listing for _, listing in listed], [name for name, _ in listed])
        found[key] = "\n".join(paper.abstract for paper, _ in papers)
    return found


def faults(questions: Sequence[ReferenceQuestion], versions: Sequence[Abstracts]) -> Iterator[str]:
    """What is wrong with the questions, a line each, in their order; nothing for good ones."""
    for question in questions:
        for fault in [*_form_faults(question), *_text_faults(question, versions)]:
            yield f"{question.id}: {fault}"
    asked = {title_key(q.papers[0]) for q in questions if q.kind in ("fact", "find")}
    for key in sorted(set[str]().union(*versions) - asked):
        yield f"no fact or find question asks for the paper {key}"


def _form_faults(question: ReferenceQuestion) -> Iterator[str]:
    if question.split not in SPLITS:
        yield f"split {question.split!r} is not one of {', '.join(SPLITS)}"
    if question.style not in STYLES:
        yield f"style {question.style!r} is not one of {', '.join(STYLES)}"
    if (question.kind == "chat") != bool(question.history):
        yield "a history belongs to kind chat, and to no other"
    elif question.history and [turn["role"] for turn in question.history] != ["user", "assistant"] * (
        len(question.history) // 2
    ):
        yield "the history must be turns of user and assistant in turn, the last the assistant's"
    papers = {"fact": (1, 1), "find": (1, 1), "multi": (2, 4), "none": (0, 0), "chat": (1, 4)}[question.kind]
    if not papers[0] <= len(question.papers) <= papers[1]:
        yield f"{len(question.papers)} papers do not fit kind {question.kind}"
    if question.is_answerable != bool(question.facts):
        yield "key facts belong to every kind but none"
    if question.is_answerable and question.near:
        yield "near belongs to kind none, and to no other"
    if question.is_answerable and not question.answer.strip():
        yield "the reference answer is missing"
    for spelling in [spelling.strip() for fact in question.facts for spelling in fact]:
        if len(spelling) < SHORTEST and not re.fullmatch(r"\d[^\d\s]", spelling):
            yield f"the spelling {spelling!r} is shorter than {SHORTEST} characters"


def _text_faults(question: ReferenceQuestion, versions: Sequence[Abstracts]) -> Iterator[str]:
    titles = [*question.papers, *([question.near] if question.near else [])]
    keys = {title_key(title) for title in titles}
    for number, version in enumerate(versions, 1):
        unknown = [title for title in titles if title_key(title) not in version]
        if unknown:
            yield f"no paper of version {number} is called “{unknown[0]}”"
            continue
        own = "\n".join(version[key] for key in sorted(keys))
        for fact in facts_missing(question.facts, own):
            yield f"“{fact[0]}” does not occur in version {number}"
        for run in _copied_runs(question.question, own):
            yield f"copies “{run}” from version {number}"
        others = [text for key, text in version.items() if key not in keys]
        for fact in question.facts:
            share = sum(not facts_missing([fact], text) for text in others) / max(len(others), 1)
            if share > ACCIDENTS:
                yield f"“{fact[0]}” occurs in {share:.0%} of the other abstracts of version {number}"


def _copied_runs(question: str, abstract: str) -> list[str]:
    words, theirs = (re.findall(r"[^\W_]+", text.casefold()) for text in (question, abstract))
    runs = {tuple(theirs[i : i + COPIED_WORDS]) for i in range(len(theirs) - COPIED_WORDS + 1)}
    starts = range(len(words) - COPIED_WORDS + 1)
    return [" ".join(words[i : i + COPIED_WORDS]) for i in starts if tuple(words[i : i + COPIED_WORDS]) in runs]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="?", default="evals/questions.jsonl", metavar="QUESTIONS")
    parser.add_argument("--pages", action="append", required=True, metavar="FOLDER", help="may be given several times")
    options = parser.parse_args()
    try:
        questions = read_questions(Path(options.questions))
        found = list(faults(questions, [read_abstracts(pages) for pages in options.pages]))
    except InputError as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join([*found, f"{len(questions)} questions, {len(found)} faults"]))
    kinds, styles = (Counter(getattr(question, name) for question in questions) for name in ("kind", "style"))
    print(", ".join([*(f"{kinds[kind]} {kind}" for kind in KINDS), *(f"{styles[style]} {style}" for style in STYLES)]))
    return 4 if found else 0


if __name__ == "__main__":
    sys.exit(main())
