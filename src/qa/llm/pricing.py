"""What models cost: a small table of list prices, before it the user's own of the same form. Nothing is looked up online."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from qa.errors import InputError
from qa.net import is_loopback

FORM = '{"models": {"NAME": {"in": 0.4, "out": 1.6}}}'

_SNAPSHOT = re.compile(r"-\d{4}-\d\d-\d\d$")


@dataclass(frozen=True, kw_only=True)
class Price:
    """US dollars per million tokens."""

    dollars_in: float
    dollars_out: float

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """US dollars."""
        return (self.dollars_in * tokens_in + self.dollars_out * tokens_out) / 1e6


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Tables in the order in which they are asked; each is (host or None for any, {model: price})."""

    tables: tuple[tuple[str | None, Mapping[str, Price]], ...]

    def of(self, model: str, host: str) -> Price | None:
        """The price of a model at a host ("" for a model in this process); None where it is not known.

        The user's table comes first, then this machine's own servers, which cost nothing, then list prices, which hold
        at the host that they name alone. A snapshot (gpt-4o-2024-08-06) costs what its model does, unless it is listed.
        """
        for names_host, models in self.tables:
            if names_host in (None, host):
                price = models.get(model) or models.get(_SNAPSHOT.sub("", model))
                if price is not None:
                    return price
        return Price(dollars_in=0.0, dollars_out=0.0) if is_loopback(host) else None


def read_prices(path: str | Path | None = None) -> Prices:
    """The shipped prices, and before them those of a JSON file of the form
    `{"models": {"NAME": {"in": 0.4, "out": 1.6}}}` (US dollars per million tokens; "host" says where they hold, else
    anywhere). InputError where the file cannot be read or is not of that form."""
    tables = [_table(json.loads(resources.files("qa.llm").joinpath("prices.json").read_text("utf-8")))]
    if path is not None:
        try:
            tables.insert(0, _table(json.loads(Path(path).read_text("utf-8-sig"))))
        except OSError as error:
            raise InputError(
                f"The prices in {str(path)!r} cannot be read ({error.strerror or error}). Name a JSON file in QA_PRICES."
            ) from error
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise InputError(
                f"The prices in {str(path)!r} are not of the form {FORM} ({type(error).__name__}: {str(error)[:100]})."
                " Correct that file, or unset QA_PRICES."
            ) from error
    return Prices(tables=tuple(tables))


def _table(values: Any) -> tuple[str | None, dict[str, Price]]:
    host = values.get("host")
    if not (host is None or isinstance(host, str)):
        raise TypeError("host is not a text")
    return host, {
        str(name): Price(dollars_in=_dollars(name, price, "in"), dollars_out=_dollars(name, price, "out"))
        for name, price in values["models"].items()
    }


def _dollars(name: str, price: Any, way: str) -> float:
    value = price[way]
    if isinstance(value, bool) or not isinstance(value, int | float) or not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{way!r} of {name!r} is not a price: {value!r:.40}")
    return float(value)
