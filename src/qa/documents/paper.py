"""What a paper is, when two listings are the same paper, and which link of an abstract leads to its code."""

import hashlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from qa.text.cleanup import URL, clean_text

MIN_WORD_OVERLAP = 0.5
"""Two listings under one title are one paper when their abstracts share at least this fraction of their words."""

_CODE_HOSTS = ("github.com", "gitlab.com", "bitbucket.org", "codeberg.org", "anonymous.4open.science", "huggingface.co")
_WORD = re.compile(r"[^\W_]+")
_STOP = frozenset(
    "a an and are as at be by can for from has have in is it its not of on or our that the their these this to was we "
    "which with".split()
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One title with one abstract as a page lists it, untouched."""

    title: str
    abstract: str
    given_id: str | None = None
    url: str | None = None
    date: str | None = None


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A paper of the index. `abstract` is cleaned, offsets count its characters; `original` is as the page had it."""

    id: str
    title: str
    abstract: str
    original: str
    pages: tuple[str, ...]
    code_url: str | None = None
    url: str | None = None
    date: str | None = None

    def to_dict(self) -> dict[str, object]:
        return {
            "id": self.id, "title": self.title, "abstract": self.abstract, "original": self.original,
            "pages": list(self.pages), "code_url": self.code_url, "url": self.url, "date": self.date,
        }  # fmt: skip

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> "Paper":
        """The paper that `to_dict` gave these values; KeyError or TypeError where they are not of that form."""
        fields: dict[str, Any] = {**values, "pages": tuple(values["pages"])}
        optional = ("code_url", "url", "date")
        texts = [
            value for name, value in fields.items() if name != "pages" and (value is not None or name not in optional)
        ]
        if not all(isinstance(text, str) for text in [*texts, *fields["pages"]]):
            raise TypeError("the fields of a paper are texts")
        return cls(**fields)


@lru_cache(maxsize=65_536)
def title_key(title: str) -> str:
    """What is left of a title without case, accents, punctuation, blanks and LaTeX; never empty."""
    plain = unicodedata.normalize("NFKD", clean_text(title)[0]).casefold()
    return "".join(c for c in plain if c.isalnum()) or title.strip()


def word_overlap(first: str, second: str) -> float:
    """Fraction (0 to 1) of the words of the abstract with fewer distinct words that also occur in the other one."""
    a, b = (set(_WORD.findall(text.casefold())) - _STOP for text in (first, second))
    smaller = min(len(a), len(b))
    return len(a & b) / smaller if smaller else float(a == b)


def group_entries(listings: Sequence[Entry]) -> list[list[int]]:
    """The listings of one title, as positions, grouped into papers; the order of first listings is kept.

    Different given ids are always different papers, the same one always the same paper; a listing without an id
    joins the first paper whose abstract shares at least half its words.
    """
    groups: list[list[int]] = []
    for position in sorted(range(len(listings)), key=lambda i: listings[i].given_id is None):
        listing = listings[position]
        for group in groups:
            first = listings[group[0]]
            if listing.given_id is not None:
                joins = first.given_id == listing.given_id
            else:
                joins = word_overlap(first.abstract, listing.abstract) >= MIN_WORD_OVERLAP
            if joins:
                group.append(position)
                break
        else:
            groups.append([position])
    return sorted((sorted(group) for group in groups), key=lambda group: group[0])


def derived_id(title: str, abstract: str | None = None) -> str:
    """A stable id of letters, digits and a hyphen: the title's beginning and a hash of it (and of the abstract)."""
    key = title_key(title)
    digest = hashlib.sha256(key.encode("utf-8", "replace"))
    if abstract is not None:
        digest.update(b"\0" + " ".join(abstract.split()).encode("utf-8", "replace"))
    beginning = re.sub(r"[^a-z0-9]", "", key)[:24]
    return "-".join(filter(None, [beginning, digest.hexdigest()[:10]]))


def find_code_url(abstract: str) -> str | None:
    """The first link of a cleaned abstract that leads to code: a code host, or any link announced as code."""
    for match in URL.finditer(abstract):
        url = match[0].rstrip(".,;:!?'\"]")
        url = url if "(" in url else url.rstrip(").,")
        host = url.split("/")[2].lower().removeprefix("www.")
        sentence = re.split(r"[.!?]\s", abstract[max(0, match.start() - 300) : match.start()])[-1]
        if host in _CODE_HOSTS or re.search(r"\b(?:source )?codes?\b|\bimplementation\b", sentence, re.IGNORECASE):
            return url
    return None


def make_papers(listings: Sequence[Entry], pages: Sequence[str]) -> list[tuple[Paper, list[int]]]:
    """The papers behind all listings of one title (`pages[i]` lists `listings[i]`), each with its listings' positions.

    The longest abstract of a paper speaks for it (the first of several as long), under the title listed first.
    """
    groups = group_entries(listings)
    papers: list[tuple[Paper, list[int]]] = []
    for group in groups:
        chosen = max(group, key=lambda i: (len(listings[i].abstract), -i))
        title, original = listings[group[0]].title, listings[chosen].abstract
        abstract = clean_text(original)[0]
        given = next((listings[i].given_id for i in group if listings[i].given_id is not None), None)
        paper = Paper(
            id=given if given is not None else derived_id(title, abstract if len(groups) > 1 else None),
            title=title,
            abstract=abstract,
            original=original,
            pages=tuple(unique(pages[i] for i in group)),
            code_url=find_code_url(abstract),
            url=next((listings[i].url for i in group if listings[i].url), None),
            date=next((listings[i].date for i in group if listings[i].date), None),
        )
        papers.append((paper, group))
    return papers


def unique(values: Iterable[str]) -> list[str]:
    """The values in order, each once."""
    return list(dict.fromkeys(values))


def short_title(title: str) -> str:
    """What a paper is called in short: the part of its title before a colon, where that is a few words, else all of it."""
    head, colon, _ = title.partition(":")
    return head.strip() if colon and len(head.split()) <= 4 else title.strip()
