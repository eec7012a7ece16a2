"""Removes extraction artefacts from an abstract: LaTeX commands, lost blanks, doubled links, words run together.

Each rule is named, tested and counted, and no rule changes a figure. Formulas whose structure was lost
(a square root that disappeared, say) are left as they are: a guess would be worse.
"""

import functools
import json
import re
import unicodedata
from collections.abc import Callable
from importlib import resources

URL = re.compile(r"https?://(?:[^\s{}<>\"~]|(?<=/)~(?=\w))+")

_SURROGATE = re.compile("[\ud800-\udfff]")
_COMBINING = {"'": "\u0301", '"': "\u0308", "`": "\u0300", "^": "\u0302", "~": "\u0303", "v": "\u030c", "c": "\u0327"}
_LETTERS = {"L": "Ł", "l": "ł", "O": "Ø", "o": "ø", "ss": "ß", "ae": "æ", "AE": "Æ", "oe": "œ", "aa": "å", "AA": "Å"}
_GREEK = (
    "alpha beta gamma delta epsilon varepsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi "
    "varphi chi psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega"
).split()
_SYMBOLS = {
    "leq": "≤", "le": "≤", "geq": "≥", "ge": "≥", "neq": "≠", "approx": "≈", "sim": "∼", "pm": "±", "times": "×",
    "cdot": "·", "infty": "∞", "rightarrow": "→", "to": "→", "uparrow": "↑", "downarrow": "↓", "in": "∈", "ell": "ℓ",
    "nabla": "∇", "partial": "∂", "ldots": "…", "dots": "…", "langle": "⟨", "rangle": "⟩", "gg": "≫", "ll": "≪",
}  # fmt: skip

_LINKING_WORDS = frozenset("the and from with for that this are our was which into of all".split())
_SHORT_WORDS = frozenset("a an as at be by if in is it no of on or so to up we".split())


def _greek_letter(name: str) -> str:
    plain = name.removeprefix("var")
    return unicodedata.lookup(
        f"GREEK {'CAPITAL' if plain[0].isupper() else 'SMALL'} LETTER {plain.upper()}".replace("LAMBDA", "LAMDA")
    )


_ACCENTED = r"(?:([\"`^])\{?\\?([AEIOUYaeiouyı])\}?|(')\{?\\?([ACEILNORSUYZaceilnorsuyzı])\}?|(~)\{?([ANOano])\}?|([vc])(?:\{|(?= ) )([A-Za-z])\}?)"
"""A mark and a letter that takes it, so that escaped quotation marks are left alone."""


def _accent(match: re.Match[str]) -> str:
    mark, letter = (group for group in match.groups() if group)
    return unicodedata.normalize("NFC", {"ı": "i"}.get(letter, letter) + _COMBINING[mark])


def _command(match: re.Match[str]) -> str:
    name = match["name"]
    if name in _GREEK:
        return _greek_letter(name)
    return _SYMBOLS.get(name) or _LETTERS.get(name) or name


@functools.cache
def _english_words() -> frozenset[str]:
    """Whole words of the shipped tokenizer's vocabulary, of three letters or more, and the commonest short ones."""
    table = json.loads(resources.files("qa").joinpath("models/tokenizer.json").read_text(encoding="utf-8"))
    return frozenset(w for w in table["model"]["vocab"] if len(w) > 2 and w.isalpha()) | _SHORT_WORDS


def _is_word(piece: str) -> bool:
    words = _english_words()
    return piece in words or (
        len(piece) > 5 and any(piece.endswith(e) and piece[: -len(e)] in words for e in ("s", "d"))
    )


def _split_run(run: str) -> str | None:
    """`run` split into the fewest whole words, preferring longer words; None if impossible."""
    lower = run.lower()
    best: list[tuple[int, int, tuple[str, ...]] | None] = [(0, 0, ()), *[None] * len(lower)]
    for end in range(1, len(lower) + 1):
        for start in range(max(0, end - 16), end):
            before, current = best[start], best[end]
            if before is not None and _is_word(lower[start:end]):
                found = (before[0] + 1, before[1] - (end - start) ** 2, (*before[2], run[start:end]))
                best[end] = found if current is None else min(current, found)
    return " ".join(best[-1][2]) if best[-1] else None


def _spread(match: re.Match[str]) -> str:
    """A very long run of letters and digits as separate words; capitals in front (a name) stay together.

    A long word ("internationalization") may fall into words too: only what has a linking word among them is a run.
    """
    run = match[0]
    name = re.match(r"[A-Z]{2,}(?=[a-z])", run)
    pieces = re.findall(r"\d+|[A-Za-z]+", run[name.end() :] if name else run)
    split = [piece if piece.isdigit() or _is_word(piece.lower()) else _split_run(piece) for piece in pieces]
    if None in split:
        return run
    cut_up = " ".join(word for word in [name[0] if name else None, *split] if word)
    words = cut_up.lower().split()
    return cut_up if len(words) >= 3 and _LINKING_WORDS.intersection(words) else run


Rule = tuple[str, re.Pattern[str], str | Callable[[re.Match[str]], str]]

RULES: tuple[Rule, ...] = (
    ("invisible character", re.compile(r"[\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u00ad\ufffe\ud800-\uf8ff\x00-\x08\x0e-\x1f\x7f]"), ""),
    ("ligature", re.compile(r"[\ufb00-\ufb06]"), lambda m: unicodedata.normalize("NFKC", m[0])),
    ("doubled link", re.compile(r"(https?://[^\s{}]+)\{(?:\1|here)(\.?)\}(?P<dot>(?=\.))?"), lambda m: m[1] + ("" if m["dot"] is not None else m[2])),
    ("LaTeX accent", re.compile(rf"\{{\\{_ACCENTED}\}}|\\{_ACCENTED}"), _accent),
    ("LaTeX letter", re.compile(r"\{\\(?P<name>[LlOo]|ss|ae|AE|oe|aa|AA)\}|\\(?P<n2>[LlOo]|ss|ae|AE|oe|aa|AA)\s+(?=[a-z])"),
     lambda m: _LETTERS[m["name"] or m["n2"]]),
    ("LaTeX style", re.compile(r"\{\\(?:it|em|bf|tt|sl|sc|emph|textit|textbf|texttt)\b\s*\\?([^{}]*)\}"), r"\1"),
    ("LaTeX style", re.compile(r"\\(?:emph|textit|textbf|texttt|textsc|text|mathrm|mathbf|mathcal|mathbb)\{([^{}]*)\}"), r"\1"),
    ("LaTeX escape", re.compile(r"\\([%&_#$])"), r"\1"),
    ("LaTeX command", re.compile(r"\{\\(?P<name>[A-Za-z]+)\}"), _command),
    ("LaTeX command", re.compile(r"\\(?P<name>[A-Za-z]+)"), _command),
    ("LaTeX comment", re.compile(r"(?<=\s)(?<!\d )%(?=[A-Za-z])"), ""),
    ("flattened style", re.compile(r"\{(?:cal|bf|mathcal|mathbb|mathbf|mathrm)\s*([^{}\s]+)\}"), r"\1"),
    ("flattened style", re.compile(r"\b(?:mathcal|mathbb|mathbf|mathrm|widetilde|texttt|textbf)(?:\{([^{}]*)\}|\s+(?=[A-Z]))"),
     lambda m: m[1] or ""),
    ("flattened bracket", re.compile(r"(?<=[\w)}])left(?=[(\[{|])|(?<=[(\[{])left(?=[(\[{|])|(?<=[\w)}\]])right(?=[)\]}|])"), ""),
    ("flattened symbol", re.compile(r"(?<![^\W_])(leq|geq|neq|infty|rightarrow|langle|rangle)\b"), lambda m: _SYMBOLS[m[1]]),
    ("flattened symbol", re.compile(r"(?<=[%\w])(uparrow|downarrow)\b"), lambda m: _SYMBOLS[m[1]]),
    ("flattened symbol", re.compile(r"(?<=\d)(\.\d+) pm(?= \d)"), r"\1 ±"),
    ("flattened symbol", re.compile(r"\bsim(?= \d)"), "∼"),
    ("flattened symbol", re.compile(r"\b([a-z])(leq|geq|gg)\b(?=\s?\d)"), lambda m: f"{m[1]} {_SYMBOLS[m[2]]}"),
    ("flattened symbol", re.compile(r"\{cdot([A-Z])\{cdot\}([A-Z])\}"), r"·\1·\2"),
    ("flattened symbol", re.compile(r"cdot(?=[A-Z);])"), "·"),
    ("flattened symbol", re.compile(r"\bell(?=_)"), "ℓ"),
    ("flattened symbol", re.compile(r"\bvarepsilon"), "epsilon"),
    ("lone subscript brace", re.compile(r"(?<=[\w)])([_^])\{([A-Za-z]|\d+|max|min|" + "|".join(_GREEK) + r")\}(?!\w)"), r"\1\2"),
    ("glued times", re.compile(r"(?<=\d)times(?=\d)"), "×"),
    ("glued times", re.compile(r"(?<=\d)times\b"), " times"),
    ("tilde for a blank", re.compile(r"(?<=[^\W\d])~(?=\()|(?<=\d)~(?=[^\W\d])|(?<=[^\W\d.])~(?=[^\W\d])|(?<=[.,])~(?=[\w(])"), " "),
    ("LaTeX quotes", re.compile(r"``(.{1,300}?)(?:''|(?<!`)\")"), r'"\1"'),
    ("LaTeX quotes", re.compile(r"(?<!\w)''([^']+?)''"), r'"\1"'),
    ("LaTeX quotes", re.compile(r"(?<!\w)`([^`']+)'"), r"'\1'"),
    ("LaTeX dash", re.compile(r"(?<=\s)--(?=\s)|(?<=[\w)])--(?=[\w(])"), "–"),
    ("LaTeX dash", re.compile(r"(?<=\w)---(?=\w)"), "—"),
    ("glued sentence", re.compile(r"(?<=[a-z]{3})([.!?])(?=[A-Z][a-z]+ )"), r"\1 "),
    ("glued comma", re.compile(r"(?<=[a-z]{3}),(?=[a-z]{3})"), ", "),
    ("words run together", re.compile(r"(?<![\w/.@:-])[A-Za-z][A-Za-z0-9]{19,149}(?![\w/])"), _spread),
    ("stray blank", re.compile(r"(?<=[^\s/]) +(?=[.,;:)](?:\s|$))"), ""),
    ("stray blank", re.compile(r"[ \t\u00a0\u2000-\u200a\u202f\u3000\r\n\x0b\x0c\x85\u2028\u2029]+"), " "),
)  # fmt: skip
"""Name, pattern and replacement, in the order in which they are applied. Links are protected from all but the first three."""

_BEFORE_LINKS = 3


def replace_surrogates(text: str) -> str:
    """`text` with a replacement sign for each half of a surrogate pair, which is no character and cannot be stored."""
    return _SURROGATE.sub("\ufffd", text)


def clean_text(text: str) -> tuple[str, dict[str, int]]:
    """`text` without the scars of copying, and how often each rule was applied (rules that were not are absent).

    An empty text gives `("", {})`. Figures are never changed; links keep every character.
    """
    counts: dict[str, int] = {}

    def apply(rules: tuple[Rule, ...], part: str) -> str:
        for name, pattern, replacement in rules:
            cleaned, times = pattern.subn(replacement, part)
            if times and cleaned != part:
                counts[name] = counts.get(name, 0) + times
                part = cleaned
        return part

    text = apply(RULES[:_BEFORE_LINKS], text)
    links: list[str] = []

    def hide(match: re.Match[str]) -> str:
        links.append(match[0])
        return f"/\ue000{chr(0xE100 + len(links) - 1)}/"

    hidden = URL.sub(hide, text) if len(URL.findall(text)) < 256 else text
    hidden = apply(RULES[_BEFORE_LINKS:], hidden)
    text = re.sub(r"/\ue000(.)/", lambda m: links[ord(m[1]) - 0xE100], hidden) if links else hidden
    return text.strip(), counts
