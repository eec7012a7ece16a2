"""What options and the environment ask for: the index folder, a model with its account, the cache of replies.

The edge alone calls this: command line, page and evaluation. The library never reads the environment.
"""

from collections.abc import Mapping
from pathlib import Path

from qa.calls import Calls
from qa.endpoint import model_from_environment
from qa.prices import read_prices
from qa.replies import ReplyCache, default_folder


def index_folder(environment: Mapping[str, str], given: str | None = None) -> Path:
    """The folder given, else that of QA_INDEX, else index/chroma under the current folder."""
    return Path(given or environment.get("QA_INDEX") or "index/chroma")


def reply_cache(environment: Mapping[str, str]) -> ReplyCache:
    """The cache of replies in QA_CACHE, else among this user's caches."""
    return ReplyCache(default_folder(environment))


def calls_from_environment(
    environment: Mapping[str, str],
    *,
    model: str | None = None,
    base_url: str | None = None,
    cache: bool = True,
    max_cost: float | None = None,
    max_total_tokens: int | None = None,
) -> Calls | None:
    """Calls to the model that the arguments, else OPENAI_API_KEY, OPENAI_BASE_URL and QA_MODEL select; prices of
    QA_PRICES come before the shipped ones. None where they select no model, or the model is "none".

    `max_cost` is in US dollars; both limits count everything asked through this one object. InputError for a value that
    cannot be used.
    """
    endpoint = model_from_environment(model=model, base_url=base_url, environment=environment)
    if endpoint is None:
        return None
    return Calls(
        endpoint,
        cache=reply_cache(environment) if cache else None,
        max_cost=max_cost,
        max_total_tokens=max_total_tokens,
        prices=read_prices(environment.get("QA_PRICES") or None),
    )
