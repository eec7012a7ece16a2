"""The seam to a language model: what the chain needs of one, and how foreign objects are made to fit.

No prompt is written here, nothing is retried, cached or paid: see prompts, endpoint and calls.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Message = Mapping[str, str]
"""{"role": "system", "user" or "assistant", "content": text}"""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """The last item of every reply: tokens as the endpoint counted them (None where it did not say), and in `cut`,
    where the reply is not whole, why (a clause: "the connection broke"). `cost` (US dollars, None: not known) and
    `cached` are filled in by who keeps accounts."""

    tokens_in: int | None = None
    tokens_out: int | None = None
    cut: str | None = None
    cost: float | None = None
    cached: bool = False


class Model(Protocol):
    """A language model: `name` as its endpoint calls it, `host` where it answers ("" in this process)."""

    @property
    def name(self) -> str: ...

    @property
    def host(self) -> str: ...

    def stream(self, messages: Sequence[Message], *, reply_tokens: int) -> Iterator[str | Ended]:
        """The reply in pieces as they come, and at last an `Ended`; at most about `reply_tokens` tokens.

        ModelError is raised only before the first piece; what goes wrong later stands in `Ended.cut`.
        """
        ...
