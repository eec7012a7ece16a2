"""Finds the acronyms that an abstract defines: "physics-informed neural networks (PINNs)"."""

import re

from qa.text.tokenize import tokens

_BRACKET = re.compile(r"\(([^()\s]{2,12}|[^()]{2,12})\)")
_WORDS = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def find_acronyms(text: str) -> list[tuple[str, str]]:
    """(acronym, long form) for each definition, in order, each once. The method is Schwartz and Hearst's (2003).

    The acronym's letters must occur in the long form in order, its first letter at the start of the first word.
    """
    found: dict[tuple[str, str], None] = {}
    for match in _BRACKET.finditer(text):
        acronym = re.split(r"[,;]", match[1])[0].strip()
        if not _looks_like_acronym(acronym):
            continue
        singular = re.sub(r"(?<=[A-Z])s$", "", acronym)
        before = re.split(r"[.;:!?(]\s", text[max(0, match.start() - 150) : match.start()])[-1]
        long_form = _long_form(singular, before)
        if long_form:
            found[singular, long_form] = None
    return list(found)


def acronym_key(acronym: str) -> str:
    """An acronym without case, hyphens and a plural s."""
    return re.sub(r"[^a-z0-9]", "", re.sub(r"(?<=[A-Z])s$", "", acronym).casefold())


def long_key(long_form: str) -> str:
    """A long form as its tokens, so that endings, hyphens and spelling do not matter."""
    return " ".join(tokens(long_form.replace("-", " ")))


def _looks_like_acronym(text: str) -> bool:
    capitals = sum(c.isupper() for c in text)
    return 2 <= len(text) <= 12 and " " not in text and capitals >= 2 and text[0].isalnum() and not text.isdigit()


def _long_form(acronym: str, before: str) -> str | None:
    """The shortest run of words at the end of `before` whose letters spell the acronym."""
    letters = [c for c in acronym.casefold() if c.isalnum()]
    limit = min(len(letters) + 5, len(letters) * 2)
    words = list(_WORDS.finditer(before))[-limit:]
    for first in range(len(words) - 1, -1, -1):
        candidate = before[words[first].start() :].strip()
        if (
            candidate[0].casefold() == letters[0]
            and _spells(letters, candidate.casefold())
            and len(candidate) > len(acronym) + 2
        ):
            return candidate
    return None


def _spells(letters: list[str], text: str) -> bool:
    """Whether the letters occur in the text in order, at least half of them at the start of a word."""
    place = 0
    starts = 0
    for letter in letters:
        at_start = re.compile(rf"(?<![^\W_]){re.escape(letter)}").search(text, place)
        anywhere = text.find(letter, place)
        if at_start:
            starts += 1
            place = at_start.end()
        elif anywhere >= 0:
            place = anywhere + 1
        else:
            return False
    return starts * 2 >= len(letters)
