"""How the page's events behave, and what a visitor is told of an error: one sentence, never a trace."""

import logging
from collections.abc import Callable
from typing import Any, cast

import gradio as gr

from qa.errors import QAError

QUIET: dict[str, Any] = {"concurrency_limit": 16, "show_progress": "hidden", "api_visibility": "private"}
"""For every event: visitors do not wait for one another, nothing is veiled while it runs, and it is no public API."""

# Gradio's own types are incomplete here.
skip: Callable[[], Any] = cast(Any, gr).skip
on: Callable[..., Any] = cast(Any, gr).on

_log = logging.getLogger(__name__)


def error_sentence(error: Exception) -> str:
    """What the visitor is told of an error. One that nobody expected is logged with its trace, and told without."""
    if isinstance(error, QAError):
        return str(error)
    _log.error("an event of the page failed", exc_info=error)
    return "That went wrong on the server, and its log says why. Nothing was lost: try once more."
