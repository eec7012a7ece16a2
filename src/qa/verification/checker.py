"""Receipts: each statement of a reply held against the sentences it cites, before anybody sees it.

Labels, figures and names are held by rules, which give a reason in words; nearness of words and meaning by a threshold.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from qa.context import NONE, ContextPaper, Label
from qa.retrieval.late_interaction import TokenStateCache
from qa.text.language import is_english
from qa.text.sentences import Passage
from qa.text.tokenize import question_tokens, tokens
from qa.verification.comparisons import exchanged
from qa.verification.contradiction import denies, opposite
from qa.verification.entities import unknown_names
from qa.verification.no_evidence import says_absent
from qa.verification.number_match import missing
from qa.verification.similarity import Near, StatementWords

COVERAGE, MARGIN, BIAS = 7.0, 9.5, -4.6
"""Nearness of a statement: log odds that its labels are right, fitted to 612 true statements and 68 with a wrong label by
`python -m qa.evals.fit.thresholds`, which prints what each threshold costs and catches."""
UNSUPPORTED, WEAK = 0.9, 1.65
"""Below the first lie 1.6 % of those true statements and every wrong label, below the second 5 % of the true ones."""
WORDS_TO_FIND = 3
"""A statement without a label that has fewer content words ("Here is the answer.") would be found in any abstract."""
ASKED_SHARE = 0.25
"""How many of its content words a statement of absence in another language must have from the question: the words of
saying so ("steht nicht darin") are not known, and the label [none] alone is soon written."""
STRANGE = 0.35
"""A term of two words that is further from everything in the cited papers is taken for a name that they do not have: no
true statement of 612 has one, and half of those with an invented term in small letters do (`qa.evals.fit.thresholds`)."""
HELPS = 0.06
"""A second sentence is cited for `[3]` where it meets so much more of the statement."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a check found: the support, the reason in a sentence where there is something to say, and the sentences that
    are cited, by the number under which their paper was shown."""

    support: str
    reason: str | None = None
    cited: Mapping[int, tuple[Passage, ...]] = field(default_factory=dict)
    score: float = 0.0


class Receipts:
    """Checks statements; threads may share it."""

    def __init__(self, states: TokenStateCache) -> None:
        self._states = states

    def checker(self, question: str, shown: Sequence[ContextPaper]) -> "Checker":
        """For the statements of one reply to a question that these papers were shown for."""
        return Checker(question, shown, self._states)


Place = tuple[int, int]
"""The number of a paper as shown and the place of a sentence in it, from 0."""


class Checker:
    def __init__(self, question: str, shown: Sequence[ContextPaper], states: TokenStateCache) -> None:
        self._question = question
        self._shown = {paper.number: paper for paper in shown}
        self._states = states

    def check(self, statement: str, labels: Sequence[Label]) -> Checked:
        """How well the labelled sentences support a statement; without a label that exists, how well the best
        sentences of all do."""
        # 1. Which of the labels exist, and is this a statement that something is not in the papers?
        english = is_english(statement)
        known = [label for label in labels if self._exists(label)]
        unknown = [label for label in labels if label != NONE and label not in known]
        silent = says_absent(statement) if english else NONE in labels
        if silent and not known:
            return self._absent(statement, english)
        if not known and len(question_tokens(statement)) < WORDS_TO_FIND:
            return Checked(support="unsupported", reason=_lost(unknown))
        # 2. Which sentences are cited.
        words = StatementWords(statement, self._states)
        numbers = list(dict.fromkeys(label.paper for label in known)) if known else list(self._shown)
        places = [(number, i) for number in numbers for i in range(len(self._shown[number].passages))]
        if not places or not (known or english):
            return Checked(support="unsupported", reason=_lost(unknown))
        near = words.beside([(self._shown[number].paper, self._shown[number].passages) for number in numbers])
        cited = _chosen(known, near, places) if known else _best(near, range(len(places)))
        # 3. How well they hold.
        support, reason, score = self._held(statement, words, near, [places[i] for i in cited], cited, english)
        if silent and support == "unsupported":
            return self._absent(statement, english)
        if not known and support == "weak":
            support = "unsupported"  # what it does not cite itself must be plainly there
        if not known and (support == "unsupported" or unknown):
            support = "unsupported" if support == "unsupported" else "weak"
            reason = (
                _lost(unknown)
                if support == "unsupported"
                else f"{_lost(unknown)} The sentence given here is the nearest."
            )
        if not known and support == "unsupported":
            return Checked(support=support, reason=reason, score=score)
        by_paper: dict[int, tuple[Passage, ...]] = {}
        for number, i in (places[i] for i in cited):
            by_paper[number] = (*by_paper.get(number, ()), self._shown[number].passages[i])
        return Checked(support=support, reason=reason, cited=by_paper, score=score)

    def _exists(self, label: Label) -> bool:
        return label.paper in self._shown and label.sentence <= len(self._shown[label.paper].passages) > 0

    def _held(
        self,
        statement: str,
        words: StatementWords,
        near: Near,
        places: Sequence[Place],
        cited: Sequence[int],
        english: bool,
    ) -> tuple[str, str | None, float]:
        papers = [self._shown[number].paper for number in dict.fromkeys(number for number, _ in places)]
        evidence = [self._shown[number].passages[i].text for number, i in places]
        sentences, says, keeps = (
            ("the cited sentence", "says", "keeps") if len(evidence) == 1 else ("the cited sentences", "say", "keep")
        )
        if lacking := missing(statement, evidence + [paper.title for paper in papers]):
            return "unsupported", f"{_listed(lacking)} {_stands(lacking)} not stand in {sentences}.", -math.inf
        texts = [text for paper in papers for text in (paper.title, paper.abstract)]
        if strange := unknown_names(statement, texts, coined=not english):
            return (
                "unsupported",
                f"{_listed(strange)} {_stands(strange)} not stand in the cited paper{'s' * (len(papers) > 1)}.",
                -math.inf,
            )
        if english:
            term, nearness = words.strangest_term(papers)
            if nearness < STRANGE:
                return (
                    "unsupported",
                    f"{_listed([term])} is not what the cited paper{'s speak' if len(papers) > 1 else ' speaks'} of.",
                    -math.inf,
                )
            if words_apart := opposite(statement, evidence):
                said, there = words_apart
                return "unsupported", f"It says “{said}” where {sentences} {says} “{there}”.", -math.inf
            if denied := denies(statement, evidence):
                other = f"{sentences} affirm{'s' * (len(evidence) == 1)} it"
                reason = (
                    f"It says “{denied}”, but {other}."
                    if denied in statement
                    else f"It does not say “{denied}”, as {sentences} {'does' if len(evidence) == 1 else 'do'}."
                )
                return "unsupported", reason, -math.inf
            if exchanged(statement, evidence):
                return "unsupported", f"It exchanges two things that {sentences} {keeps} apart.", -math.inf
        else:
            return "weak", "It is not in English: its labels, figures and names were checked, its wording was not.", 0.0
        score = COVERAGE * near.coverage(cited) + MARGIN * near.margin(cited) + BIAS
        if score < UNSUPPORTED:
            if near.margin(cited) < 0:
                return (
                    "unsupported",
                    f"{sentences.capitalize()} {says} something else; another one is nearer to it.",
                    score,
                )
            return "unsupported", f"Its words are far from {sentences}.", score
        if score < WEAK:
            return "weak", f"Its wording is only loosely that of {sentences}.", score
        return "supported", None, score

    def _absent(self, statement: str, english: bool) -> Checked:
        """A statement that something is not in the papers: it may speak only of what was asked, or of the papers."""
        titles = [shown.paper.title for shown in self._shown.values()]
        known = [self._question, *titles]
        strange = unknown_names(statement, known, coined=not english) + missing(statement, known)
        if strange:
            return Checked(
                support="unsupported",
                reason=f"It says that something is not in the papers, but names {_listed(strange)}, which was not asked.",
            )
        said, asked = question_tokens(statement), set(tokens(" ".join(known)))
        if not english and sum(token in asked for token in said) < ASKED_SHARE * len(said):
            return Checked(support="unsupported", reason="It speaks of what was not asked, and cites nothing.")
        return Checked(support="absent", reason="It says that something is not in the papers, which no quote can show.")


def _chosen(labels: Sequence[Label], near: Near, places: Sequence[Place]) -> list[int]:
    """The sentences that labels mean; a paper as a whole means its best-supporting ones, unless one of it is named."""
    chosen: list[int] = []
    exact = {label.paper for label in labels if label.sentence}
    for label in labels:
        if label.sentence:
            chosen.append(places.index((label.paper, label.sentence - 1)))
        elif label.paper not in exact:
            chosen += _best(near, [i for i, (number, _) in enumerate(places) if number == label.paper])
    return list(dict.fromkeys(chosen))


def _best(near: Near, among: Sequence[int]) -> list[int]:
    """The sentence that supports the statement best, and a second where it adds to it."""
    first = max(among, key=lambda i: near.coverage([i]))
    second = max(among, key=lambda i: near.coverage([first, i]))
    helps = near.coverage([first, second]) - near.coverage([first]) > HELPS
    return [first, second] if helps else [first]


def _lost(unknown: Sequence[Label]) -> str:
    if not unknown:
        return "It cites nothing."
    labels = ", ".join(
        f"[{label.paper}.{label.sentence}]" if label.sentence else f"[{label.paper}]" for label in unknown[:3]
    )
    return f"It cites {labels}, which {'was' if len(unknown) == 1 else 'were'} never given."


def _listed(things: Sequence[str]) -> str:
    quoted = [f"“{thing[:60]}”" for thing in things[:4]]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _stands(things: Sequence[str]) -> str:
    return "does" if len(things) == 1 else "do"
