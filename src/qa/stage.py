"""What an assistant is doing, for whoever watches it answer."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Stage:
    """What begins now: `name` is "rewriting" (the question so that it stands alone), "searching", "reading" (`papers`
    of them are before the model) or "writing" (its first words came; each sentence is checked as it comes)."""

    name: str
    papers: int | None = None
