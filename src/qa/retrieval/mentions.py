"""Whether a question calls a paper by its name."""

import re
from collections.abc import Mapping

from qa.documents.paper import Paper, short_title
from qa.text.tokenize import STOP_WORDS, surface_words, tokens

RARE_NAME = 0.7
"""A name in at most one paper in a hundred may identify one; "ImageNet" identifies none."""


def is_named(paper: Paper, question: str, rarity: Mapping[str, float]) -> bool:
    """Whether a question calls a paper by its name: by every word of its short name, or by a rare name of the
    abstract's own (`rarity` of the question's tokens, 0 to 1)."""
    asked = set(surface_words(question))
    name = set(surface_words(short_title(paper.title))) - STOP_WORDS
    if name and name <= asked:
        return True
    return any(
        rarity.get(token, 0.0) >= RARE_NAME
        for coined in coined_names(paper)
        if coined in asked
        for token in tokens(coined)[:1]
    )


def coined_names(paper: Paper) -> list[str]:
    """Names of a paper's own making, in lower case: words of four characters or more with capitals inside or with
    digits (WalkPool, node2vec), and acronyms that its title or abstract defines or that its title opens with."""
    text = f"{paper.title}. {paper.abstract}"
    found = re.findall(r"\b(?=\w*[a-z])(?=\w*[A-Z]\w*[A-Z]|\w*[a-z][A-Z]|[A-Za-z]+\d)\w{4,}\b", text)
    head = short_title(paper.title)
    if re.fullmatch(r"[\w&.-]*[A-Z][\w&.-]*[A-Z][\w&.-]*", head):
        found.append(head)
    return list(dict.fromkeys(surface_words(" ".join(found))))
