"""The tab scores."""

import gradio as gr
from typing import Any


def scores_tab(*_: Any, **__: Any) -> None:
    gr.HTML("scores")
