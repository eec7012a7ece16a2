"""How likely it is that the abstracts hold an answer: what is asked, compared with what the best paper says.

Two kinds of questions must be refused: those about something that no abstract treats, and those that ask a paper which
is here for a detail that its abstract does not give. The first leave the question's words unknown and far from every
passage; the second meet a title well and what goes beyond it badly.
"""

import math
from collections.abc import Sequence

import numpy as np

from qa.asked import asked_details, asks_figure, has_digits, has_figure
from qa.reading import SAME_WORD, Reading
from qa.tokens import tokens

THRESHOLD = 0.5
FEATURES: tuple[tuple[str, float, float, float], ...] = ()


def features(question: str, readings: Sequence[Reading], rarity: dict[str, float]) -> dict[str, float]:
    """What the decision is made from, by name; `readings` are of the papers that the answer would cite (at least one).

    Of several papers each word counts as met as well as in the paper that meets it best.
    """
    first = readings[0]
    words = first.words
    met = np.max([reading.meets for reading in readings], axis=0) if words else np.zeros(0)
    in_text = np.any([reading.in_text for reading in readings], axis=0) if words else np.zeros(0, bool)
    in_title = np.any([reading.in_title for reading in readings], axis=0) if words else np.zeros(0, bool)
    beyond = np.flatnonzero(~in_title) if words and not in_title.all() else np.arange(len(words))
    value = np.maximum(met, np.where(in_text, SAME_WORD, 0))
    rare = np.array([max((rarity.get(token, 0.0) for token in word.tokens), default=0.0) for word in words])
    per_passage = [_passage_values(reading, beyond) for reading in readings]
    best = max((float(values.mean()) for one in per_passage for values in one), default=0.0) if len(beyond) else 0.0
    tokens_met = {token for word, there in zip(words, in_text, strict=True) if there for token in word.tokens}
    total = sum(rarity.values()) or 1.0
    asks = asks_figure(question)
    abstract = " ".join(reading.paper.abstract for reading in readings)
    best_two = " ".join(p.passage.text for r in readings for p in sorted(r.passages, key=r.relevance)[-2:])
    there = set(tokens(" ".join(reading.paper.title for reading in readings) + " " + abstract))
    return {
        "passage similarity": max((p.similarity for r in readings for p in r.passages), default=0.0),
        "paper similarity": max(reading.similarity for reading in readings),
        "met beyond the title": _mean(met[beyond]),
        "rare words met": float(value[beyond] @ rare[beyond] / rare[beyond].sum()) if len(beyond) and rare[beyond].sum() else 0.0,
        "least met": _mean(np.sort(value[beyond])[:2]),
        "best passage": best,
        "covered": sum(weight for token, weight in rarity.items() if token in tokens_met or token in there) / total,
        "unknown": sum(weight for weight in rarity.values() if weight > 0.999) / total,
        "asks for a figure": float(asks),
        "no figure": float(asks and not has_digits(abstract)),
        "no figure near": float(asks and not has_figure(best_two)),
        "details missing": float(sum(not any(t in there for t in tokens(detail)) for detail in asked_details(question))),
        "names missing": float(sum(1 - m for word, m, t in zip(words, met, in_text, strict=True) if word.is_name and not t)),
    }


def answerable(values: dict[str, float]) -> float:
    """The likelihood (0 to 1) that the abstracts hold an answer: a logistic regression over `features`."""
    total = FEATURES[0][3] + sum(weight * (values[name] - mean) / deviation for name, mean, deviation, weight in FEATURES[1:])
    return 1 / (1 + math.exp(-max(-30.0, min(30.0, total))))


def _passage_values(reading: Reading, beyond: np.ndarray) -> list[np.ndarray]:
    """For each passage how well it meets the words beyond the title, a word that stands in it fully."""
    found = []
    for passage in reading.passages:
        stands = np.array([any(token in passage.tokens for token in reading.words[i].tokens) for i in beyond], bool)
        found.append(np.maximum(passage.meets[beyond], np.where(stands, SAME_WORD, 0)))
    return found


def _mean(values: np.ndarray) -> float:
    return float(values.mean()) if len(values) else 0.0
