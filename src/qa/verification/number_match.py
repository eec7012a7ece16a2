"""Whether the figures of a text agree with those of its evidence: one told otherwise is the same and another is not.

`3x` is three times, an hour is 60 minutes, 81.4 is not 84.1.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from qa.verification.numbers import Number, find_numbers, spelled, with_powers

_IN_BASE = {
    "ns": ("s", 1e-9), "us": ("s", 1e-6), "ms": ("s", 1e-3), "min": ("s", 60.0), "h": ("s", 3600.0), "day": ("s", 86400.0),
    "week": ("s", 604800.0), "year": ("month", 12.0), "kB": ("byte", 1e3), "MB": ("byte", 1e6), "GB": ("byte", 1e9),
    "TB": ("byte", 1e12), "mm": ("m", 1e-3), "cm": ("m", 1e-2), "km": ("m", 1e3), "kHz": ("Hz", 1e3), "MHz": ("Hz", 1e6),
    "GHz": ("Hz", 1e9),
}  # fmt: skip
_SIDES = {"most": -1, "under": -1, "least": 1, "over": 1}
_INSIDE = re.compile(r"\d+(?:\.\d+)?")
_FROM = re.compile(r"\bfrom\s+(?:\S+\s+)?$", re.IGNORECASE)
_TO = re.compile(r"[^,.;()]{0,30}?\b(?:down\s+|up\s+)?to\s+(?:\S+\s+)?$", re.IGNORECASE)
_ONE = re.compile(r"\b(?:one|single|an?|each|per)\b", re.IGNORECASE)
_TWO = re.compile(r"\b(?:both|pairs?|couple|dual|twin|either|neither)\b", re.IGNORECASE)


def is_same_number(one: Number, other: Number) -> bool:
    """Whether two figures say the same: 3x and three times, half and 50 %, 1.5 billion and 1.5B, an hour and 60 minutes."""
    kinds = {one.kind, other.kind}
    if _SIDES.get(one.bound, 0) * _SIDES.get(other.bound, 0) < 0 or ("s" in kinds and len(kinds) > 1):
        return False
    if one.measure and other.measure and one.measure != other.measure:
        (a_base, a), (b_base, b) = (_IN_BASE.get(figure.measure, (figure.measure, 1.0)) for figure in (one, other))
        return a_base == b_base and _is_close(one.value * a, other.value * b)
    if (one.measure and other.kind) or (other.measure and one.kind):
        return False  # 8 hours are neither 8x nor 8 %
    a, b = _plain_value(one), _plain_value(other)
    if len(kinds) == 1 or "" in kinds:
        if _is_close(one.value, other.value):
            return True
        if "%" in kinds and (_is_close(a, b) or _third(a, b)):
            return True
    if kinds == {"%", "x"} and _is_close(a, b):
        return True  # 300 % and three times
    halves = {0.5, 2.0}  # "halves the cost" and "twice as cheap"
    return a in halves and b in halves and "x" in kinds


def unmatched_numbers(text: str, evidence: Sequence[str]) -> list[str]:
    """The figures of a text that none of the evidence has, in order, as they stand there.

    Numbers within names count as evidence ("7 billion" is in "LLaMA-7B"). A small count in words (two to four) is missing
    only where the evidence counts otherwise, for it may have been counted. "Thousands" may be said of 2,500, and "from 5
    to 3" is missing where the evidence goes from 3 to 5.
    """
    there = [(spelled(sentence), find_numbers(sentence)) for sentence in evidence]
    every = _each_once(figure for _, found in there for figure in found)
    inside = {number for sentence, found in there for number in _within_names(sentence, found)}
    ways = {(one.value, other.value) for sentence, found in there for one, other in _from_to(sentence, found)}
    joined = " ".join(evidence)
    rates = unmatched_rates(text, joined)
    text = without_bounds(text)
    own = find_numbers(text)
    has = {
        figure: any(is_same_number(figure, other) and not _is_vaguer(figure, other) for other in every)
        or _implied(figure, every, inside, joined)
        for figure in _each_once(own)
    }
    lacking = [figure.text for figure in own if not has[_unplaced(figure)]]
    turned = [
        f"from {one.text} to {other.text}"
        for one, other in _from_to(spelled(text), own)
        if (other.value, one.value) in ways and (one.value, other.value) not in ways
    ]
    return lacking + turned + rates


def _each_once(found: Iterable[Number]) -> list[Number]:
    """Figures without their places, each once: a long row of the same is compared once."""
    return list(dict.fromkeys(map(_unplaced, found)))


def _unplaced(figure: Number) -> Number:
    return replace(figure, start=0, end=0)


def _is_vaguer(figure: Number, there: Number) -> bool:
    """Whether the evidence has the number, but not as so many hours or times."""
    timed = bool(figure.measure) and not there.measure
    times = figure.kind == "x" and there.value == int(there.value)
    return not there.kind and (timed or times)


def _within_names(text: str, found: Sequence[Number]) -> Iterator[float]:
    """The numbers of a text that are no figures of it."""
    letters = list(text)
    for figure in found:
        letters[figure.start : figure.end] = " " * (figure.end - figure.start)
    return (float(number) for number in _INSIDE.findall("".join(letters)))


def _implied(figure: Number, there: Sequence[Number], inside: set[float], evidence: str) -> bool:
    """Whether a figure follows from the evidence though it does not stand there."""
    if figure.kind == "s":
        most = figure.value * (1000 if figure.text.casefold() in ("thousands", "millions", "billions") else 10)
        return any(not other.kind and figure.value <= other.value < most for other in there)
    if figure.measure == "bit" and re.search(rf"[A-Za-z]{figure.value:.0f}(?!\d)", evidence):
        return True  # INT8
    if figure.kind or figure.measure or figure.bound:
        return False
    if re.fullmatch(r"\d{1,3}(?:\.\d{3})+", figure.text) and any(
        other.value == float(figure.text.replace(".", "")) for other in there
    ):
        return True  # 41.000 in many languages
    if figure.value in inside or figure.value / 1e9 in inside:
        return True  # within a name
    if (figure.value == 1 and _ONE.search(evidence)) or (figure.value == 2 and _TWO.search(evidence)):
        return True
    counts = [o for o in there if not (o.kind or o.measure) and 2 <= o.value <= 12 and o.value == int(o.value)]
    return 2 <= figure.value <= 4 and figure.text.isalpha() and not counts


def _from_to(text: str, found: Sequence[Number]) -> Iterator[tuple[Number, Number]]:
    """The pairs of figures of which a text says that something goes from the first to the second."""
    for one, other in pairwise(found):
        before, between = text[max(0, one.start - 40) : one.start], text[one.end : other.start]
        if _FROM.search(before) and _TO.fullmatch(between):
            yield one, other
        elif re.search(r"\bto\s+$", before) and _FROM.search(between):
            yield other, one


def _plain_value(figure: Number) -> float:
    return figure.value / 100 if figure.kind == "%" else figure.value


def _third(a: float, b: float) -> bool:
    """Whether one is a third or two, and the other the same in percent, which is never exact."""
    return abs(a - b) < 0.006 and any(_is_close(3 * value, times) for value in (a, b) for times in (1, 2))


def _is_close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-12)


_RATE = re.compile(r"(?<!\w)(?:O|Omega|Theta|Ω|Θ|Õ|o)\((?P<inside>[^()]*(?:\([^()]*\)[^()]*)*)\)")
_IN_WORDS = {"1": "constant", "n": "linear", "n^2": "quadratic", "n^3": "cubic", "logn": "logarithmic"}


def complexity_bounds(text: str) -> list[str]:
    """The rates of growth of a text, O(n log n), in small letters, without blanks and inner brackets and with powers in
    one spelling."""
    return [_squeezed(match["inside"]) for match in _RATE.finditer(text)]


def without_bounds(text: str) -> str:
    """`text` with a blank for each rate of growth: the figures in one are none of their own."""
    return _RATE.sub(" ", text)


def unmatched_rates(text: str, evidence: str) -> list[str]:
    """The rates of growth of a text that its evidence does not have, in order, as they stand there.

    Where the evidence has none at all, it may tell one otherwise: "at a rate of 1/T", "in quadratic time".
    """
    rates = complexity_bounds(evidence)
    return [
        match[0]
        for match in _RATE.finditer(text)
        if (rate := _squeezed(match["inside"])) not in rates and not _is_stated(rate, rates, evidence)
    ]


def _squeezed(text: str) -> str:
    return re.sub(r"[\s{}()$\\*·]|sqrt(?=\()", "", with_powers(text)).casefold()


def _is_stated(rate: str, rates: Sequence[str], evidence: str) -> bool:
    word = _IN_WORDS.get(re.sub(r"[a-z]", "n", rate) if len(rate) < 4 else rate)
    plainly = len(rate) > 2 and rate in _squeezed(evidence)
    return not rates and (plainly or bool(word and re.search(rf"\b{word}", evidence, re.IGNORECASE)))
