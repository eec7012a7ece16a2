"""Words for lexical search: the same word however a page or a question spells it.

`Schrödinger` and `Schrodinger`, `colour` and `color`, `100x`, `100 times` and `100×`, `L1`, `L_{1}` and `ℓ_1`, `ω` and
`omega` give equal tokens; compounds (`DiskGNN`, `pre-training`) give themselves and their parts.
"""

import functools
import re
import unicodedata
from typing import Any, cast

import Stemmer

_STEMMER: Any = cast(Any, Stemmer).Stemmer("english")
_LONGEST = 40
"""Longer words (in letters) are not stemmed: that would take quadratic time."""

STOP_WORDS = frozenset(
    "a about above after again all also am an and any are as at be because been before being below between both but by "
    "can cannot could did do does doing down during each either few for from further get had has have having he her here "
    "his how i if in into is it its itself just let may me might more most much must my neither no nor not now of off on "
    "once one only onto or other our out over own per s same she should so some such t than that the their them then "
    "there these they this those through to too under until up us very via was we were what when where whether which "
    "while who whom whose why will with within would yet you your".split()
)
ASKING_WORDS = frozenset(
    "abstract abstracts anybody anyone anything article articles author authors describe described describes discuss "
    "exist exists explain find give given interested know list look looking mention mentioned name named need paper "
    "papers please recommend remember research say says search show shows something study studies tell there want "
    "wondering work works".split()
)
"""Words of asking ("which", "show"): they carry no weight in a question."""

_GREEK = {
    chr(code): unicodedata.name(chr(code)).rsplit(" ", 1)[-1].replace("LAMDA", "lambda").lower()
    for code in [*range(0x391, 0x3A2), *range(0x3A3, 0x3AA), *range(0x3B1, 0x3CA)]
}
_SYMBOLS = str.maketrans({**_GREEK, "ℓ": "l", "×": "x", "–": "-", "—": " ", "‐": "-", "‑": "-", "−": "-", "’": "'", "·": "", "⋅": "", "ß": "ss", "ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "∞": " infty ", "ϵ": "epsilon", "φ": "phi"})  # fmt: skip

_WORD = re.compile(r"\d+(?:\.\d+)*(?:[%x](?![^\W_])|[^\W_]*)|[^\W\d_]+(?:'[^\W\d_]+)?\d*[^\W_]*")
_TIMES = re.compile(r"(\d)\s*(?:times|×|-?fold|x)\b(?=\W|$)")
_PERCENT = re.compile(r"(\d)\s*(?:\\?%|percent\b|per cent\b)")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))|(?<=\d) (?=000(?!\d))")
_SUBSCRIPT = re.compile(r"\b([A-Za-z]|ell)_\{?(\d)\}?")
_COMPOUND = re.compile(r"(?<![\w-])[^\W_]+(?:-[^\W_]+){1,2}(?![\w-])")
_CAMEL_CASE = re.compile(r"[A-Z]{2,}s?(?![a-z])|[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_VERSION = re.compile(r"[vV]\d+$")
_BRITISH: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), american)
    for pattern, american in (
        # Not the words that end so everywhere: precise, surprise, noise, raise, pairwise, promise, arise.
        (
            r"(?<=[a-z]{2})(?<![vcoaw])(?<!pr)(?<!gu)(?<!^prom)(?<!^prem)(?<!^comprom)(?<!^sunr)(?<!xpert)is(e[drs]?|ing|ations?|ers?|able)$",
            r"iz\1",
        ),
        (r"ys(e[drs]?|ing)$", r"yz\1"),
        (r"(?<=[a-z]{2})our(s|ed|ing|able|al|ally|ist|ful|less|hood)?$", r"or\1"),
        (r"(?<=[a-z]{2}[tb])re(s?)$", r"er\1"),
        (r"(?<=[a-z]{2}t)red$", r"ered"),
        (r"(?<=[a-z]{2})ogue(s|d)?$", r"og\1"),
        (r"^(def|lic|off|pret)ence(s|d|less)?$", r"\1ense\2"),
        # Verbs of two syllables and more: modelling, labelled, travelling, but not rolling.
        (r"([aeiou][a-z]*[aeiou])ll(ed|ing|er|ers)$", r"\1l\2"),
        (r"gramme(s|d)?$", r"gram\1"),
        (r"^(an|pal|h)ae", r"\1e"),
    )
)


@functools.lru_cache(maxsize=100_000)
def root(word: str) -> str:
    """A word without its ending and in American spelling; figures, short words and those of more than 40 letters stay
    as they are."""
    if not 3 < len(word) <= _LONGEST or not word.isalpha():
        return word
    for pattern, american in _BRITISH:
        word = pattern.sub(american, word)
    return str(_STEMMER.stemWord(word))


def normalize(text: str) -> str:
    """`text` with symbols, accents, figures and compounds in one spelling; capitals are kept."""
    text = _SUBSCRIPT.sub(lambda m: f"{'L' if m[1] in ('ell', 'ℓ') else m[1]}{m[2]}", text.translate(_SYMBOLS))
    text = unicodedata.normalize("NFKD", text)
    text = "".join(c for c in text if not unicodedata.combining(c))
    text = _THOUSANDS.sub("", text)
    return _PERCENT.sub(r"\1% ", _TIMES.sub(r"\1x ", text))


def surface_words(text: str) -> list[str]:
    """The words of a text in order, in one spelling and lower case, without their compounds' parts; stop words stay."""
    return [_bare(match[0]).casefold() for match in _WORD.finditer(normalize(text))]


def tokens(text: str) -> list[str]:
    """The tokens of a text in order, compounds first as a whole and then in parts; an empty text gives none.

    Stop words and single letters are left out.
    """
    text = normalize(text)
    found: list[str] = []
    for match in _COMPOUND.finditer(text):
        whole = match[0].replace("-", "")
        if not whole.isdigit():
            found.append(root(whole.casefold()))
    for match in _WORD.finditer(text):
        word = _bare(match[0])
        lower = word.casefold()
        if lower in STOP_WORDS or (len(lower) == 1 and not lower.isdigit()):
            continue
        found.append(root(lower))
        if lower[-1:] in "%x" and lower[:1].isdigit():
            found.append(lower[:-1])
        elif not lower.isalpha() or not (word.islower() or word.istitle() or word.isupper()):
            humps = [hump.casefold() for hump in _CAMEL_CASE.findall(_VERSION.sub("", word))]
            if len(humps) > 1 or (humps and len(humps[0]) < len(word)):
                found.extend(root(hump) for hump in humps if len(hump) > 2 or hump.isdigit())
    return found


def question_tokens(question: str) -> list[str]:
    """The tokens of a question, each once, without the words of the asking (unless nothing else is left)."""
    every = list(dict.fromkeys(tokens(question)))
    asking = {root(word) for word in ASKING_WORDS}
    return [token for token in every if token not in asking] or every


def _bare(word: str) -> str:
    """A word without 's, and a plural acronym (GNNs) in the singular."""
    word = re.sub(r"'(?:s|S)$", "", word)
    return word[:-1] if re.fullmatch(r"[A-Z]{2,}s", word) else word
