"""How the page looks: Gradio's theme, and the style sheets and scripts of `static/`."""

from typing import Any

from gradio.themes import Base, colors

from qa.ui.html import static

SHEETS = ("base.css", "chat.css", "cards.css", "papers.css", "pages.css", "scores.css")
SCRIPTS = ("kept.js", "page.js")
SANS = ("ui-sans-serif", "system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def theme() -> Base:
    """The theme: system fonts only, so that none is fetched."""
    base: Any = Base(primary_hue=colors.blue, neutral_hue=colors.gray, font=SANS, font_mono=MONO)
    return base.set(
        # The colours of base.css, which are checked for contrast.
        body_background_fill="#ffffff", body_background_fill_dark="#14171a",
        body_text_color="#1b1f24", body_text_color_dark="#e8eaed",
        body_text_color_subdued="#565d66", body_text_color_subdued_dark="#a9b1bb",
        background_fill_primary="#ffffff", background_fill_primary_dark="#14171a",
        background_fill_secondary="#f6f7f9", background_fill_secondary_dark="#1d2125",
        border_color_primary="#d4d9df", border_color_primary_dark="#3a4149",
        border_color_accent="#1d5b8f", border_color_accent_dark="#8cc2ee",
        color_accent="#1d5b8f", link_text_color="#1d5b8f", link_text_color_dark="#8cc2ee",
        button_primary_background_fill="#1d5b8f", button_primary_background_fill_dark="#8cc2ee",
        button_primary_text_color="#ffffff", button_primary_text_color_dark="#14171a",
        block_label_text_color="#565d66", block_label_text_color_dark="#a9b1bb",
        input_placeholder_color="#565d66", input_placeholder_color_dark="#a9b1bb",
    )  # fmt: skip


def css() -> str:
    return static(*SHEETS)


def head() -> str:
    """The page's head: its scripts, and the style of the frame around its content."""
    return f"<style>{static('frame.css')}</style><script>{static(*SCRIPTS)}</script>"
