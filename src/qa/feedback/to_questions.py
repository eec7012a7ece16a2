"""Votes on answers as drafts of reference questions, in the form of evals/questions.jsonl but for what a person must add.

A draft has one field more, `unfinished`, with what is known of the vote and what is left to do; no evaluation reads the
question before that field is deleted.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qa.console.terminal import escape_terminal
from qa.documents.paper import short_title
from qa.errors import InputError
from qa.feedback.store import Feedback, VotedPaper, Votes, answer_id, read_feedback
from qa.retrieval.intent import asks_papers, papers_requested
from qa.text.tokenize import STOP_WORDS, surface_words

UNFINISHED = "unfinished"
SPLIT = "dev"
"""The split of every draft. Votes are cast on answers that were seen, mostly on wrong ones: such questions
are there to be worked on, and would say nothing fair in the half that releases are scored by."""


@dataclass(frozen=True, kw_only=True)
class FeedbackReport:
    """What a file of votes holds: `good` and `bad` answers by their last vote, how many votes have a note, how many lines
    are damaged; and how many drafts were written where, None where none were asked for."""

    file: str
    good: int
    bad: int
    notes: int
    damaged: int
    drafts: int | None = None
    written_to: str | None = None

    def to_dict(self) -> dict[str, Any]:
        return dict(vars(self))

    def text(self) -> str:
        """The report for a terminal."""
        votes = self.good + self.bad
        lines = [
            f"{_count(votes, 'vote')} ({self.good:,} up, {self.bad:,} down, {self.notes:,} with a note) in {escape_terminal(self.file)}."
        ]
        if self.damaged:
            lines.append(
                f"{_count(self.damaged, 'line')} of it cannot be read and {'is' if self.damaged == 1 else 'are'} passed over."
            )
        if self.written_to is None:
            lines.append("As draft reference questions: qa feedback --drafts OUT.jsonl")
        else:
            lines.append(
                f"{_count(self.drafts or 0, 'draft')} written to {escape_terminal(self.written_to)}."
                f" Do what each says under “{UNFINISHED}”, delete that field, then: qa eval {escape_terminal(self.written_to)}"
            )
        return "\n".join(lines)


def report_feedback(file: str | Path, *, drafts: str | None = None, force: bool = False) -> FeedbackReport:
    """What the votes in a file are, and with `drafts` that many drafts written to the file of that name.

    InputError if the votes cannot be read, if there are none, and if the other file cannot be
    written or is there already and `force` is not given.
    """
    found = read_feedback(file)
    written = None if drafts is None else _write(found, Path(file), drafts, force=force)
    return FeedbackReport(
        file=str(file),
        good=sum(vote.good for vote in found.votes),
        bad=sum(not vote.good for vote in found.votes),
        notes=sum(bool(vote.note) for vote in found.votes),
        damaged=found.damaged,
        drafts=written,
        written_to=drafts,
    )


def draft_questions(votes: Sequence[Feedback]) -> list[dict[str, Any]]:
    """One draft for each question voted on, in the order of the votes; of several answers to a question the last good
    one counts, else the last."""
    chosen: dict[str, Feedback] = {}
    for vote in votes:
        key = answer_id(vote.question, vote.history, "")
        if vote.good or key not in chosen or not chosen[key].good:
            chosen[key] = vote
    return [_draft(f"fb-{key}", vote) for key, vote in chosen.items()]


def _draft(id: str, vote: Feedback) -> dict[str, Any]:
    kind = _kind(vote)
    cited = list(dict.fromkeys(paper.title for paper in vote.cited)) if vote.good and vote.found else []
    near = next((paper.title for paper in vote.nearest if _is_named(paper, vote.question)), "")
    history = [dict(turn) for turn in vote.history]
    return {
        "id": id,
        "kind": kind,
        "question": vote.question,
        "history": history if kind == "chat" else [],
        "answer": "",
        "facts": [],
        "papers": cited,
        "near": near if kind == "none" else "",
        "split": SPLIT,
        "style": "plain",
        UNFINISHED: {
            "to do": _to_do(vote, kind, cited),
            "vote": "good" if vote.good else "bad",
            "note": vote.note,
            "answer was": vote.answer,
            "it cited": [paper.title for paper in vote.cited],
            "nearest were": [paper.title for paper in vote.nearest],
            "after": [] if kind == "chat" else history,
            "written by": vote.model or vote.mode,
            "when": vote.when,
        },
    }


def _kind(vote: Feedback) -> str:
    """The kind, guessed from wording and papers; a refusal that was voted down counts as answerable."""
    if vote.good and not vote.found:
        return "none"
    if vote.history:
        return "chat"
    several = len(vote.cited) > 1 if vote.good else papers_requested(vote.question) is not None
    if several:
        return "multi"
    named = any(_is_named(paper, vote.question) for paper in [*vote.cited, *vote.nearest])
    return "find" if asks_papers(vote.question) and not named else "fact"


def _to_do(vote: Feedback, kind: str, papers: Sequence[str]) -> list[str]:
    tasks = [f"Is the kind {kind}, and the style plain? The kinds and styles are in docs/evaluation.md."]
    if kind == "none":
        tasks.append(
            "See that no abstract answers it, and name in near the paper that lacks the detail, if it asks for one."
        )
        if vote.history:
            tasks.append("The question came after other turns (see after): rewrite it as a standalone question.")
        return tasks
    if not vote.found:
        tasks.append("It was refused: name the papers that answer it, or make it kind none if there are none.")
    elif not papers:
        tasks.append(
            "The answer was voted down: name the papers that a good one cites (see it cited), or make it kind none."
        )
    else:
        tasks.append("See that papers has every paper that a good answer cites, and no other.")
    return [*tasks, "Write the answer in a sentence or two.", "List its key facts, each with its accepted spellings."]


def _is_named(paper: VotedPaper, question: str) -> bool:
    name = set(surface_words(short_title(paper.title))) - STOP_WORDS
    return bool(name) and name <= set(surface_words(question))


def _write(found: Votes, votes: Path, typed: str, *, force: bool) -> int:
    drafts, path = draft_questions(found.votes), Path(typed).expanduser()
    if not drafts:
        raise InputError(f"{votes} has no votes yet, so nothing was written. Vote on answers in the page: qa ui")
    lines = "".join(json.dumps(draft, ensure_ascii=False) + "\n" for draft in drafts)
    try:
        if path.exists() and os.path.samefile(path, votes):
            raise InputError(f"{typed} holds the votes themselves, and nothing was written. Name another file.")
        # Half a surrogate pair becomes \ud800, which JSON reads.
        with path.open("w" if force else "x", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
            file.write(lines)
    except FileExistsError as error:
        raise InputError(
            f"{typed} is there already, and nothing was written. Name another file, or write over it with --force."
        ) from error
    except (OSError, ValueError, RuntimeError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{typed} cannot be written ({why}). Name a file in a folder that exists.") from error
    return len(drafts)


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"
