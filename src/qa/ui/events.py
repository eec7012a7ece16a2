"""Settings shared by all events of the page, and errors as one sentence, never a traceback."""

import logging
from collections.abc import Callable
from typing import Any, cast

import gradio as gr

from qa.errors import QAError

QUIET: dict[str, Any] = {"concurrency_limit": 16, "show_progress": "hidden", "api_visibility": "private"}
"""For every event: visitors do not wait for one another, no overlay while it runs, and no public API."""

# Gradio's own types are incomplete here.
skip: Callable[[], Any] = cast(Any, gr).skip
on: Callable[..., Any] = cast(Any, gr).on

_log = logging.getLogger(__name__)


def error_sentence(error: Exception) -> str:
    """The error message for the visitor. An unexpected error is logged with its traceback."""
    if isinstance(error, QAError):
        return str(error)
    _log.error("an event of the page failed", exc_info=error)
    return "Something went wrong on the server; its log has the details. Nothing was lost: try again."
