"""The chat tab: the conversation, the papers panel, and the events that send, stop, open, vote and export.

What is done then is in chatroom, and what the browser does in `static/page.js`.
"""

import inspect
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from functools import wraps
from pathlib import Path
from typing import Any

import gradio as gr

from qa.assistant import Assistant
from qa.ui.chat.conversation import MOST_CHARACTERS
from qa.ui.chat.handlers import ChatHandlers
from qa.ui.events import QUIET
from qa.ui.html import render


def chat_tab(assistant: Assistant, votes: Path) -> None:
    """The blocks of the tab, and what they do; `votes` is the file that votes on answers are kept in."""
    room = ChatHandlers(assistant, votes)
    with gr.Row(elem_id="qa-chat"):
        with gr.Column(elem_id="qa-main", scale=3):
            bar = _part("bar", render("bar", **room.settings), [room.markdown, room.bibtex])
            thread = _part("thread", "")
            composer = _part("composer", render("composer", most_characters=MOST_CHARACTERS))
        with gr.Column(elem_id="qa-side", scale=2):
            gr.HTML(render("sheet"), elem_id="qa-sheet", apply_default_css=False, js_on_load=None)
            panel = _part("panel", "", [room.similar])
        # Values that live in the browser: what is wished for, and the conversation as it is now.
        wish, talk = gr.JSON(visible="hidden"), gr.JSON(visible="hidden")
    shown: list[Any] = [thread, panel, talk]
    now = "(talk) => [qa.talk()]"
    # None waits for another of its kind, as Gradio would have it: what comes too late page.js throws away.
    quiet: dict[str, Any] = {**QUIET, "trigger_mode": "multiple"}
    # Without a limit: where models stay silent, as many visitors as it allows would keep everybody else waiting.
    unlimited: dict[str, Any] = {**quiet, "concurrency_limit": None}
    asking = composer.submit(_packed(room.ask), [wish], shown, js="(wish) => [qa.wish()]", **unlimited)
    composer.stop(_packed(room.show), [talk], shown, js=now, cancels=[asking], queue=False, **_unqueued(quiet))
    bar.select(_packed(room.show), [talk], shown, js=now, **quiet)
    thread.select(room.cards, [talk], [panel], js=now, **quiet)
    thread.like(_packed(room.vote), [talk], [thread, talk], js=now, **quiet)
    talk.change(None, [talk], None, js="(talk) => qa.keep(talk)")


def _part(name: str, html: str, functions: list[Callable[..., Any]] | None = None) -> gr.HTML:
    """A part of the page that `static/page.js` brings to life."""
    return gr.HTML(
        html, elem_id=f"qa-{name}", apply_default_css=False, server_functions=[_served(f) for f in functions or ()],
        js_on_load=f"qa.{name}(element, trigger, server, watch, props)",
    )  # fmt: skip


def _packed(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method with the talk that it gives, its last value, made one text: of each value within Gradio would draw some
    elements, hidden ones, thousands for a long talk."""

    def pack(shown: Sequence[Any]) -> tuple[Any, ...]:
        return (*shown[:-1], {"text": json.dumps(shown[-1])})

    @wraps(method)
    def packed(*values: Any) -> Any:
        return pack(method(*values))

    @wraps(method)
    async def packed_each(*values: Any) -> AsyncIterator[Any]:
        async with aclosing(method(*values)) as items:
            async for shown in items:
                yield pack(shown)

    return packed_each if inspect.isasyncgenfunction(method) else packed


def _served(method: Callable[..., Any]) -> Callable[..., Any]:
    """A method as a function that Gradio can put its sign on, known to the browser by the same name."""

    @wraps(method)
    def served(*values: Any) -> Any:
        return method(*values)

    return served


def _unqueued(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if name != "concurrency_limit"}
