"""Reads the figures of a sentence, in digits and in words, with their units and bounds.

Words for small counts are figures too, but "one" is not: it mostly stands for something else. Which figure belongs to
which thing is beyond it.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from qa.text.tokenize import normalize

_MOST, _MOST_DIGITS = 1e300, 300
"""What is beyond is cut to this, so that no figure is infinite."""
_Value = TypeVar("_Value", float, str)


def _by_word(table: Mapping[_Value, str]) -> dict[str, _Value]:
    return {word: value for value, words in table.items() for word in words.split()}


def _any(words: Iterable[str]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS: dict[str, float] = (
    {word: float(i) for i, word in enumerate(_UNITS) if i > 1}
    | {word: 20.0 + 10 * i for i, word in enumerate(_TENS)}
    | {"dozen": 12.0}
)
_SPELLED = {**_WORDS, "one": 1.0, "a": 1.0, "an": 1.0}
_SCALES = _by_word({
    1e2: "hundred", 1e3: "thousand k tausend", 1e6: "million m millions milliones millones millionen",
    1e9: "billion bn b milliard milliards milliarde milliarden", 1e12: "trillion t",
})  # fmt: skip
_ORDERS = {"tens": 1e1, "hundreds": 1e2, "thousands": 1e3, "millions": 1e6, "billions": 1e9}
_TIMES_WORDS = _by_word({
    2.0: "twice double doubles doubled doubling twofold", 3.0: "thrice triple triples tripled tripling threefold",
    4.0: "quadruple quadruples quadrupled fourfold", 5.0: "fivefold", 10.0: "tenfold", 100.0: "hundredfold",
})  # fmt: skip
_FRACTIONS = {"half": 2.0, "third": 3.0, "quarter": 4.0, "fifth": 5.0, "tenth": 10.0}
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6}
_MEASURES = _by_word({
    "ns": "ns nanosecond nanoseconds", "us": "us mus microsecond microseconds", "ms": "ms millisecond milliseconds",
    "s": "s sec second seconds", "min": "min minute minutes", "h": "h hour hours", "day": "day days",
    "week": "week weeks", "month": "month months", "year": "year years", "bit": "bit bits", "byte": "byte bytes",
    "kB": "kb kilobyte kilobytes", "MB": "mb megabyte megabytes", "GB": "gb gigabyte gigabytes",
    "TB": "tb terabyte terabytes", "mm": "mm millimetres millimeters", "cm": "cm centimetre centimetres centimeters",
    "m": "metre metres meter meters", "km": "km kilometres kilometers", "$": "dollar dollars usd",
    "€": "euro euros eur", "£": "pound pounds gbp", "Hz": "hz", "kHz": "khz", "MHz": "mhz", "GHz": "ghz",
})  # fmt: skip

# How a text is spelled before it is read
_SCRIPT = r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
_APART = re.compile(rf"(?<={_SCRIPT})(?=[\dA-Za-z])|(?<=[\dA-Za-z%])(?={_SCRIPT})")
_SUPERSCRIPT = re.compile(r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_LOWERED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_TIMES_BEFORE = re.compile(r"(?<!\d)(?<!\d\s)×\s?(\d+(?:\.\d+)?)(?![\d^])")
_DECIMAL_COMMA = re.compile(r"(?<![\d,.(\[{])(\d+),(\d{1,2})(?=\s?(?:%|×|x\b|[^\W\d_]{2,}))")

# What is a figure
_COUNT = rf"(?:{_any(_SPELLED)}|\d+(?:\.\d+)?)"
_POWER = re.compile(r"(?<![\w.^])(?:(?P<digits>\d+(?:\.\d+)?)\s*x\s*)?10\s?\^\s?\{?(?P<power>[-+]?\d+(?:\.\d+)?)\}?")
_SIZE = re.compile(r"(?<![\w.])\d+(?:\s?x\s{0,2}\d+)+(?!\w)")
_DIGITS = re.compile(r"\d+")
_MAGNITUDES = re.compile(rf"(?<!\w)(?P<count>{_COUNT})\s+(?:full\s+)?orders?[\s-]of[\s-]magnitude", re.I)
_RANKED = re.compile(
    rf"(?<!\w)(?:(?P<word>{_any(_ORDINALS)})(?=[\s-](?:places?|prize|rank(?:ed)?|position|order|degree|moments?|derivatives?)\b)"
    r"|(?P<digits>\d+)(?:st|nd|rd|th))(?!\w)",
    re.I,
)
_PART = re.compile(
    rf"(?<!\w)(?:(?P<whole>{_COUNT})\s+and\s+a\s+half|(?P<halved>half|halve[sd]?|halving)(?!-[^\W\d_])(?:\s+an?\b(?:\s+(?P<scale>million|billion|thousand)\b)?)?|"
    rf"(?P<count>{_COUNT})[\s-]+(?P<part>{_any(_FRACTIONS)})s?|(?P<digit>[1-4])/(?P<of>[2-5]|10)(?![\w/.]))(?!\w)",
    re.I,
)
_ONE_UNIT = re.compile(
    r"(?<!\w)(?:an?|one|a\s+single|1)[\s-]+(?=(?:GPU[\s-])?(?:hour|day|minute|week|month|year)\b)", re.I
)
_NUMBER = re.compile(
    r"(?<![\w.^])(?P<coin>[$€£])?(?P<sign>[-+](?=\d))?(?P<digits>\d+(?:\.\d+)?|\.\d+)(?![\d.]*-(?![GCT]PU)[A-Z]{2})(?:[eE](?P<exponent>-?\d{1,3}))?"
    r"(?:\s*(?P<mark>%|x(?![^\W_]))|(?:\s?(?P<scale>hundred|thousand|(?i:million(?:en|s|es)?|millones|milliarden?|milliards?|billion|trillion|tausend)|bn|[kKMBT]|(?<!\s)[mb]))(?![^\W_]))?"
)
_NAMED = re.compile(r"(?<![^\W_])(?!(?:[a-z]{3,}|Top)-)[^\W_]*[^\W\d_][^\W_]*-$")
_SPOKEN = re.compile(
    rf"(?<!\w)(?:(?P<tens>{_any(_TENS)})-(?P<unit>{_any(_UNITS[1:10])})|(?P<word>{_any(_WORDS)})"
    r"|(?:an?|one|several)(?=\s+(?:hundred|thousand|million|billion)\b))"
    r"(?:[\s-]+(?P<scale>hundred|thousand|million|billion|trillion))?(?:(?P<times>[\s-]*(?:times|fold)\b)|(?P<percent>\s*(?:%|percent|per cent)))?(?!\w)",
    re.I,
)
_ORDER = re.compile(rf"(?<!\w)(?:(?P<of>tens|hundreds)\s+of\s+)?(?P<word>{_any(_ORDERS)})(?!\w)", re.I)
_TIMES = re.compile(
    rf"(?<!\w)(?!triples?\b(?!\s(?:the|its|their|that|in|as)\b))(?P<word>{_any(_TIMES_WORDS)})(?!\w)", re.I
)

# What stands around one
_FOLLOWING = re.compile(r"[\s-]*(?:(?:[GCT]PU|[A-Z]+\d\w*|wall-clock|core|full|extra|more|training)[\s-]+)?([^\W\d_]+)")
_JOINT = re.compile(r"\s*(?:-|to|,|,?\s*(?:and|or))\s*")
_FACTOR = re.compile(
    r"\b(?:factors?|speed-?ups?|accelerations?)\s+(?:of\s+)?(?:(?:[\d.]+x?|about|up|to|and|or|over|between|nearly|almost|roughly)[\s,-]+)*$",
    re.I,
)
_BOUND = re.compile(
    r"(?:(?P<most>up to|at most|maximum of|max\.?|as (?:many|much|high) as|≤|<=)|(?P<least>at least|minimum of|≥|>=)"
    r"|(?P<under>less than|fewer than|under|below|within|<|lower than|smaller than|not even|almost|nearly)"
    r"|(?P<over>more than|greater than|over|above|beyond|exceed(?:s|ed|ing)?|surpass(?:es|ed|ing)?|>|higher than|larger than|upwards of|better than))"
    r"\s*(?:an?\s+|the\s+)?$",
    re.I,
)
_NOT = re.compile(r"(?:\b(?:not|no|never|cannot|without|nor)|n't)\s+$", re.I)
_DENIED = {"over": "most", "under": "least", "most": "over", "least": "under"}
_BOUND_BEHIND = re.compile(
    r"\+(?=[\s-]|$)|[^\W\d_]{0,9}\s*(?:\S{1,12}\s+)?or (?:more|greater|above|higher|longer|larger|(?P<most>less|fewer|below|lower|under|smaller))\b"
)


@dataclass(frozen=True, kw_only=True)
class Number:
    """A figure as it stands in a text: its value, its `kind` ("" a plain number, "%", "x" times as much, "s" an order
    of magnitude: thousands, "th" a rank or an order), the measure behind it ("s", "GB", "" none), the bound before it
    ("over", "under", "most", "least", "" none), and its place in the text as `spelled` gives it."""

    text: str
    value: float
    kind: str = ""
    measure: str = ""
    bound: str = ""
    start: int = 0
    end: int = 0


def find_numbers(text: str) -> list[Number]:
    """The figures of a text in order, without those within names (GPT-4, node2vec); none for an empty text."""
    text = spelled(text)
    found: list[Number] = []
    taken = bytearray(len(text))
    for figure in _candidates(text):
        if not any(taken[figure.start : figure.end]):
            taken[figure.start : figure.end] = b"\1" * (figure.end - figure.start)
            found.append(figure)
    found.sort(key=lambda figure: figure.start)
    after: Number | None = None
    for i, figure in reversed([*enumerate(found)]):
        after = found[i] = replace(_with_unit(text, figure, after), bound=_bound(text, figure))
    return found


def spelled(text: str) -> str:
    """As `normalize`, with raised figures as powers (10⁻⁵ is 10^-5), ×3 as 3×, and 2,5 % with a point."""
    text = _DECIMAL_COMMA.sub(r"\1.\2", apart(text))
    return normalize(_TIMES_BEFORE.sub(r"\1× ", with_powers(text)))


def apart(text: str) -> str:
    """`text` with a blank where Chinese, Japanese or Korean script touches figures or Latin letters."""
    return _APART.sub(" ", text)


def with_powers(text: str) -> str:
    """`text` with raised figures as powers: n² is n^2."""
    return _SUPERSCRIPT.sub(lambda match: f"^{match[0].translate(_LOWERED)}", text)


def _candidates(text: str) -> Iterator[Number]:
    """All readings of a text's figures; of two that overlap the first given is right."""

    def figure(match: re.Match[str], value: float, kind: str = "", measure: str = "") -> Number:
        value = max(-_MOST, min(value, _MOST))
        return Number(
            text=match[0].strip(), value=value, kind=kind, measure=measure, start=match.start(), end=match.end()
        )

    for match in _POWER.finditer(text):
        yield figure(match, float(match["digits"] or 1) * _ten_to(float(match["power"])))
    for match in _SIZE.finditer(text):
        for part in _DIGITS.finditer(text, match.start(), match.end()):
            yield figure(part, float(part[0]))
    for match in _MAGNITUDES.finditer(text):
        yield figure(match, _ten_to(_count(match["count"])), "x")
    for match in _RANKED.finditer(text):
        yield figure(match, float(match["digits"] or _ORDINALS[match["word"].casefold()]), "th")
    for match in _PART.finditer(text):
        if match["whole"]:
            value = _count(match["whole"]) + 0.5
        elif match["halved"]:
            value = 0.5 * _scale(match["scale"])
        elif match["part"]:
            value = _count(match["count"]) / _FRACTIONS[match["part"].casefold()]
        else:
            value = float(match["digit"]) / float(match["of"])
        yield figure(match, value)
    for match in _ONE_UNIT.finditer(text):
        yield figure(match, 1.0)
    for match in _NUMBER.finditer(text):
        if _NAMED.search(text, max(0, match.start() - 30), match.start()):
            continue
        value = float(f"{match['sign'] or ''}{match['digits']}") * _ten_to(float(match["exponent"] or 0))
        mathematics = match["coin"] == "$" and "$" in text[match.end() : match.end() + 40]
        coin = "" if mathematics else match["coin"] or ""
        yield figure(match, value * _scale(match["scale"]), match["mark"] or "", coin)
    for match in _SPOKEN.finditer(text):
        value = _count(match["tens"]) + _count(match["unit"]) if match["tens"] else _count(match["word"] or "one")
        kind = "x" if match["times"] else "%" if match["percent"] else ""
        yield figure(match, value * _scale(match["scale"]), kind)
    for match in _ORDER.finditer(text):
        yield figure(match, _ORDERS[match["word"].casefold()] * _ORDERS.get((match["of"] or "").casefold(), 1.0), "s")
    for match in _TIMES.finditer(text):
        yield figure(match, _TIMES_WORDS[match["word"].casefold()], "x")


def _ten_to(power: float) -> float:
    return 10.0 ** max(-_MOST_DIGITS, min(power, _MOST_DIGITS))


def _count(word: str) -> float:
    return _SPELLED[word.casefold()] if word.casefold() in _SPELLED else float(word)


def _scale(word: str | None) -> float:
    return _SCALES[word.casefold()] if word else 1.0


def _with_unit(text: str, figure: Number, after: Number | None) -> Number:
    """A figure with the unit behind it, or behind the next one that it shares it with: "5-15 %", "10, 20 and 30 minutes"."""
    if figure.kind or figure.measure:
        return figure
    year = 1900 <= figure.value <= 2100
    following = _FOLLOWING.match(text, figure.end)
    if following and not (year and following[1] == "s"):
        figure = replace(figure, measure=_MEASURES.get(following[1].casefold(), ""))
    may_share = not figure.measure and not year
    if may_share and after and after.kind in ("", "%", "x") and _JOINT.fullmatch(text, figure.end, after.start):
        figure = replace(figure, kind=after.kind, measure=after.measure)
    if not figure.kind and not figure.measure and _FACTOR.search(text[max(0, figure.start - 50) : figure.start]):
        figure = replace(figure, kind="x")
    return figure


def _bound(text: str, figure: Number) -> str:
    before = text[max(0, figure.start - 30) : figure.start]
    if (match := _BOUND.search(before)) and (name := match.lastgroup):
        return _DENIED[name] if _NOT.search(before[: match.start()]) else name
    behind = _BOUND_BEHIND.match(text, figure.end)
    return "" if not behind else "most" if behind["most"] else "least"
