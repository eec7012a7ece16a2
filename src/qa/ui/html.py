"""HTML of the page out of templates: every text of papers, questions, replies and files is shown in it, never obeyed."""

import re
from functools import cache
from importlib import resources
from typing import Any, cast
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined

# As on a terminal: control characters, marks that turn the direction of writing, halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
MAX_LINK_CHARACTERS = 2000
"""Characters of a link; browsers and servers take no longer ones."""


def render(template: str, **values: Any) -> str:
    """The HTML of a template in `templates/`, with each value escaped and its control characters made visible."""
    return printable(_templates().get_template(f"{template}.html.j2").render(**values))


def printable(text: str) -> str:
    """A text with its control characters written out, as `render` shows them: for one that goes through JSON there."""
    return _CONTROL.sub(lambda m: f"\\x{ord(m[0]):02x}" if ord(m[0]) < 256 else f"\\u{ord(m[0]):04x}", text)


def https(link: str | None) -> str | None:
    """A link that the page may show: https with a host and no account in it; None for any other, and for none.

    In templates it is a filter. An address of http is shown as https: hosts of code and papers all answer there.
    """
    if not link or len(link) > MAX_LINK_CHARACTERS or _CONTROL.search(link) or re.search(r"[\s\"'<>\\^`{|}]", link):
        return None
    try:
        parts = urlsplit(link)
        # A port that is named with http speaks http alone.
        is_known = parts.port != 0 if parts.scheme == "https" else parts.scheme == "http" and parts.port is None
        if is_known and parts.hostname and "@" not in parts.netloc:
            return parts._replace(scheme="https").geturl()
    except ValueError:  # an invalid port, or brackets around an invalid address
        pass
    return None


def static(*names: str) -> str:
    """The text of these files of `static/`, one after the other."""
    folder = resources.files("qa.ui").joinpath("static")
    return "\n".join(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


@cache
def _templates() -> Environment:
    templates = Environment(
        loader=PackageLoader("qa.ui"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = cast(Any, templates).filters
    filters["https"] = https
    return templates
