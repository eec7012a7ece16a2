"""The figures of a sentence, so that one told otherwise is the same and another is not: `3x` is three times, an hour is
60 minutes, 81.4 is not 84.1.

Words for small counts are figures too, but "one" is not: it mostly stands for something else. Which figure belongs to
which thing is beyond it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from qa.tokens import plain

_UNITS = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS: dict[str, float] = (
    {word: float(i) for i, word in enumerate(_UNITS) if i > 1}
    | {word: 20.0 + 10 * i for i, word in enumerate(_TENS)}
    | {"dozen": 12.0}
)
_SCALES = {"hundred": 1e2, "thousand": 1e3, "k": 1e3, "million": 1e6, **dict.fromkeys(("millionen", "millions", "millones", "milliones"), 1e6), "m": 1e6, "billion": 1e9, **dict.fromkeys(("milliarde", "milliarden", "milliard", "milliards"), 1e9), "tausend": 1e3, "bn": 1e9, "b": 1e9, "trillion": 1e12, "t": 1e12}  # fmt: skip
_TIMES_WORDS = {
    "twice": 2.0, "double": 2.0, "doubles": 2.0, "doubled": 2.0, "doubling": 2.0, "twofold": 2.0, "thrice": 3.0, "triple": 3.0,
    "triples": 3.0, "tripled": 3.0, "tripling": 3.0, "threefold": 3.0, "quadruple": 4.0, "quadruples": 4.0, "quadrupled": 4.0,
    "fourfold": 4.0, "fivefold": 5.0, "tenfold": 10.0, "hundredfold": 100.0,
}  # fmt: skip
_FRACTIONS = {"half": 2.0, "third": 3.0, "quarter": 4.0, "fifth": 5.0, "tenth": 10.0}
_ORDINALS: dict[str, int] = dict(zip("first second third fourth fifth sixth".split(), range(1, 7), strict=True))
_MEASURES = {
    **dict.fromkeys(("s", "sec", "second", "seconds"), "s"), **dict.fromkeys(("ms", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("us", "mus", "microsecond", "microseconds"), "us"), **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), "ns"),
    **dict.fromkeys(("minute", "minutes", "min"), "min"), **dict.fromkeys(("hour", "hours", "h"), "h"),
    **dict.fromkeys(("day", "days"), "day"), **dict.fromkeys(("week", "weeks"), "week"),
    **dict.fromkeys(("month", "months"), "month"), **dict.fromkeys(("year", "years"), "year"),
    **dict.fromkeys(("kb", "kilobyte", "kilobytes"), "kB"), **dict.fromkeys(("mb", "megabyte", "megabytes"), "MB"),
    **dict.fromkeys(("gb", "gigabyte", "gigabytes"), "GB"), **dict.fromkeys(("tb", "terabyte", "terabytes"), "TB"),
    **dict.fromkeys(("bit", "bits"), "bit"), **dict.fromkeys(("byte", "bytes"), "byte"), **dict.fromkeys(("mm", "millimetres", "millimeters"), "mm"),
    **dict.fromkeys(("cm", "centimetre", "centimetres", "centimeters"), "cm"), **dict.fromkeys(("metre", "metres", "meter", "meters"), "m"),
    **dict.fromkeys(("km", "kilometres", "kilometers"), "km"), **dict.fromkeys(("dollar", "dollars", "usd"), "$"),
    **dict.fromkeys(("euro", "euros", "eur"), "€"), **dict.fromkeys(("pound", "pounds", "gbp"), "£"),
    "hz": "Hz", "khz": "kHz", "mhz": "MHz", "ghz": "GHz",
}  # fmt: skip
_IN_BASE = {
    "ns": ("s", 1e-9), "us": ("s", 1e-6), "ms": ("s", 1e-3), "min": ("s", 60.0), "h": ("s", 3600.0), "day": ("s", 86400.0),
    "week": ("s", 604800.0), "year": ("month", 12.0), "kB": ("byte", 1e3), "MB": ("byte", 1e6), "GB": ("byte", 1e9),
    "TB": ("byte", 1e12), "mm": ("m", 1e-3), "cm": ("m", 1e-2), "km": ("m", 1e3), "kHz": ("Hz", 1e3), "MHz": ("Hz", 1e6),
    "GHz": ("Hz", 1e9),
}  # fmt: skip
_NOT = re.compile(r"(?:\b(?:not|no|never|cannot|without|nor)|n't)\s+$", re.IGNORECASE)
_BOUNDS = (
    ("most", re.compile(r"(?:up to|at most|maximum of|max\.?|as (?:many|much|high) as|≤|<=)\s*(?:an?\s+|the\s+)?$", re.I)),
    ("least", re.compile(r"(?:at least|minimum of|≥|>=)\s*(?:an?\s+|the\s+)?$", re.I)),
    ("under", re.compile(r"(?:less than|fewer than|under|below|within|<|lower than|smaller than|not even|almost|nearly)\s*(?:an?\s+|the\s+)?$", re.I)),
    ("over", re.compile(r"(?:more than|greater than|over|above|beyond|exceed(?:s|ed|ing)?|surpass(?:es|ed|ing)?|>|higher than|larger than|upwards of|better than)\s*(?:an?\s+|the\s+)?$", re.I)),
)  # fmt: skip
_BOUND_BEHIND = re.compile(
    r"(?P<plus>\+)(?=[\s-]|$)|[^\W\d_]{0,9}\s*(?:\S{1,12}\s+)?or (?:(?P<least>more|greater|above|higher|longer|larger)|(?P<most>less|fewer|below|lower|under|smaller))\b"
)
_DENIED = {"over": "most", "under": "least", "most": "over", "least": "under"}
_OPPOSED = {frozenset(pair) for pair in (("most", "least"), ("most", "over"), ("under", "least"), ("under", "over"))}

_SPELLED = {**_WORDS, "one": 1.0, "a": 1.0, "an": 1.0}
_COUNT = rf"(?:{'|'.join(sorted(_SPELLED, key=len, reverse=True))}|\d+(?:\.\d+)?)"
_SUPERSCRIPT = re.compile(r"[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+")
_TIMES_BEFORE = re.compile(r"(?<!\d)(?<!\d\s)×\s?(\d+(?:\.\d+)?)(?![\d^])")
_DECIMAL_COMMA = re.compile(r"(?<![\d,.(\[{])(\d+),(\d{1,2})(?=\s?(?:%|×|x\b|[^\W\d_]{2,}))")
_APART = re.compile(
    r"(?<=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])(?=[\dA-Za-z])|(?<=[\dA-Za-z%])(?=[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])"
)
_RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_POWER = re.compile(r"(?<![\w.^])(?:(?P<digits>\d+(?:\.\d+)?)\s*x\s*)?10\s?\^\s?\{?(?P<power>[-+]?\d+(?:\.\d+)?)\}?")
_SIZE = re.compile(r"(?<![\w.])\d+(?:\s?x\s{0,2}\d+)+(?!\w)")
_MAGNITUDES = re.compile(rf"(?<!\w)(?P<count>{_COUNT})\s+(?:full\s+)?orders?[\s-]of[\s-]magnitude", re.IGNORECASE)
_PART = re.compile(
    rf"(?<!\w)(?:(?P<whole>{_COUNT})\s+and\s+a\s+half|(?P<halved>half|halves|halved?|halving)(?!-[^\W\d_])(?:\s+an?\b(?:\s+(?P<scale>million|billion|thousand)\b)?)?|"
    rf"(?P<count>{_COUNT})[\s-]+(?P<part>half|third|quarter|fifth|tenth)s?|(?P<digit>[1-4])/(?P<of>[2-5]|10)(?![\w/.]))(?!\w)",
    re.IGNORECASE,
)
_RANKED = re.compile(
    r"(?<!\w)(?:(?P<word>first|second|third|fourth|fifth|sixth)(?=[\s-](?:places?|prize|rank(?:ed)?|position|order|degree|moments?|derivatives?)\b)"
    r"|(?P<digits>\d+)(?:st|nd|rd|th))(?!\w)",
    re.IGNORECASE,
)
_ONE_UNIT = re.compile(
    r"(?<!\w)(?:an?|one|a\s+single|1)[\s-]+(?=(?:GPU[\s-])?(?:hour|day|minute|week|month|year)\b)", re.I
)
_NUMBER = re.compile(
    r"(?<![\w.^])(?P<coin>[$€£])?(?P<sign>[-+](?=\d))?(?P<digits>\d+(?:\.\d+)?|\.\d+)(?![\d.]*-(?![GCT]PU)[A-Z]{2})(?:[eE](?P<exponent>-?\d{1,3}))?"
    r"(?:\s*(?P<mark>%|x(?![^\W_]))|(?:\s?(?P<scale>hundred|thousand|(?i:million(?:en|s|es)?|millones|milliarden?|milliards?|billion|trillion|tausend)|bn|[kKMBT])|(?P<small>[mb]))(?![^\W_]))?"
)
_INSIDE = re.compile(r"\d+(?:\.\d+)?")
_NAMED = re.compile(r"(?<![^\W_])(?!(?:[a-z]{3,}|Top)-)[^\W_]*[^\W\d_][^\W_]*-$")
_SPOKEN = re.compile(
    rf"(?<!\w)(?:(?P<tens>{'|'.join(_TENS)})-(?P<unit>{'|'.join(_UNITS[1:10])})|(?P<word>{'|'.join(sorted(_WORDS, key=len, reverse=True))})"
    r"|(?:an?|one|several)(?=\s+(?:hundred|thousand|million|billion)\b))"
    r"(?:[\s-]+(?P<scale>hundred|thousand|million|billion|trillion))?(?:(?P<times>[\s-]*(?:times|fold)\b)|(?P<percent>\s*(?:%|percent|per cent)))?(?!\w)",
    re.IGNORECASE,
)
_ORDERS = {"tens": 1e1, "hundreds": 1e2, "thousands": 1e3, "millions": 1e6, "billions": 1e9}
_ORDER = re.compile(rf"(?<!\w)(?:(?P<of>tens|hundreds)\s+of\s+)?(?P<word>{'|'.join(_ORDERS)})(?!\w)", re.IGNORECASE)
_TIMES = re.compile(
    rf"(?<!\w)(?P<word>{'|'.join(_TIMES_WORDS)})(?!\w)(?<!triple)(?<!triples)|(?<!\w)(?P<verb>triples?)(?=\s(?:the|its|their|that|in|as)\b)",
    re.IGNORECASE,
)
_GROWTH = re.compile(r"(?<![\w])(?:O|Omega|Theta|Ω|Θ|Õ|o)\((?P<inside>[^()]*(?:\([^()]*\)[^()]*)*)\)")
_MOST = 1e300
_RATES = {"1": "constant", "n": "linear", "n^2": "quadratic", "n^3": "cubic", "logn": "logarithmic"}
_FOLLOWING = re.compile(r"[\s-]*(?:(?:[GCT]PU|[A-Z]+\d\w*|wall-clock|core|full|extra|more|training)[\s-]+)?([^\W\d_]+)")
_FACTOR = re.compile(
    r"\b(?:factors?|speed-?ups?|accelerations?)\s+(?:of\s+)?(?:(?:[\d.]+x?|about|up|to|and|or|over|between|nearly|almost|roughly)[\s,-]+)*$",
    re.IGNORECASE,
)
_JOINT = re.compile(r"\s*(?:-|to|and|or|,|,\s*and|,\s*or)\s*")
_FROM = re.compile(r"\bfrom\s+(?:\S+\s+)?$", re.IGNORECASE)
_TO = re.compile(r"[^,.;()]{0,30}?\b(?:down\s+|up\s+)?to\s+(?:\S+\s+)?$", re.IGNORECASE)
_ONE = re.compile(r"\b(?:one|single|an?|each|per)\b", re.IGNORECASE)
_TWO = re.compile(r"\b(?:both|pairs?|couple|dual|twin|either|neither)\b", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Figure:
    """A figure as it stands in a text: its value, its `kind` ("" a plain number, "%", "x" times as much, "s" an order
    of magnitude: thousands, "th" a rank or an order), the measure behind it ("s", "GB", "" none), the bound before it
    ("over", "under", "most", "least", "" none), and its place in the text as `plain` spells it."""

    text: str
    value: float
    kind: str = ""
    measure: str = ""
    bound: str = ""
    start: int = 0
    end: int = 0


def figures(text: str) -> list[Figure]:
    """The figures of a text in order, without those within names (GPT-4, node2vec); none for an empty text."""
    text = _spelling(text)
    found: list[Figure] = []
    for figure in _candidates(text):
        if not any(figure.start < other.end and other.start < figure.end for other in found):
            found.append(figure)
    found.sort(key=lambda figure: figure.start)
    for i in reversed(range(len(found))):
        figure = found[i]
        following = _FOLLOWING.match(text, figure.end)
        year = 1900 <= figure.value <= 2100
        if not figure.measure and not figure.kind and following and not (year and following[1] == "s"):
            figure = replace(figure, measure=_MEASURES.get(following[1].casefold(), ""))
        if i + 1 < len(found) and not figure.kind and not figure.measure:
            after = found[i + 1]  # "5-15 %", "1.25 to 4x", "10, 20 and 30 minutes"
            if not year and after.kind in ("", "%", "x") and _JOINT.fullmatch(text[figure.end : after.start]):
                figure = replace(figure, kind=after.kind, measure=after.measure)
        if not figure.kind and not figure.measure and _FACTOR.search(text[max(0, figure.start - 50) : figure.start]):
            figure = replace(figure, kind="x")
        found[i] = replace(figure, bound=_bound(text, figure))
    return found


def same(one: Figure, other: Figure) -> bool:
    """Whether two figures say the same: 3x and three times, half and 50 %, 1.5 billion and 1.5B, an hour and 60 minutes."""
    if frozenset((one.bound, other.bound)) in _OPPOSED or ("s" in (one.kind, other.kind) and one.kind != other.kind):
        return False
    if one.measure and other.measure and one.measure != other.measure:
        (a_base, a), (b_base, b) = (_IN_BASE.get(figure.measure, (figure.measure, 1.0)) for figure in (one, other))
        return a_base == b_base and _close(one.value * a, other.value * b)
    a, b = _plain_value(one), _plain_value(other)
    if one.kind == other.kind or "" in (one.kind, other.kind):
        if _close(one.value, other.value):
            return True
        if "%" in (one.kind, other.kind) and (_close(a, b) or _third(a, b)):
            return True
    if {one.kind, other.kind} == {"%", "x"} and _close(a, b):
        return True  # 300 % and three times
    halves = {0.5, 2.0}  # "halves the cost" and "twice as cheap"
    return a in halves and b in halves and ("x" in (one.kind, other.kind))


def growth_rates(text: str) -> list[str]:
    """The rates of growth of a text, O(n log n), in small letters, without blanks and inner brackets and with powers in
    one spelling."""
    return [_squeezed(match["inside"]) for match in _GROWTH.finditer(text)]


def missing(text: str, evidence: Sequence[str]) -> list[str]:
    """The figures of a text that none of the evidence has, in order, as they stand there.

    Numbers within names count as evidence ("7 billion" is in "LLaMA-7B"). A small count in words (two to four) is missing
    only where the evidence counts otherwise, for it may have been counted. "Thousands" may be said of 2,500, and "from 5
    to 3" is missing where the evidence goes from 3 to 5.
    """
    there = [figures(sentence) for sentence in evidence]
    every = [figure for found in there for figure in found]
    inside = {number for sentence, found in zip(evidence, there, strict=True) for number in _others(sentence, found)}
    joined = " ".join(evidence)
    own = figures(_GROWTH.sub(" ", text))
    lacking = [
        figure.text
        for figure in own
        if not (
            any(same(figure, other) and not _vague(figure, other) for other in every)
            or _implied(figure, every, inside, joined)
        )
    ]
    ways = {way for sentence, found in zip(evidence, there, strict=True) for way in _ways(sentence, found)}
    lacking += [
        f"from {one.text} to {other.text}"
        for (one, other) in _from_to(_spelling(_GROWTH.sub(" ", text)), own)
        if (other.value, one.value) in ways and (one.value, other.value) not in ways
    ]
    rates = growth_rates(joined)
    for match in _GROWTH.finditer(text):
        rate = _squeezed(match["inside"])
        if rate not in rates and not _told(rate, rates, joined):
            lacking.append(match[0])
    return lacking


def apart(text: str) -> str:
    """`text` with a blank where Chinese, Japanese or Korean script touches figures or Latin letters."""
    return _APART.sub(" ", text)


def _spelling(text: str) -> str:
    """As `plain`, with raised figures as powers (10⁻⁵ is 10^-5), ×3 as 3×, and 2,5 % with a point."""
    text = _DECIMAL_COMMA.sub(r"\1.\2", apart(text))
    return plain(_TIMES_BEFORE.sub(r"\1× ", _SUPERSCRIPT.sub(_raised, text)))


def _raised(match: re.Match[str]) -> str:
    return f"^{match[0].translate(_RAISED)}"


def _candidates(text: str) -> Iterator[Figure]:
    """All readings of a text's figures; of two that overlap the first given is right."""

    def figure(match: re.Match[str], value: float, kind: str = "", measure: str = "") -> Figure:
        value = max(-_MOST, min(value, _MOST))  # no number overflows
        return Figure(
            text=match[0].strip(), value=value, kind=kind, measure=measure, start=match.start(), end=match.end()
        )

    for match in _POWER.finditer(text):
        yield figure(match, float(match["digits"] or 1) * 10.0 ** max(-300.0, min(float(match["power"]), 300.0)))
    for match in _SIZE.finditer(text):
        for part in re.finditer(r"\d+", match[0]):
            start = match.start() + part.start()
            yield Figure(text=part[0], value=min(float(part[0]), _MOST), start=start, end=start + len(part[0]))
    for match in _MAGNITUDES.finditer(text):
        yield figure(match, 10.0 ** min(_count(match["count"]), 300.0), "x")
    for match in _RANKED.finditer(text):
        yield figure(match, float(match["digits"] or _ORDINALS[(match["word"] or "first").casefold()]), "th")
    for match in _PART.finditer(text):
        if match["whole"]:
            value = _count(match["whole"]) + 0.5
        elif match["halved"]:
            value = 0.5 * _SCALES.get((match["scale"] or "").casefold(), 1.0)
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
        value = float(f"{match['sign'] or ''}{match['digits']}") * 10.0 ** max(
            -300, min(int(match["exponent"] or 0), 300)
        )
        value *= _SCALES.get((match["scale"] or match["small"] or "").casefold(), 1.0)
        mathematics = match["coin"] == "$" and "$" in text[match.end() : match.end() + 40]
        yield figure(
            match,
            value,
            match["mark"] or "",
            "" if mathematics else match["coin"] or "",
        )
    for match in _SPOKEN.finditer(text):
        value = _WORDS[match["word"].casefold()] if match["word"] else 1.0
        if match["tens"]:
            value = _WORDS[match["tens"].casefold()] + _SPELLED[match["unit"].casefold()]
        value *= _SCALES.get((match["scale"] or "").casefold(), 1.0)
        yield figure(match, value, "x" if match["times"] else "%" if match["percent"] else "")
    for match in _ORDER.finditer(text):
        yield figure(match, _ORDERS[match["word"].casefold()] * _ORDERS.get((match["of"] or "").casefold(), 1.0), "s")
    for match in _TIMES.finditer(text):
        yield figure(match, _TIMES_WORDS[(match["word"] or match["verb"]).casefold()], "x")


def _count(word: str) -> float:
    return _SPELLED[word.casefold()] if word.casefold() in _SPELLED else float(word)


def _bound(text: str, figure: Figure) -> str:
    before = text[max(0, figure.start - 30) : figure.start]
    for name, pattern in _BOUNDS:
        if match := pattern.search(before):
            return _DENIED[name] if _NOT.search(before[: match.start()]) else name
    behind = _BOUND_BEHIND.match(text, figure.end)
    return "" if not behind else "most" if behind["most"] else "least"


def _vague(figure: Figure, there: Figure) -> bool:
    """Whether the evidence has the number, but not as so many hours or times."""
    timed = bool(figure.measure) and not there.measure
    times = figure.kind == "x" and there.value == int(there.value)
    return not there.kind and (timed or times)


def _others(text: str, found: Sequence[Figure]) -> Iterator[float]:
    """The numbers of a text that are no figures of it: those within names."""
    letters = list(_spelling(text))
    for figure in found:
        letters[figure.start : figure.end] = " " * (figure.end - figure.start)
    return (float(number) for number in _INSIDE.findall("".join(letters)))


def _implied(figure: Figure, there: Sequence[Figure], inside: set[float], evidence: str) -> bool:
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


def _from_to(text: str, found: Sequence[Figure]) -> Iterator[tuple[Figure, Figure]]:
    """The pairs of figures of which a text says that something goes from the first to the second."""
    for one, other in pairwise(found):
        if _FROM.search(text[: one.start]) and _TO.fullmatch(text[one.end : other.start]):
            yield one, other
        elif re.search(r"\bto\s+$", text[: one.start]) and _FROM.search(text[one.end : other.start]):
            yield other, one


def _ways(text: str, found: Sequence[Figure]) -> Iterator[tuple[float, float]]:
    return ((one.value, other.value) for one, other in _from_to(_spelling(text), found))


def _squeezed(text: str) -> str:
    return re.sub(r"[\s{}()$\\*·]|sqrt(?=\()", "", _SUPERSCRIPT.sub(_raised, text)).casefold()


def _told(rate: str, rates: Sequence[str], evidence: str) -> bool:
    """Whether a text without an O(…) tells a rate otherwise: "at a rate of 1/T", "in quadratic time"."""
    word = _RATES.get(re.sub(r"[a-z]", "n", rate) if len(rate) < 4 else rate)
    plainly = len(rate) > 2 and rate in _squeezed(evidence)
    return not rates and (plainly or bool(word and re.search(rf"\b{word}", evidence, re.IGNORECASE)))


def _plain_value(figure: Figure) -> float:
    return figure.value / 100 if figure.kind == "%" else figure.value


def _third(a: float, b: float) -> bool:
    """Whether one is a third or two, and the other the same in percent, which is never exact."""
    return abs(a - b) < 0.006 and any(_close(3 * value, times) for value in (a, b) for times in (1, 2))


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= 1e-9 * max(abs(a), abs(b), 1e-12)
