"""The tab chat."""

from typing import Any

import gradio as gr


def chat_tab(*_: Any, **__: Any) -> None:
    gr.HTML("chat")
