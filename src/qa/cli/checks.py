"""Result of a health check, its text, and a time limit for each check."""

import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from qa.console.terminal import escape_terminal, wrap

OK, HINT, WRONG = "ok", "hint", "not ok"
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Check:
    """One check: `state` is "ok", "hint" (works, but see `advice`) or "not ok"; `found` is what there
    is, and `advice` what to do, empty where nothing is to be done."""

    name: str
    state: str
    found: str
    advice: str = ""

    def to_dict(self) -> dict[str, str]:
        return asdict(self)


def check_text(check: Check) -> str:
    """A check on a line, what to do under it."""
    indent = " " * 18
    lines = [wrap(escape_terminal(check.found), indent, f"{check.state:<7} {check.name:<9} ")]
    if check.advice:
        lines.append(wrap(escape_terminal(check.advice), indent))
    return "\n".join(lines)


def split_error(error: Exception | None) -> tuple[str, str]:
    """What is wrong and what to do: the two sentences of an error."""
    what, _, advice = str(error).partition(". ")
    return (what, advice) if advice else (what.rstrip("."), "")


def run_with_timeout(seconds: float, ask: Callable[[], T]) -> T | None:
    """What `ask` gives or raises; None where it takes longer. It is then left to itself."""
    box: dict[str, Any] = {}

    def run() -> None:
        try:
            box["value"] = ask()
        except BaseException as error:  # raised again where it is waited for
            box["error"] = error

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(seconds)
    if "error" in box:
        raise box["error"]
    return box.get("value")
