"""The tab scores."""

from typing import Any

import gradio as gr


def scores_tab(*_: Any, **__: Any) -> None:
    gr.HTML("scores")
