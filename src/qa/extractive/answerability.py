"""How likely it is that the abstracts hold an answer: what is asked, compared with what the best paper says.

Two kinds of questions must be refused: those about something that no abstract treats, and those that ask a paper which
is here for a detail that its abstract does not give. The first leave the question's words unknown and far from every
passage; the second meet a title well and what goes beyond it badly.
"""

import math
from collections.abc import Sequence

import numpy as np

from qa.retrieval.intent import asks_figure, rare_details
from qa.retrieval.late_interaction import CloseReading
from qa.text.tokenize import tokens

UNKNOWN = 0.999
"""Rarity of a token that no paper has."""
MET = 0.7
"""Value of the feature "other words" if every word of the question occurs in the abstract."""
BIAS = 0.2148
THRESHOLD = 0.266
FEATURES = (
    ("passage similarity", 0.4601, 0.1156, 0.4042),
    ("met by one passage", 0.4751, 0.1209, 0.3243),
    ("other words met", 0.4150, 0.1031, 0.5940),
    ("unknown", 0.1055, 0.1629, -0.3457),
    ("asks for a figure", 0.3015, 0.4589, -0.5730),
    ("details missing", 0.1438, 0.4423, -0.3025),
    ("names missing", 0.0687, 0.2732, -0.7294),
)
"""Name, mean, standard deviation and weight of each feature, fitted with the threshold by
`python -m qa.evals.fit.answerability refusal`; docs/evaluation.md has the trade-off. Some forty more features, and trees and kernels
in place of the sum, moved nothing beyond its interval but what gave away how the questions were written (their length, how
many of their words the abstract lacks): those refused "How accurate is X?" for being short, and are not used."""


def features(question: str, readings: Sequence[CloseReading], rarity: dict[str, float]) -> dict[str, float]:
    """What the decision is made from, by name; `readings` are of the papers that the answer would cite (at least one).

    With several papers each word counts with its best match. What occurs in a title says
    which paper is asked of, so the other words count, or all where there are no others.
    """
    words = readings[0].words
    met = np.max([reading.similarities for reading in readings], axis=0)
    in_title = np.any([reading.in_title for reading in readings], axis=0)
    in_text = np.any([reading.in_text for reading in readings], axis=0)
    asked = ~in_title if (~in_title).any() else ~np.zeros(len(words), bool)
    in_passages = [float(p.similarities[asked].mean()) for r in readings for p in r.passages] if len(words) else []
    there = {token for reading in readings for token in tokens(f"{reading.paper.title}. {reading.paper.abstract}")}
    return {
        "passage similarity": max((p.similarity for reading in readings for p in reading.passages), default=0.0),
        "met by one passage": max(in_passages, default=0.0),
        "other words met": float(met[asked & ~in_text].mean()) if (asked & ~in_text).any() else MET,
        "unknown": sum(weight for weight in rarity.values() if weight > UNKNOWN) / (sum(rarity.values()) or 1.0),
        "asks for a figure": float(asks_figure(question)),
        "details missing": float(sum(there.isdisjoint(tokens(detail)) for detail in rare_details(question))),
        "names missing": float(
            sum(1 - m for word, m, known in zip(words, met, in_text, strict=True) if word.is_name and not known)
        ),
    }


def answerable(values: dict[str, float]) -> float:
    """The likelihood (0 to 1) that the abstracts hold an answer: a logistic regression over `features`.

    It takes answerable and unanswerable questions for equally frequent.
    """
    total = BIAS + sum(weight * (values[name] - mean) / deviation for name, mean, deviation, weight in FEATURES)
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))
