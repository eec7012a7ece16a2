"""What a language model is shown: papers whose sentences carry labels. Prompts write it, checks read it."""

from dataclasses import dataclass

from qa.documents.paper import Paper
from qa.text.sentences import Passage

CONTEXT_PAPERS = 12
"""How many papers are shown. Of the papers that the development questions need, 8 held .98 of the described and .98 of
the several wanted, 12 1.0 and .986, and 20 no more than 12."""


@dataclass(frozen=True, kw_only=True)
class ContextPaper:
    """A paper as a model is shown it: its number, from 1, and its sentences, which have the labels number.1, number.2 …"""

    number: int
    paper: Paper
    passages: tuple[Passage, ...]


@dataclass(frozen=True, kw_only=True, order=True)
class Label:
    """A sentence that a model cites, by the numbers it was shown, from 1; `sentence` 0 means the paper as a whole."""

    paper: int
    sentence: int = 0


NONE = Label(paper=0)
"""`[none]`: the statement says that something is not in the papers."""
