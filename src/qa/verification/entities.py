"""The names and acronyms of a sentence, and which of them a text does not have, however it spells them."""

import re
from collections.abc import Iterable

from qa.text.tokenize import STOP_WORDS, normalize, tokens
from qa.verification.numbers import apart

_CANDIDATE = re.compile(r"[^\W_]+(?:[-'’+/&.^*_][^\W_]+)*(?:\+{1,2}|\*)?")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;]\s+|[\"“(]\s*)$")
_NUMBERED = re.compile(r"\d{1,2}-(?P<kind>[A-Z]{2,}s?)")
_PREFIX = re.compile(
    r"\b(auto|multi|hyper|meta|back|over|non|semi|super|sub|inter|pre|spatio|micro|electro|cyber)(?=[a-z]{3})"
)
_ANYWHERE = 5
"""A name of so many letters may stand within a longer word of the text; GAT stands in "mitigate"."""
_LONGEST_ACRONYM = 12
_COMMON = frozenset(
    "AI ML DL NLP CV GPU GPUs CPU CPUs TPU TPUs RAM API 1D 2D 3D 4D vs SOTA RGB URL ID OK PhD e.g i.e The This These Those In On For "
    "It Its Their They Both All Each By As At An A One Two Three I II III IV We Our English".split()
)
"""Written in capitals without naming anything that a paper could be asked for."""


def names_in(sentence: str) -> list[str]:
    """The names of a sentence in order, each once: words with capitals inside, with capitals and digits, or with a capital
    within a sentence. A word with one capital that opens the sentence may be any word and is left out."""
    sentence = apart(sentence)
    found: dict[str, None] = {}
    for match in _CANDIDATE.finditer(sentence):
        word = re.sub(r"['’]s?$", "", match[0])
        opens = bool(_SENTENCE_START.search(sentence[: match.start()]))
        numbered = _NUMBERED.fullmatch(word)
        whole = numbered["kind"] not in _COMMON if numbered else _is_coined(word) and not word[0].isdigit()
        for part in [word] if whole else word.split("-"):
            if part in _COMMON or len(max(re.split(r"[\W\d_]+", part), key=len)) < 2:
                continue  # no letter or one (K, L_2) is mathematics
            if part[0].isdigit() and not (numbered and whole):
                continue  # what begins with a figure is one (34M, 4GB), but not 3-WL
            if _is_coined(part) or (part[0].isupper() and not (opens and word.startswith(part))):
                found[part] = None
    return list(found)


def unknown_names(sentence: str, texts: Iterable[str], *, coined: bool = False) -> list[str]:
    """The names of a sentence that none of these texts has: neither the name, nor another ending or spelling of it, nor
    the words that an acronym stands for.

    With `coined`, only names with two capitals or with a figure are held, and of compounds the parts that are such:
    German writes every noun with a capital, and "GNN-Ansatz".
    """
    there = _Known(texts)
    strange = [name for name in names_in(sentence) if not there.has(name)]
    if coined:
        return [n for n in strange if any(_is_coined(part) and not there.has(part) for part in n.split("-"))]
    return strange


class _Known:
    """What a set of texts knows by name."""

    def __init__(self, texts: Iterable[str]) -> None:
        text = " ".join(texts)
        self.plain = normalize(text)
        self.small = self.plain.casefold()
        self.tokens = set(tokens(text))
        self.squeezed = _squeezed(text)
        self.initials = _initials(self.plain)

    def has(self, name: str) -> bool:
        key = _squeezed(name)
        if not key or set(tokens(name)) <= self.tokens:
            return True  # a stop word in capitals ("Do", in a title) is no name
        singular = key.removesuffix("s")
        if len(singular) >= _ANYWHERE and singular in self.squeezed:
            return True
        spaced = r"[\W_]*".join(map(re.escape, singular))
        if len(singular) >= 3 and re.search(rf"(?<![^\W_]){spaced}(?:s|\d+)?(?![^\W_])", self.small):
            return True
        letters = re.sub(r"s$", "", re.sub(r"[^A-Za-z0-9]", "", name)) if re.search(r"[A-Z].*[A-Z]", name) else ""
        if 0 < len(letters) <= _LONGEST_ACRONYM and self._spelled(letters.casefold()):
            return True
        parts = [part for part in re.split(r"[-/+&_.]", name) if part]
        return len(parts) > 1 and all(self._has_part(part) for part in parts)

    def _has_part(self, part: str) -> bool:
        """A small word may join a name (-based), but a number must stand by itself: 100 is not in papers100M."""
        if part[0].isdigit():
            return bool(re.search(rf"(?<![^\W_]){re.escape(part)}(?![^\W_])", self.plain))
        return (part.islower() and part.isalpha()) or self.has(part)

    def _spelled(self, letters: str) -> bool:
        """Whether the first letters of words in a row spell an acronym (LLM), or those of parts of words do (AE)."""
        return len(letters) > 1 and any(letters in initials for initials in self.initials)


def _initials(text: str) -> list[str]:
    """The first letters of the words between two marks, once with all words (MoE) and once without small ones (SDS)."""
    found: list[str] = []
    for run in re.split(r"[.,;:!?()\[\]]", text.casefold()):
        parts = re.findall(r"[^\W\d_]+|\d+", _PREFIX.sub(r"\1 ", run))
        found.append("".join(word[0] for word in parts if word not in STOP_WORDS))
        found.append(
            "".join(word[0] for word in parts if word not in STOP_WORDS or word in ("of", "in", "to", "as", "by"))
        )
    return found


def _is_coined(word: str) -> bool:
    return bool(re.search(r"[^\W\d_].*[A-Z]|[A-Z].*\d|[a-z]\d|\d[A-Z]", word)) and not re.fullmatch(
        r"[A-Z][a-z]+(?:-[A-Z][a-z]+)+", word
    )


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]", "", normalize(text)).casefold()
