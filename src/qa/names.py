"""The names and acronyms of a sentence, and which of them a text does not have, however it spells them."""

import re
from collections.abc import Iterable

from qa.acronyms import find_acronyms
from qa.tokens import plain, tokens

_CANDIDATE = re.compile(r"[^\W_]+(?:[-'’+/&.^*_][^\W_]+)*(?:\+{1,2}|\*)?")
_SENTENCE_START = re.compile(r"(?:^|[.!?:;]\s+|[\"“(]\s*)$")
_COMMON = frozenset(
    "AI ML DL NLP CV GPU GPUs CPU CPUs TPU TPUs RAM API 1D 2D 3D 4D vs SOTA RGB URL ID OK PhD e.g i.e The This These Those In On For "
    "It Its Their They Both All Each By As At An A One Two Three I We Our English".split()
)
"""Written in capitals without naming anything that a paper could be asked for."""


def names_in(sentence: str) -> list[str]:
    """The names of a sentence in order, each once: words with capitals inside, with capitals and digits, or with a capital
    within a sentence. A word with one capital that opens the sentence may be any word and is left out."""
    found: dict[str, None] = {}
    for match in _CANDIDATE.finditer(sentence):
        word = re.sub(r"['’]s?$", "", match[0])
        opens = bool(_SENTENCE_START.search(sentence[: match.start()]))
        for part in [word] if _is_coined(word) else word.split("-"):
            if part in _COMMON or len(max(re.split(r"[\W\d_]+", part), key=len)) < 2 or re.match(r"[\d.]", part):
                continue  # no letter or one (K, L_2) is mathematics, and what begins with a figure is one (34M, 4GB)
            if _is_coined(part) or (part[0].isupper() and not (opens and word.startswith(part))):
                found[part] = None
    return list(found)


def unknown_names(sentence: str, texts: Iterable[str]) -> list[str]:
    """The names of a sentence that none of these texts has: neither the name, nor another ending or spelling of it, nor
    the words that an acronym stands for."""
    there = _Known(texts)
    return [name for name in names_in(sentence) if not there.has(name)]


class _Known:
    """What a set of texts knows by name."""

    def __init__(self, texts: Iterable[str]) -> None:
        text = " ".join(texts)
        self.tokens = set(tokens(text))
        self.squeezed = _squeezed(text)
        spoken = re.findall(r"[^\W\d_]+|\d+", plain(text).casefold())
        self.initials = "".join(word[0] for word in spoken)
        self.words = spoken
        self.long_forms = {_squeezed(acronym): long for acronym, long in find_acronyms(text)}

    def has(self, name: str) -> bool:
        key = _squeezed(name)
        if not key or set(tokens(name)) <= self.tokens:
            return True  # a stop word in capitals ("Do", in a title) is no name
        singular = key.removesuffix("s")
        if len(singular) >= 3 and (singular in self.squeezed):
            return True
        letters = re.sub(r"s$", "", re.sub(r"[^A-Za-z0-9]", "", name)) if re.search(r"[A-Z]{2}", name) else ""
        if letters and self._spelled(letters.casefold()):
            return True
        parts = [part for part in re.split(r"[-/+&_.]", name) if part]
        return len(parts) > 1 and all(part.islower() or self.has(part) for part in parts)

    def _spelled(self, letters: str) -> bool:
        """Whether the first letters of words in a row spell an acronym (LLM), or those of parts of words do (GNN)."""
        if letters in self.initials:
            return True
        pattern = re.compile(
            r"\b" + r"(?:[^\W\d_]*\W+|[^\W\d_]{2,}?)(?:(?:of|the|and|for|with|in)\W+)?".join(map(re.escape, letters))
        )
        return len(letters) > 1 and bool(pattern.search(" ".join(self.words)))


def _is_coined(word: str) -> bool:
    return bool(re.search(r"[^\W\d_].*[A-Z]|[A-Z].*\d|[a-z]\d|\d[A-Z]", word)) and not re.fullmatch(
        r"[A-Z][a-z]+(?:-[A-Z][a-z]+)+", word
    )


def _squeezed(text: str) -> str:
    return re.sub(r"[\W_]", "", plain(text)).casefold()
