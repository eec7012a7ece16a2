"""Checks each statement of a reply against the sentences it cites, before anybody sees it.

`CHECKS` are rules, each of which can say in words why a statement is not supported. A statement that passes all of them is
scored by the similarity of its words to the cited sentences, against two thresholds.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from qa.context import NONE, ContextPaper, Label
from qa.documents.paper import Paper
from qa.retrieval.late_interaction import TokenStateCache
from qa.text.language import is_english
from qa.text.sentences import Passage
from qa.text.tokenize import question_tokens, tokens
from qa.verification.contradiction import contradicting_words, negation_mismatch
from qa.verification.entities import unknown_names
from qa.verification.no_evidence import states_no_evidence
from qa.verification.number_match import unmatched_numbers
from qa.verification.similarity import StatementWords, WordSimilarity

COVERAGE, MARGIN, BIAS = 7.0, 9.5, -4.6
"""Similarity score of a statement: log odds that its labels are right, fitted to 612 true statements and 68 with a wrong
label by `python -m qa.evals.fit.thresholds`, which prints what each threshold costs and catches."""
UNSUPPORTED, WEAK = 0.9, 1.65
"""Below the first threshold are 1.6 % of those true statements and every wrong label, below the second 5 % of the true ones."""
MIN_CONTENT_WORDS = 3
"""A statement without a label that has fewer content words ("Here is the answer.") would match any abstract."""
MIN_QUESTION_SHARE = 0.25
"""Share of the content words of a no-evidence statement in another language that must come from the question: its other
words are not known, and the label [none] alone is easily written."""
MIN_TERM_SIMILARITY = 0.35
"""A term of two words that is less similar to everything in the cited papers counts as a name that they do not have: no true
statement of 612 has one, and half of those with an invented term in lower case do (`qa.evals.fit.thresholds`)."""
MIN_SECOND_SENTENCE_GAIN = 0.06
"""For a label of a whole paper (`[3]`) a second sentence is cited if it covers so much more of the statement."""


@dataclass(frozen=True, kw_only=True)
class CheckResult:
    """What the checks found: `support` ("supported", "weak", "unsupported" or "absent"), `reason` in a sentence or None,
    the sentences that are `cited`, by the number of their paper, and the similarity `score` (log odds)."""

    support: str
    reason: str | None = None
    cited: Mapping[int, tuple[Passage, ...]] = field(default_factory=dict[int, tuple[Passage, ...]])
    score: float = 0.0


SentenceKey = tuple[int, int]
"""The number of a paper and the position of a sentence in it, from 0."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """A statement with the sentences that it cites and their papers, as the checks read it."""

    statement: str
    words: StatementWords
    papers: tuple[Paper, ...]
    sentences: tuple[str, ...]
    is_english: bool

    @property
    def subject(self) -> str:
        return "the cited sentence" if len(self.sentences) == 1 else "the cited sentences"

    def verb(self, stem: str) -> str:
        """ "say" or "says", as the number of sentences wants it."""
        return f"{stem}s" if len(self.sentences) == 1 else stem


Check = Callable[[Evidence], str | None]
"""Gives the reason why a statement is unsupported, as a sentence; None where the check finds nothing."""


def check_numbers(evidence: Evidence) -> str | None:
    """Every number occurs in the cited sentences or titles."""
    titles = [paper.title for paper in evidence.papers]
    if unmatched := unmatched_numbers(evidence.statement, [*evidence.sentences, *titles]):
        return f"{_quoted(unmatched)} {_does(unmatched)} not occur in {evidence.subject}."
    return None


def check_names(evidence: Evidence) -> str | None:
    """Every name occurs in the cited papers."""
    texts = [text for paper in evidence.papers for text in (paper.title, paper.abstract)]
    if unknown := unknown_names(evidence.statement, texts, coined=not evidence.is_english):
        return f"{_quoted(unknown)} {_does(unknown)} not occur in the cited paper{'s' * (len(evidence.papers) > 1)}."
    return None


def check_terms(evidence: Evidence) -> str | None:
    """Every term of two words is similar to something in the cited papers."""
    term, similarity = evidence.words.least_similar_term(evidence.papers)
    if similarity < MIN_TERM_SIMILARITY:
        return f"{_quoted([term])} does not occur in the cited paper{'s' * (len(evidence.papers) > 1)}."
    return None


def check_opposites(evidence: Evidence) -> str | None:
    """No word is the opposite of the one in the cited sentences."""
    if found := contradicting_words(evidence.statement, evidence.sentences):
        stated, cited = found
        return f"It says “{stated}” where {evidence.subject} {evidence.verb('say')} “{cited}”."
    return None


def check_negation(evidence: Evidence) -> str | None:
    """The statement negates nothing that the cited sentences affirm, and the other way round."""
    negation = negation_mismatch(evidence.statement, evidence.sentences)
    if negation is None:
        return None
    if negation in evidence.statement:
        return f"It says “{negation}”, but {evidence.subject} {evidence.verb('affirm')} it."
    return f"It does not say “{negation}”, as {evidence.subject} {'does' if len(evidence.sentences) == 1 else 'do'}."


CHECKS: tuple[Check, ...] = (check_numbers, check_names)
"""In this order; the first reason counts."""
ENGLISH_CHECKS: tuple[Check, ...] = (check_terms, check_opposites, check_negation)
"""Checks of wording, which follow for statements in English."""


class StatementChecker:
    """Checks the statements of one reply to a question for which these papers were shown to the model."""

    def __init__(self, question: str, papers: Sequence[ContextPaper], states: TokenStateCache) -> None:
        self._question = question
        self._papers = {paper.number: paper for paper in papers}
        self._states = states

    def check(self, statement: str, labels: Sequence[Label]) -> CheckResult:
        """How well the labelled sentences support a statement; without a valid label, how well the best sentences of all
        papers do."""
        # 1. Which labels exist, and does the statement say that the papers do not state something?
        english = is_english(statement)
        known = [label for label in labels if self._exists(label)]
        unknown = [label for label in labels if label != NONE and label not in known]
        absent = states_no_evidence(statement) if english else NONE in labels
        if absent and not known:
            return self._check_absence(statement, english)
        if not known and (len(question_tokens(statement)) < MIN_CONTENT_WORDS or not english):
            return CheckResult(support="unsupported", reason=_label_fault(unknown))
        # 2. Which sentences are cited.
        numbers = list(dict.fromkeys(label.paper for label in known)) if known else list(self._papers)
        keys = [(number, i) for number in numbers for i in range(len(self._papers[number].passages))]
        if not keys:
            return CheckResult(support="unsupported", reason=_label_fault(unknown))
        words = StatementWords(statement, self._states)
        similarity = words.similarity(
            [(self._papers[number].paper, self._papers[number].passages) for number in numbers]
        )
        cited = _cited(known, similarity, keys) if known else _best(similarity, range(len(keys)))
        # 3. How well they support it.
        result = self._check_cited(statement, words, similarity, [keys[i] for i in cited], cited, english)
        if absent and result.support == "unsupported":
            return self._check_absence(statement, english)
        return result if known else _without_label(result, unknown)

    def _exists(self, label: Label) -> bool:
        return label.paper in self._papers and label.sentence <= len(self._papers[label.paper].passages) > 0

    def _check_cited(
        self, statement: str, words: StatementWords, similarity: WordSimilarity, keys: Sequence[SentenceKey],
        cited: Sequence[int], english: bool,
    ) -> CheckResult:  # fmt: skip
        by_paper: dict[int, tuple[Passage, ...]] = {}
        for number, i in keys:
            by_paper[number] = (*by_paper.get(number, ()), self._papers[number].passages[i])
        evidence = Evidence(
            statement=statement,
            words=words,
            papers=tuple(self._papers[number].paper for number in by_paper),
            sentences=tuple(self._papers[number].passages[i].text for number, i in keys),
            is_english=english,
        )
        for check in (*CHECKS, *ENGLISH_CHECKS) if english else CHECKS:
            if reason := check(evidence):
                return CheckResult(support="unsupported", reason=reason, cited=by_paper, score=-math.inf)
        if not english:
            reason = "It is not in English: its labels, numbers and names were checked, its wording was not."
            return CheckResult(support="weak", reason=reason, cited=by_paper)
        coverage, margin = similarity.coverage(cited), similarity.margin(cited)
        score = COVERAGE * coverage + MARGIN * margin + BIAS
        support = "unsupported" if score < UNSUPPORTED else "weak" if score < WEAK else "supported"
        return CheckResult(
            support=support, reason=_similarity_reason(evidence, support, margin), cited=by_paper, score=score
        )

    def _check_absence(self, statement: str, english: bool) -> CheckResult:
        """A statement that the papers do not state something may name only what was asked, or the papers."""
        known = [self._question, *(shown.paper.title for shown in self._papers.values())]
        unasked = unknown_names(statement, known, coined=not english) + unmatched_numbers(statement, known)
        if unasked:
            reason = (
                f"It says that the papers do not state something, but names {_quoted(unasked)}, which was not asked."
            )
            return CheckResult(support="unsupported", reason=reason)
        said, asked = question_tokens(statement), set(tokens(" ".join(known)))
        if not english and sum(token in asked for token in said) < MIN_QUESTION_SHARE * len(said):
            return CheckResult(support="unsupported", reason="It names what was not asked, and cites nothing.")
        return CheckResult(
            support="absent", reason="It says that the papers do not state something; no quote can show that."
        )


def _without_label(result: CheckResult, unknown: Sequence[Label]) -> CheckResult:
    """The result for a statement without a valid label, from the sentences found for it: nothing less than full support counts."""
    if result.support != "supported":
        return CheckResult(support="unsupported", reason=_label_fault(unknown), score=result.score)
    if not unknown:
        return result
    reason = f"{_label_fault(unknown)} The closest sentence is shown instead."
    return CheckResult(support="weak", reason=reason, cited=result.cited, score=result.score)


def _similarity_reason(evidence: Evidence, support: str, margin: float) -> str | None:
    if support == "supported":
        return None
    subject = evidence.subject
    if support == "weak":
        return f"Its wording is only loosely that of {subject}."
    if margin < 0:
        return f"{subject.capitalize()} {evidence.verb('say')} something else; another sentence fits better."
    return f"Its wording is too far from {subject}."


def _cited(labels: Sequence[Label], similarity: WordSimilarity, keys: Sequence[SentenceKey]) -> list[int]:
    """The sentences that labels mean; a paper as a whole means its best sentences, unless one of it is named."""
    cited: list[int] = []
    exact = {label.paper for label in labels if label.sentence}
    for label in labels:
        if label.sentence:
            cited.append(keys.index((label.paper, label.sentence - 1)))
        elif label.paper not in exact:
            cited += _best(similarity, [i for i, (number, _) in enumerate(keys) if number == label.paper])
    return list(dict.fromkeys(cited))


def _best(similarity: WordSimilarity, among: Sequence[int]) -> list[int]:
    """The sentence that covers the statement best, and a second one where it covers more of it."""
    first = max(among, key=lambda i: similarity.coverage([i]))
    second = max(among, key=lambda i: similarity.coverage([first, i]))
    gain = similarity.coverage([first, second]) - similarity.coverage([first])
    return [first, second] if gain > MIN_SECOND_SENTENCE_GAIN else [first]


def _label_fault(unknown: Sequence[Label]) -> str:
    if not unknown:
        return "It cites nothing."
    labels = ", ".join(
        f"[{label.paper}.{label.sentence}]" if label.sentence else f"[{label.paper}]" for label in unknown[:3]
    )
    return f"It cites {labels}, which {'does' if len(unknown) == 1 else 'do'} not exist."


def _quoted(things: Sequence[str]) -> str:
    quoted = [f"“{thing[:60]}”" for thing in things[:4]]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"


def _does(things: Sequence[str]) -> str:
    return "does" if len(things) == 1 else "do"
