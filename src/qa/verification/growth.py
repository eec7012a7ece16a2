"""Rates of growth as a text writes them, O(n log n), and which of them its evidence does not tell."""

import re
from collections.abc import Sequence

from qa.verification.numbers import with_powers

_RATE = re.compile(r"(?<!\w)(?:O|Omega|Theta|Ω|Θ|Õ|o)\((?P<inside>[^()]*(?:\([^()]*\)[^()]*)*)\)")
_IN_WORDS = {"1": "constant", "n": "linear", "n^2": "quadratic", "n^3": "cubic", "logn": "logarithmic"}


def growth_rates(text: str) -> list[str]:
    """The rates of growth of a text, O(n log n), in small letters, without blanks and inner brackets and with powers in
    one spelling."""
    return [_squeezed(match["inside"]) for match in _RATE.finditer(text)]


def without_rates(text: str) -> str:
    """`text` with a blank for each rate of growth: the figures in one are none of their own."""
    return _RATE.sub(" ", text)


def missing_rates(text: str, evidence: str) -> list[str]:
    """The rates of growth of a text that its evidence does not have, in order, as they stand there.

    Where the evidence has none at all, it may tell one otherwise: "at a rate of 1/T", "in quadratic time".
    """
    rates = growth_rates(evidence)
    return [
        match[0]
        for match in _RATE.finditer(text)
        if (rate := _squeezed(match["inside"])) not in rates and not _told(rate, rates, evidence)
    ]


def _squeezed(text: str) -> str:
    return re.sub(r"[\s{}()$\\*·]|sqrt(?=\()", "", with_powers(text)).casefold()


def _told(rate: str, rates: Sequence[str], evidence: str) -> bool:
    word = _IN_WORDS.get(re.sub(r"[a-z]", "n", rate) if len(rate) < 4 else rate)
    plainly = len(rate) > 2 and rate in _squeezed(evidence)
    return not rates and (plainly or bool(word and re.search(rf"\b{word}", evidence, re.IGNORECASE)))
