"""What options and the environment ask for: the index folder or Chroma server, a model with its account, the cache of
replies, the file of votes.

The edge alone calls this: command line, page and evaluation. The library never reads the environment.
"""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from qa.errors import InputError
from qa.index.remote.address import TOKEN, Address, chroma_address
from qa.llm.cache import ReplyCache, default_folder
from qa.llm.client import MeteredModel, check_limits
from qa.llm.openai import OPENAI_URL, Endpoint
from qa.llm.pricing import read_prices

DEFAULT_MODEL = "gpt-4.1-mini"
"""The model at OpenAI's own host where none is named: it follows the prompts' labels, and an answer costs about 0.3 cents."""
NO_MODEL = "none"
"""The name that says: no model."""


def index_folder(environment: Mapping[str, str], given: str | None = None) -> Path:
    """The folder given, else that of QA_INDEX, else index/chroma under the current folder."""
    return Path(given or environment.get("QA_INDEX") or "index/chroma")


def chroma_server(
    environment: Mapping[str, str], *, url: str | None = None, tenant: str | None = None, database: str | None = None
) -> Address | None:
    """The Chroma server that the arguments, else QA_CHROMA, QA_CHROMA_TENANT and QA_CHROMA_DATABASE name, with the token
    in QA_CHROMA_TOKEN; None where no address is named. InputError for what cannot be one, and for names without it."""
    address = (url or "").strip() or environment.get("QA_CHROMA", "").strip()
    if not address:
        if tenant or database:
            raise InputError(
                "A tenant or a database was named, but no Chroma server. Add --chroma http://HOST:PORT or set QA_CHROMA."
            )
        return None
    return chroma_address(
        address,
        tenant=tenant or environment.get("QA_CHROMA_TENANT"),
        database=database or environment.get("QA_CHROMA_DATABASE"),
        token=environment.get(TOKEN, ""),
    )


def index_place(
    environment: Mapping[str, str],
    *,
    folder: str | None = None,
    url: str | None = None,
    tenant: str | None = None,
    database: str | None = None,
) -> tuple[Path | None, Address | None]:
    """Where the index is: its folder, or a Chroma server with the folder given for its mirror (None: among this user's
    caches). QA_INDEX names no mirror. A folder that is given on its own is meant, whatever QA_CHROMA says."""
    if folder and not (url or tenant or database):
        return index_folder(environment, folder), None
    server = chroma_server(environment, url=url, tenant=tenant, database=database)
    if server is None:
        return index_folder(environment, folder), None
    return (Path(folder) if folder else None), server


def reply_cache(environment: Mapping[str, str]) -> ReplyCache:
    """The cache of replies in QA_CACHE, else among this user's caches."""
    return ReplyCache(default_folder(environment))


def feedback_file(environment: Mapping[str, str]) -> Path:
    """The file of votes that QA_FEEDBACK names, else feedback.jsonl among this user's data."""
    named = environment.get("QA_FEEDBACK", "").strip()
    if named:
        return Path(named).expanduser()
    import platformdirs

    return Path(platformdirs.user_data_dir("abstracts-qa")) / "feedback.jsonl"


def model_from_environment(
    *, model: str | None = None, base_url: str | None = None, environment: Mapping[str, str]
) -> Endpoint | None:
    """The endpoint that the arguments, else OPENAI_API_KEY, OPENAI_BASE_URL and QA_MODEL name; blank ones do not count.

    None where there is neither key nor base URL, or the model is "none". The model is the one named, else
    `DEFAULT_MODEL` at OpenAI's own host, else the only one that the endpoint lists. InputError for a base URL that is
    none, and for `model` with nowhere to ask it.
    """
    given = (model or "").strip()
    name = given or environment.get("QA_MODEL", "").strip()
    address = (base_url or "").strip() or environment.get("OPENAI_BASE_URL", "").strip()
    key = environment.get("OPENAI_API_KEY", "").strip()
    if name.lower() == NO_MODEL:
        return None
    if not key and not address:
        if given:
            raise InputError(
                f"There is nowhere to ask {given!r}. Set OPENAI_API_KEY, or OPENAI_BASE_URL or --base-url for an endpoint of your own."
            )
        return None
    endpoint = Endpoint(model=name or None, base_url=address or None, api_key=key or None)
    if not name and endpoint.host == urlsplit(OPENAI_URL).hostname:
        return Endpoint(model=DEFAULT_MODEL, base_url=address or None, api_key=key or None)
    return endpoint


def calls_from_environment(
    environment: Mapping[str, str],
    *,
    model: str | None = None,
    base_url: str | None = None,
    cache: bool = True,
    max_cost: float | None = None,
    max_total_tokens: int | None = None,
) -> MeteredModel | None:
    """Calls to the model that the arguments, else OPENAI_API_KEY, OPENAI_BASE_URL and QA_MODEL select; prices of
    QA_PRICES come before the shipped ones. None where they select no model, or the model is "none".

    `max_cost` is in US dollars; both limits count everything asked through this one object. InputError for a value that
    cannot be used, limits also without a model.
    """
    check_limits(max_cost=max_cost, max_total_tokens=max_total_tokens)
    endpoint = model_from_environment(model=model, base_url=base_url, environment=environment)
    if endpoint is None:
        return None
    return MeteredModel(
        endpoint,
        cache=reply_cache(environment) if cache else None,
        max_cost=max_cost,
        max_total_tokens=max_total_tokens,
        prices=read_prices(environment.get("QA_PRICES") or None),
    )
