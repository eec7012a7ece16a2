"""What an answer took: seconds by stage, and what a language model was asked and paid for it."""

from dataclasses import asdict, dataclass, field
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """`seconds` by stage, "all" for the whole; tokens as the endpoint counted them, else as estimated; `calls` that went
    to the model, `cache_hits` that did not need to; `cost` in US dollars, None where the model's price is not known."""

    seconds: dict[str, float] = field(default_factory=dict)
    tokens_in: int = 0
    tokens_out: int = 0
    calls: int = 0
    cache_hits: int = 0
    cost: float | None = 0.0

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Self:
        """The ledger that `to_dict` gave these values; KeyError, TypeError and the like where they are not of that form."""
        cost = values.get("cost", 0.0)
        return cls(
            seconds={str(stage): float(seconds) for stage, seconds in values.get("seconds", {}).items()},
            cost=None if cost is None else float(cost),
            **{name: int(values.get(name, 0)) for name in ("tokens_in", "tokens_out", "calls", "cache_hits")},
        )
