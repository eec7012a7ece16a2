"""The tab pages."""

import gradio as gr
from typing import Any


def pages_tab(*_: Any, **__: Any) -> None:
    gr.HTML("pages")
