"""The tab papers."""

from typing import Any

import gradio as gr


def papers_tab(*_: Any, **__: Any) -> None:
    gr.HTML("papers")
