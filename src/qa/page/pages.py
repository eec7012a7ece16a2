"""The tab pages."""

from typing import Any

import gradio as gr


def pages_tab(*_: Any, **__: Any) -> None:
    gr.HTML("pages")
