"""How likely it is that the abstracts hold an answer: what is asked, compared with what the best paper says.

Two kinds of questions must be refused: those about something that no abstract treats, and those that ask a paper which
is here for a detail that its abstract does not give. The first leave the question's words unknown and far from every
passage; the second meet a title well and what goes beyond it badly.
"""

import math
from collections.abc import Sequence

import numpy as np

from qa.asked import asked_details, asks_figure
from qa.reading import Reading
from qa.tokens import tokens

UNKNOWN = 0.999
"""Rarity of a token that no paper has."""
BIAS = 0.6941
THRESHOLD = 0.218
FEATURES = (
    ("passage similarity", 0.4352, 0.1285, 1.3445),
    ("met beyond the title", 0.5672, 0.1380, 0.6865),
    ("unknown", 0.1427, 0.1982, -0.8533),
    ("asks for a figure", 0.2835, 0.4507, -1.2517),
    ("details missing", 0.1113, 0.4111, -0.4587),
    ("names missing", 0.0661, 0.2575, -0.8754),
)
"""Name, mean, standard deviation and weight of each feature, fitted with the threshold on the development questions by
`python -m qa.evals.calibrate`; evals/README.md has the trade-off. A dozen more features (coverage by rare words, whether a
figure stands where one is asked for, the score of the search, …) moved nothing beyond its interval and are gone."""


def features(question: str, readings: Sequence[Reading], rarity: dict[str, float]) -> dict[str, float]:
    """What the decision is made from, by name; `readings` are of the papers that the answer would cite (at least one).

    Of several papers each word counts as met as well as in the paper that meets it best.
    """
    words = readings[0].words
    met = np.max([reading.meets for reading in readings], axis=0)
    in_title = np.any([reading.in_title for reading in readings], axis=0)
    in_text = np.any([reading.in_text for reading in readings], axis=0)
    beyond = met[~in_title] if (~in_title).any() else met
    there = {token for reading in readings for token in tokens(f"{reading.paper.title}. {reading.paper.abstract}")}
    return {
        "passage similarity": max((p.similarity for reading in readings for p in reading.passages), default=0.0),
        "met beyond the title": float(beyond.mean()) if len(beyond) else 0.0,
        "unknown": sum(weight for weight in rarity.values() if weight > UNKNOWN) / (sum(rarity.values()) or 1.0),
        "asks for a figure": float(asks_figure(question)),
        "details missing": float(sum(there.isdisjoint(tokens(detail)) for detail in asked_details(question))),
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
