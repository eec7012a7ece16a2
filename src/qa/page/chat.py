"""The tab chat."""

import gradio as gr
from typing import Any


def chat_tab(*_: Any, **__: Any) -> None:
    gr.HTML("chat")
