"""The tab papers."""

import gradio as gr
from typing import Any


def papers_tab(*_: Any, **__: Any) -> None:
    gr.HTML("papers")
