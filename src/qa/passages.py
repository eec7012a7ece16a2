"""Cuts an abstract into passages: whole sentences, with their offsets in Python characters.

No sentence is ever cut in its middle, and every character that is not blank belongs to exactly one passage.
"""

import re
from dataclasses import dataclass

RULES_VERSION = 1
"""Raised whenever the mending, passage or token rules change what an index would hold: older ones are rebuilt."""

_END = re.compile(r"[.!?…]+[\"'”’)\]]*(?=\s+(?P<next>\S+))")
_ABBREVIATIONS = frozenset(
    "e.g i.e cf vs viz etc al fig figs eq eqs eqn sec secs tab ref refs ch no nos vol pp approx resp ca dr prof mr mrs ms "
    "st jr inc w.r.t i.i.d a.k.a s.t max min avg incl esp dept univ thm prop lem def cor".split()
)
_MAY_END_A_SENTENCE = frozenset("etc i.i.d al inc no max min def st".split())
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
    passages = []
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
    word = text[: match.start()].rsplit(None, 1)[-1].lstrip("\"'“‘([{") if text[: match.start()].strip() else ""
    if not following or not match[0].startswith("."):
        # Behind "?" or "!" only a lower-case word goes on ("the What? question").
        return not following[:1].islower()
    opens = following[0].isupper() or following[0].isdigit() or not following[0].isalnum()
    plain = word.casefold().rstrip(".")
    if plain in _ABBREVIATIONS:
        return plain in _MAY_END_A_SENTENCE and following[0].isupper() and not match["next"].startswith(("(", "["))
    if re.fullmatch(r"[A-Z]", word) and following[0].isupper():
        # An initial ("J. Smith") unless the letter is a name of its own ("of size K. We show").
        return following.lower() in _OPENERS
    if (
        re.fullmatch(r"\(?(?:\d{1,2}|[ivx]{1,4})", word)
        and match[0] == "."
        and not text[: match.start() - len(word)].strip()
    ):
        return False  # "1. We propose": the numeral of a list
    # Names with a capital or a digit inside ("tpSGD", "diffGrad") may open a sentence in lower case.
    return opens or (
        len(plain) > 3 and re.match(r"[a-z]+[A-Z0-9]|[a-z]{2,}", following) is not None and not _is_name(word)
    )


def _is_name(word: str) -> bool:
    """Whether the full stop belongs to the word before it ("Node.js" never reaches here; "U.S." does)."""
    return bool(re.search(r"\.\w", word))
