"""The figures of a sentence, so that one told otherwise is the same and another is not: `3x` is three times, 81.4 is not
84.1.

Words for small counts are figures too, but "one" is not: it mostly stands for something else.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.tokens import plain

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = (
    {word: float(i) for i, word in enumerate(_UNITS) if i > 1}
    | {word: 20.0 + 10 * i for i, word in enumerate(_TENS)}
    | {"dozen": 12.0}
)
_SCALES = {"hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "billion": 1e9, "bn": 1e9, "b": 1e9, "trillion": 1e12, "t": 1e12}  # fmt: skip
_TIMES_WORDS = {
    "twice": 2.0, "double": 2.0, "doubles": 2.0, "doubled": 2.0, "doubling": 2.0, "twofold": 2.0, "thrice": 3.0, "triple": 3.0,
    "triples": 3.0, "tripled": 3.0, "tripling": 3.0, "threefold": 3.0, "quadruple": 4.0, "quadruples": 4.0, "fourfold": 4.0,
    "fivefold": 5.0, "tenfold": 10.0, "hundredfold": 100.0,
}  # fmt: skip
_FRACTIONS = {
    "half": 0.5, "halves": 0.5, "halved": 0.5, "halve": 0.5, "halving": 0.5, "third": 1 / 3, "thirds": 1 / 3, "quarter": 0.25,
    "quarters": 0.25, "fifth": 0.2, "fifths": 0.2, "tenth": 0.1,
}  # fmt: skip
_MEASURES = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"), **dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("minute", "minutes", "min"), "min"), **dict.fromkeys(("hour", "hours", "h", "gpu-hours"), "h"),
    **dict.fromkeys(("day", "days"), "day"), **dict.fromkeys(("week", "weeks"), "week"),
    **dict.fromkeys(("month", "months"), "month"), **dict.fromkeys(("year", "years"), "year"),
    **dict.fromkeys(("kb", "kilobytes"), "kB"), **dict.fromkeys(("mb", "megabyte", "megabytes"), "MB"),
    **dict.fromkeys(("gb", "gigabyte", "gigabytes"), "GB"), **dict.fromkeys(("tb", "terabyte", "terabytes"), "TB"),
    **dict.fromkeys(("bit", "bits"), "bit"), **dict.fromkeys(("byte", "bytes"), "byte"),
    **dict.fromkeys(("cm", "centimetre", "centimetres", "centimeters"), "cm"), **dict.fromkeys(("mm",), "mm"),
    **dict.fromkeys(("km", "kilometres", "kilometers"), "km"), **dict.fromkeys(("dollar", "dollars", "usd"), "$"),
    **dict.fromkeys(("hz",), "Hz"), **dict.fromkeys(("khz",), "kHz"), **dict.fromkeys(("mhz",), "MHz"), **dict.fromkeys(("ghz",), "GHz"),
}  # fmt: skip
_BOUNDS = (
    ("most", re.compile(r"(?:up to|at most|no more than|not more than|maximum of|max\.?|as (?:many|much|high) as|≤|<=)\s*$", re.I)),
    ("least", re.compile(r"(?:at least|no less than|no fewer than|minimum of|≥|>=)\s*$", re.I)),
    ("under", re.compile(r"(?:less than|fewer than|under|below|within|<|lower than|smaller than|not even)\s*$", re.I)),
    ("over", re.compile(r"(?:more than|greater than|over|above|beyond|exceed(?:s|ed|ing)?|>|higher than|larger than|upwards of|better than)\s*(?:the\s+)?$", re.I)),
)  # fmt: skip
_OPPOSED = {frozenset(pair) for pair in (("most", "least"), ("most", "over"), ("under", "least"), ("under", "over"))}

_NUMBER = re.compile(
    r"(?<![\w.^])(?<![^\W\d_]-)[$€£]?(?P<power>10\s?\^\{?(?=-?\d))?(?P<sign>[-+](?=\d))?(?P<digits>\d+(?:\.\d+)?|\.\d+)(?:[eE](?P<exponent>-?\d{1,3}))?"
    r"(?:\s*(?P<mark>%|x(?![^\W\d_]))|\s?(?P<scale>hundred|thousand|million|billion|trillion|bn|[kKmMbBT])(?![^\W_]))?(?!-[A-Z])"
)
_INSIDE = re.compile(r"\d+(?:\.\d+)?")
_SPOKEN = re.compile(
    rf"(?<![\w])(?:(?P<tens>{'|'.join(_TENS)})-(?P<unit>{'|'.join(_UNITS[1:10])})|(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))}))"
    r"(?:[\s-]+(?P<scale>hundred|thousand|million|billion|trillion))?(?:(?P<times>[\s-]*(?:times|fold)\b)|(?P<percent>\s*(?:%|percent|per cent)))?(?!\w)",
    re.IGNORECASE,
)
_ORDERS = {"tens": 1e1, "hundreds": 1e2, "thousands": 1e3, "millions": 1e6, "billions": 1e9}
_ORDER = re.compile(rf"(?<!\w)(?P<word>{'|'.join(_ORDERS)})(?!\w)", re.IGNORECASE)
_GROWTH = re.compile(r"(?<![\w])(?:O|Omega|Theta|Ω|Θ|Õ|o)\((?P<inside>[^()]*(?:\([^()]*\)[^()]*)*)\)")
_SCALED = re.compile(r"(?<!\w)(?:a|one|several)\s+(?P<scale>hundred|thousand|million|billion)\b", re.IGNORECASE)
_ALONE = re.compile(rf"(?<!\w)(?P<word>{'|'.join([*_TIMES_WORDS, *_FRACTIONS])})(?!\w)", re.IGNORECASE)
_FOLLOWING = re.compile(r"[\s-]*([^\W\d_]+)")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure as it stands in a text: its value, its `kind` ("" a plain number, "%", "x" times as much, "s" an order
    of magnitude: thousands), the measure
    behind it ("s", "GB", "" none), the bound before it ("over", "under", "most", "least", "" none)."""

    text: str
    value: float
    kind: str = ""
    measure: str = ""
    bound: str = ""


def figures(text: str) -> list[Figure]:
    """The figures of a text in order, without those within names (GPT-4, node2vec); none for an empty text."""
    text = plain(text)
    found: list[tuple[int, int, float, str]] = []
    for match in _NUMBER.finditer(text):
        digits = float(f"{match['sign'] or ''}{match['digits']}")
        value = (
            10.0 ** max(-300.0, min(digits, 300.0)) if match["power"] else digits * 10.0 ** int(match["exponent"] or 0)
        )
        value *= _SCALES.get((match["scale"] or "").casefold(), 1.0)
        found.append((match.start(), match.end(), value, match["mark"] or ""))
    for match in _SPOKEN.finditer(text):
        value = (
            _WORDS[match["word"].casefold()]
            if match["word"]
            else _WORDS[match["tens"].casefold()] + _UNITS.index(match["unit"].casefold())
        )
        value *= _SCALES.get((match["scale"] or "").casefold(), 1.0)
        found.append((match.start(), match.end(), value, "x" if match["times"] else "%" if match["percent"] else ""))
    for match in _SCALED.finditer(text):
        found.append((match.start(), match.end(), _SCALES[match["scale"].casefold()], ""))
    for match in _ORDER.finditer(text):
        found.append((match.start(), match.end(), _ORDERS[match["word"].casefold()], "s"))
    for match in _ALONE.finditer(text):
        word = match["word"].casefold()
        ordinal = word in ("third", "fifth", "tenth", "quarter") and not re.search(
            r"(?:\ba|\bone|\bthe|\w)\s+$", text[: match.start()]
        )
        if word in _TIMES_WORDS:
            found.append((match.start(), match.end(), _TIMES_WORDS[word], "x"))
        elif not ordinal and (
            word in ("half", "halves", "halved", "halve", "halving")
            or re.search(r"\b(?:a|one|two)[\s-]+$", text[: match.start()], re.IGNORECASE)
        ):
            found.append((match.start(), match.end(), _FRACTIONS[word], ""))
    found.sort()
    read = []
    for i, (start, end, value, kind) in enumerate(found):
        if (
            not kind
            and i + 1 < len(found)
            and re.fullmatch(r"\s*(?:-|to|and|or|,)\s*", text[end : found[i + 1][0]])
            and found[i + 1][3]
        ):
            kind = found[i + 1][3]  # noqa: PLW2901  "5-15%", "1.25 to 4x"
        following = _FOLLOWING.match(text, end)
        measure = _MEASURES.get(following[1].casefold(), "") if following and not kind else ""
        bound = next((name for name, pattern in _BOUNDS if pattern.search(text[max(0, start - 30) : start])), "")
        read.append(Figure(text=text[start:end].strip(), value=value, kind=kind, measure=measure, bound=bound))
    return read


def same(one: Figure, other: Figure) -> bool:
    """Whether two figures say the same: 3x and three times, half and 50 %, 1.5 billion and 1.5B."""
    if one.measure and other.measure and one.measure != other.measure:
        return False
    if frozenset((one.bound, other.bound)) in _OPPOSED:
        return False
    a, b = _plain_value(one), _plain_value(other)
    if one.kind == other.kind or "" in (one.kind, other.kind):
        if _close(one.value, other.value):
            return True
        if "%" in (one.kind, other.kind) and _close(a, b):
            return True
    halves = {0.5, 2.0}  # "halves the cost" and "twice as cheap"
    return a in halves and b in halves and ("x" in (one.kind, other.kind))


def growth_rates(text: str) -> list[str]:
    """The rates of growth of a text, O(n log n), without blanks and with powers in one spelling."""
    squares = str.maketrans({"²": "^2", "³": "^3", "⁴": "^4"})
    return [re.sub(r"[\s{}$\\*·]", "", match["inside"].translate(squares)) for match in _GROWTH.finditer(text)]


def missing(text: str, evidence: Sequence[str]) -> list[str]:
    """The figures of a text that none of the evidence has, in order, as they stand there.

    Numbers within names count as evidence ("7 billion" is in "LLaMA-7B"). A small count in words (two to four) is missing
    only where the evidence counts otherwise, for it may have been counted.
    """
    there = [figure for sentence in evidence for figure in figures(sentence)]
    rates = {rate for sentence in evidence for rate in growth_rates(sentence)}
    inside = {float(number) for sentence in evidence for number in _INSIDE.findall(plain(sentence))}
    lacking = []
    for figure in figures(_GROWTH.sub(" ", text)):
        bare = not (figure.kind or figure.measure or figure.bound)
        counts = [
            other for other in there if not other.kind and 2 <= other.value <= 12 and other.value == int(other.value)
        ]
        within_name = bare and (figure.value in inside or figure.value / 1e9 in inside)
        counted = bare and 2 <= figure.value <= 4 and figure.text.isalpha() and not counts
        if not (within_name or counted or any(same(figure, other) for other in there)):
            lacking.append(figure.text)
    return lacking + [f"O({rate})" for rate in growth_rates(text) if rate not in rates]


def _plain_value(figure: Figure) -> float:
    return figure.value / 100 if figure.kind == "%" else figure.value


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-12)
