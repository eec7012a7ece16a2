"""How the page looks: Gradio's theme, and the style sheets and scripts of `static/`."""

import gradio as gr

from qa.page.markup import static

SHEETS = ("base.css", "chat.css", "cards.css", "papers.css", "pages.css", "scores.css")
SCRIPTS = ("page.js",)
SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> gr.themes.Base:
    """The theme: system fonts only, so that none is fetched."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.blue, neutral_hue=gr.themes.colors.gray, font=SANS, font_mono=MONO
    )


def css() -> str:
    return static(*SHEETS)


def head() -> str:
    """What stands in the page's head: its scripts, and that it may be read on a phone."""
    return f"<script>{static(*SCRIPTS)}</script>"
