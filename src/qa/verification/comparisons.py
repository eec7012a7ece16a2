"""Comparisons in a sentence ("faster than", "outperforms"): which sides they have, and which side they favour."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from qa.text.tokenize import root, tokens

_CLAUSE = re.compile(
    r"[.;:,()]\s|\s(?:while|whereas|although|though|but|and|which|because|since|than|when|where|if|instead of|rather than|unlike)\s",
    re.IGNORECASE,
)

_BETTER = "outperform surpass exceed beat outdo outstrip overtake dominate excel top"
_WORSE = "trail lag underperform"
_VERB = re.compile(
    rf"\b(?:(?P<better>{'|'.join(_BETTER.split())})|(?P<worse>{'|'.join(_WORSE.split())}))(?:s|es|ed|ing|en|ped|ping|ged|ging)?\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"\b(?:superior to|ahead of|(?:improv\w*|gains?|advantage|edge|superiority) (?:up)?on|(?:improv\w*|gains?|advantage|edge|"
    r"superiority|advance\w*) over)\b",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"\b(?:inferior to|(?:falls?|fell|comes?|came|is|are) (?:\w+ )?(?:behind|short of)|loses? (?:\w+ ){0,2}to)\b",
    re.IGNORECASE,
)
_SHORT = (
    "better worse faster slower quicker higher lower larger smaller bigger greater lesser stronger weaker longer shorter wider narrower "
    "broader deeper shallower thicker thinner cheaper richer poorer simpler easier harder softer tougher tighter looser sharper smoother "
    "rougher flatter steeper lighter heavier denser sparser earlier later newer older younger closer nearer farther safer finer coarser "
    "cleaner milder stricter warmer colder hotter cooler fairer rarer fuller brighter darker noisier louder quieter taller"
)
"""Comparatives of one word are told by a list: most words in -er are things (layer, transformer)."""
_COMPARATIVE = re.compile(
    rf"\b(?:(?:more|less|fewer)\b(?:\s+(?!than\b)\w+ly\b)?(?:\s+(?!than\b)\w+)?|(?:{'|'.join(_SHORT.split())})\b)",
    re.IGNORECASE,
)
_THAN = re.compile(r"(?<!rather )(?<!other )\bthan\b", re.IGNORECASE)
_FAR = 70
"""Characters from a comparative to its "than" at most."""
_FASTER = re.compile(
    r"^(?:against|compared (?:to|with)|relative to|over|than) (?P<than>[^,]+), (?P<left>.+?)\b(?:speed(?:s|ed|ing)?\b.{0,40}?\bup|"
    r"speed-?ups?|accelerat\w+|(?:is|are|runs?|trains?) (?:\S+ ){0,4}?faster)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(
    r"\s*(?:\d|half|one|two|three|ten|twice|expected|usual|an?\s(?:few|single|couple|dozen|hundred|thousand|million|billion|half|third|"
    r"quarter|fifth|tenth|second|minute|hour|day|week|month|year)\b)",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|never|no|cannot|neither|nor|hardly)\b|n['’]t\b", re.IGNORECASE)
_STOP = re.compile(r"[.;:]\s|,?\s(?:while|whereas|although|though|but|yet)\s", re.IGNORECASE)
_UP = {root(word) for word in "more higher better larger greater bigger stronger longer wider".split()}
_DOWN = {root(word) for word in "less fewer lower worse smaller weaker shorter narrower".split()}
_SPEED = {root(word): sign for word, sign in (("faster", 1), ("quicker", 1), ("slower", -1))}


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """`left` is said to be more (`sign` 1) or less (-1) of `quality` than `right`; both sides as their tokens."""

    left: frozenset[str]
    right: frozenset[str]
    quality: str
    sign: int


def clauses(text: str) -> list[str]:
    """The clauses of a text, roughly: what stands between commas, conjunctions and relative pronouns."""
    return [clause for clause in _CLAUSE.split(text) if clause and clause.strip()]


def comparisons(text: str) -> list[Comparison]:
    """The comparisons of a text that can be read: with "than", with verbs such as "outperform", with "ahead of"."""
    return [found for clause in _STOP.split(text) if clause and (found := _comparison(clause))]


def compared_otherwise(text: str, evidence: Sequence[str]) -> bool:
    """Whether a comparison is stated from its other side: "A is better than B" and "B is worse than A"."""
    for one in comparisons(text):
        for other in comparisons(" ".join(evidence)):
            left, right, other_left, other_right = _own_sides(one, other)
            across = bool(left & other_right) + bool(right & other_left)
            along = bool(left & other_left) + bool(right & other_right)
            if across > along and _same_direction(one, other) != 1:
                return True
    return False


def _comparison(clause: str) -> Comparison | None:
    for than in _THAN.finditer(clause):
        right = clause[than.end() :]
        near = [*_COMPARATIVE.finditer(clause, max(0, than.start() - _FAR), than.start())]
        if near and not _AMOUNT.match(right):
            quality, sign = _quality(near[-1][0].casefold().split())
            return _sides(clause[: near[-1].start()], clause[near[-1].end() : than.start()], right, quality, sign)
    if faster := _FASTER.search(clause.strip()):
        return _sides(faster["left"], "", faster["than"], "speed", 1)
    for pattern in (_VERB, _AHEAD, _BEHIND):
        match = pattern.search(clause)
        if not match:
            continue
        sign = -1 if pattern is _BEHIND or (pattern is _VERB and match["worse"]) else 1
        left, right = clause[: match.start()], clause[match.end() :]
        if re.match(r"\s*by\b", right) and re.search(r"\b(?:is|are|was|were|be|been)\s*(?:\w+ly\s*)?$", left):
            return _sides(re.sub(r"^\s*by\b", "", right), "", left, "", sign)
        return _sides(left, "", right, "", sign)
    return None


def _quality(how: Sequence[str]) -> tuple[str, int]:
    """What is compared ("" as good as anything) and whether it is more of it (1) or less (-1)."""
    first = root(how[0])
    if first in _SPEED:
        return "speed", _SPEED[first]
    sign = -1 if first in _DOWN else 1
    quality = root(how[-1]) if len(how) > 1 else "" if first in _UP | _DOWN else first
    return quality, sign


def _sides(left: str, between: str, right: str, quality: str, sign: int) -> Comparison:
    if _NOT.search(left.rsplit(", ", 1)[-1][-60:]):
        sign = -sign
    return Comparison(
        left=frozenset(tokens(f"{left} {between}")), right=frozenset(tokens(right)), quality=quality, sign=sign
    )


def _same_direction(one: Comparison, other: Comparison) -> int:
    """1 and -1 where two comparisons go the same or the opposite way, 0 where that cannot be told."""
    return one.sign * other.sign if one.quality == other.quality else 0


def _own_sides(one: Comparison, other: Comparison) -> tuple[frozenset[str], ...]:
    """The four sides without what stands on both sides of one comparison."""
    both = (one.left & one.right) | (other.left & other.right)
    return one.left - both, one.right - both, other.left - both, other.right - both
