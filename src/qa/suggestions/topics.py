"""What papers are called in a sentence of ours: a short name, a title in quotes, a theme that several of them share.

Titles are untrusted and often odd, so whatever is doubtful has no name here; nothing is searched.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from qa.documents.paper import Paper, short_title
from qa.index.snapshot import english_words
from qa.text.cleanup import clean_text
from qa.text.tokenize import STOP_WORDS

TITLE = 90
"""Characters of the longest title that a question quotes: it must stay one sentence that is read at a glance."""
TOPIC_WORDS = 4
LEAST_TITLES = 2
LEAST_PAPERS, MOST_PAPERS = 4, 15
"""A topic occurs in this many of the papers looked at: fewer make no list, and more are too general."""

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-&][A-Za-z0-9]+)*")
_COINED = re.compile(r".*[A-Z].*[A-Z]|.*[a-z][A-Z0-9]")
_ODD = re.compile(r"[^\w\s,:;.'’()–—-]|[_^]|https?:|www\.|\.\w", re.IGNORECASE)
_BREAKS = re.compile(r"[:;,.?!()\[\]{}\"“”/|&]| [-–—] ")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_THING = re.compile(
    r"\w{3,}(?:ing|[ts]ions?|ity|ness|ment|sis|ism|ics|ance|ence|[^suai]s|search|descent|transport|collapse)",
    re.IGNORECASE,
)
"""Endings of nouns that need no article: "learning", "optimization", and plurals."""
_BEFORE_NOUNS = frozenset("of for in by on with using use from via into between across through the".split())
"""One of these precedes a single word that is a noun: "for subnetworks", but never "for outperforms"."""
_NO_START = re.compile(r"\w+(?:ing|ly)", re.IGNORECASE)
"""A title that says what is done ("Improving Graph Networks", "Provably Robust Training") holds no theme from there."""


def short_name(paper: Paper) -> str | None:
    """The name before the colon of a title, as "TideNet", where it is coined and the abstract uses it; else None.

    An English word in capitals (GRAND, PIG) is none: in a question it would read like the word. Nor is a plural (PHNNs):
    "What does" would not go with it.
    """
    title = clean_text(paper.title)[0]
    name = short_title(title)
    if name == title or not 3 <= len(name) <= 20 or not _NAME.fullmatch(name) or not _COINED.match(name):
        return None
    if (
        name.casefold() in _english()
        or re.search(r"[A-Z]s$", name)
        or not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", paper.abstract)
    ):
        return None
    return name


def quoted_title(paper: Paper) -> str | None:
    """The title in quotation marks, where it is short and plain words; else None."""
    title = " ".join(clean_text(paper.title)[0].split())
    letters = sum(c.isalpha() or c == " " for c in title)
    if (
        _ODD.search(title)
        or not 10 <= len(title) <= TITLE
        or title[-1] in ".,"
        or letters < 0.85 * len(title)
        or " " not in title
    ):
        return None
    return f"“{title}”"


def find_topics(papers: Sequence[Paper]) -> Iterator[str]:
    """What several of these papers are about, as words for the middle of a sentence: "continual learning".

    A topic occurs in at least two titles, and in 4 to 15 of the papers; what is only part of a longer topic is left
    out. In order of first titles; none of few papers.
    """
    titles = Counter(key for paper in papers for key in dict.fromkeys(map(_key, phrases(paper.title))))
    often = [key for key, count in titles.items() if LEAST_TITLES <= count <= MOST_PAPERS]
    texts = [_key(f"{paper.title}. {paper.abstract}") for paper in papers]
    holders = {key: frozenset(i for i, text in enumerate(texts) if key in text) for key in often}
    fit = {key: there for key, there in holders.items() if LEAST_PAPERS <= len(there) <= MOST_PAPERS}
    within = {a for a in fit for b in fit if a != b and a in b and len(fit[a]) <= len(fit[b])}
    for key, there in fit.items():
        theme = None if key in within else in_prose(key, [papers[i] for i in sorted(there)])
        if theme:
            yield theme


def phrases(title: str) -> list[str]:
    """The runs of up to four words in a title that may name a theme, longest first; none of an odd title."""
    found: list[str] = []
    for part in _BREAKS.split(title):
        words = part.split()
        for length in range(TOPIC_WORDS, 0, -1):
            for start in range(len(words) - length + 1):
                run = words[start : start + length]
                if all(_WORD.fullmatch(word) and word.casefold() not in STOP_WORDS for word in run) and _is_topic(run):
                    found.append(" ".join(run))
    return sorted(found, key=lambda phrase: -len(phrase.split()))


def with_phrase(phrase: str, papers: Sequence[Paper]) -> list[Paper]:
    """Those of the papers that have the phrase in title or abstract, however it is written."""
    key = _key(phrase)
    return [paper for paper in papers if key in _key(f"{paper.title}. {paper.abstract}")]


def in_prose(phrase: str, papers: Sequence[Paper]) -> str | None:
    """A phrase as these abstracts mostly write it within their sentences; None where none uses it as a noun."""
    words = "[ -]".join(re.escape(word) for word in _key(phrase).split())
    pattern = re.compile(rf"(\w+) (?<![-\w])({words}(?:s|es)?)(?![-\w])", re.IGNORECASE)
    uses = [match.groups() for paper in papers for match in pattern.finditer(paper.abstract)]
    forms = Counter(form for _, form in uses)
    is_noun = " " in phrase or any(word.casefold() in _BEFORE_NOUNS for word, _ in uses)
    fit = [form for form in forms if is_noun and _THING.fullmatch(form.split()[-1].split("-")[-1])]
    return max(fit, key=lambda form: (forms[form], form.islower(), form), default=None)


def _is_topic(words: Sequence[str]) -> bool:
    if len(words) > 1:
        return not _NO_START.fullmatch(words[0])
    # Of single words only new ones that are made of an English word: hypernetworks, but neither functions nor symmetries.
    word = words[0].casefold()
    return (
        word.endswith("s") and word not in _english() and any(word[i:] in _english() for i in range(3, len(word) - 5))
    )


def _key(text: str) -> str:
    """A text in which a phrase is found however it is written: small letters, no hyphens, no plural at its end."""
    return re.sub(r"(?<=[^sui])s$", "", text.casefold().replace("-", " "))


@cache
def _english() -> frozenset[str]:
    return english_words()
