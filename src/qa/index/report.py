"""What a build reports: progress while it runs, and counts when it is done."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from qa.documents import Skip

Progress = Callable[[str, int, int], None]
"""Called with what is being done, how much of it is done, and how much there is (0: not known)."""


def no_progress(stage: str, done: int, total: int) -> None:
    """The `Progress` of a caller that wants none."""


@dataclass(frozen=True, kw_only=True)
class BuildReport:
    """What a build did.

    `listings` and `passages` count those of the pages read; `papers`, `merged` (listed more than once on them),
    `cleaned`, `embedded`, `reused` and `removed` count papers; `cleaning_rules` says how often each rule was applied; `skipped`
    has (where, why) for everything that could not be used; `index_pages` and `index_papers` say what in the index now.
    """

    listings: int = 0
    passages: int = 0
    papers: int = 0
    merged: int = 0
    cleaned: int = 0
    embedded: int = 0
    reused: int = 0
    removed: int = 0
    cleaning_rules: dict[str, int] = field(default_factory=dict[str, int])
    pages: tuple[str, ...] = ()
    skipped: list[Skip] = field(default_factory=list[Skip])
    index_pages: int = 0
    index_papers: int = 0
    seconds: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        return {**self.__dict__, "pages": list(self.pages), "skipped": [list(skip) for skip in self.skipped]}
