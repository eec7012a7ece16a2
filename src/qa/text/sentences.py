"""Cuts an abstract into passages: whole sentences, with their offsets in Python characters.

No sentence is ever cut in its middle, and every character that is not blank belongs to exactly one passage.
"""

import re
from dataclasses import dataclass

RULES_VERSION = 2
"""Increased whenever the cleaning, passage or token rules change what an index would hold: older ones are rebuilt."""

_END = re.compile(r"(?<![.!?…])[.!?…]+[\"'”’)\]]*(?=\s+(?P<next>\S+))")
_ABBREVIATIONS = frozenset(
    "e.g i.e cf vs viz etc al fig figs eq eqs eqn sec secs tab ref refs ch no nos vol pp approx resp ca dr prof mr mrs ms "
    "st jr inc w.r.t i.i.d a.k.a s.t max min avg incl esp dept univ thm prop lem def cor".split()
)
_MONTHS = frozenset("jan feb mar apr jun jul aug sep sept oct nov dec".split())
_MAY_END_A_SENTENCE = frozenset("etc i.i.d al inc no max min def".split())
"""Abbreviations behind which a capital does open a new sentence, unless a figure or a bracket follows."""

_OPENERS = frozenset(
    "a after all also although an as based both by each experiments finally first for from furthermore given hence here "
    "however if in it its moreover on only our results second since such that the then there these they this those thus "
    "to under unlike using we when where which while with".split()
)
"""Words that open a sentence behind a lone capital: \"of size K. We show\", but \"J. Smith\"."""


@dataclass(frozen=True, kw_only=True)
class Passage:
    """A sentence of an abstract: `abstract[start:end] == text`."""

    text: str
    start: int
    end: int


def split_passages(abstract: str) -> tuple[Passage, ...]:
    """The sentences of an abstract in order; an empty or blank abstract gives none."""
    cuts = [match.end() for match in _END.finditer(abstract) if _ends_sentence(abstract, match)]
    passages: list[Passage] = []
    start = 0
    for end in [*cuts, len(abstract)]:
        piece = abstract[start:end]
        text = piece.strip()
        if text:
            begin = start + len(piece) - len(piece.lstrip())
            passages.append(Passage(text=text, start=begin, end=begin + len(text)))
        start = end
    return tuple(passages)


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    following = match["next"].lstrip("\"'“‘([")
    before = text[: match.start()].rstrip()
    word = before.rsplit(None, 1)[-1].lstrip("\"'“‘([{") if before else ""
    if not following or match[0][0] in "!?…" or match[0].startswith(".."):
        # After "?", "!" and an ellipsis a lower-case word continues the sentence ("the What? question").
        return not following[:1].islower()
    plain = word.casefold().rstrip(".")
    if plain in _ABBREVIATIONS:
        return plain in _MAY_END_A_SENTENCE and following[0].isupper() and not match["next"].startswith(("(", "["))
    if plain in _MONTHS and following[0].isdigit():
        return False
    if re.fullmatch(r"(?:[A-Z]\.?-?){1,4}", word) and following[0].isupper() and (len(word) == 1 or "." in word):
        # Initials ("J. Smith", "U.S. Census") unless the letter is a name of its own ("of size K. We show").
        return following.lower() in _OPENERS
    numeral = re.fullmatch(r"\(?(?:\d{1,2}|[ivx]{1,4})", word)
    if numeral and match[0] == "." and before[: -len(word)].rstrip()[-1:] in (*".!?:;", ""):
        return False  # "1. We propose": the numeral of a list
    # Names with a capital or a digit inside ("tpSGD", "wav2vec") may open a sentence in lower case.
    opens = not following[0].islower() or re.match(r"[a-z]+[A-Z0-9]", following) is not None
    return opens or (len(plain) > 3 and "." not in word)
