"""Checks packages, index, embedder, language model and cache, and says what to do. It changes nothing.

Nothing here waits long, and no key is ever shown.
"""

import platform
import time
from collections.abc import Iterator, Mapping
from importlib import metadata

import qa
from qa.cli.checks import HINT, OK, WRONG, Check, run_with_timeout, split_error
from qa.embedding.adapters import make_embedder
from qa.embedding.base import Embedder
from qa.errors import EmbedderError, InputError, ModelError, ModelUnavailableError, QAError
from qa.generation.prompts import QUESTION_TOKENS, rewrite_messages
from qa.llm.base import StreamEnd
from qa.llm.openai import Endpoint
from qa.llm.pricing import Price, read_prices
from qa.llm.token_count import BYTES_PER_TOKEN, count_tokens
from qa.retrieval.search import Index, open_index
from qa.settings import index_place, model_from_environment, reply_cache

PACKAGES = (
    "chromadb", "numpy", "onnxruntime", "tokenizers", "tiktoken", "openai", "llama-index-core",
    "gradio",
)  # fmt: skip
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
"""What turns calls aside without a word in any message."""
PROBE = "Which papers train graph networks that do not fit into memory?"

LIST_SECONDS, LIST_ALL_SECONDS, NAME_SECONDS = 4.0, 8.0, 15.0
"""Silence, and with all tries, when an endpoint is asked for its models: it only reads a list. The third is for looking
up the address too, which heeds no limit of ours."""
CALL_SECONDS = 60.0
"""A laptop that has to load a model from disk first takes half a minute for its first word."""
EMBEDDER_SECONDS = 20.0
"""The shipped one loads in half a second; an endpoint that takes longer than this makes every question wait as long."""
MOST_NAMED = 8


def run_checks(
    environment: Mapping[str, str],
    *,
    index: str | None = None,
    model: str | None = None,
    base_url: str | None = None,
    call: bool = False,
    chroma: str | None = None,
    tenant: str | None = None,
    database: str | None = None,
) -> Iterator[Check]:
    """The checks one after the other, each when it is done; `call` has the model answer a small request, too."""
    yield _python()
    yield _packages()
    opened: Index | None = None
    place = ""
    try:
        folder, server = index_place(environment, folder=index, url=chroma, tenant=tenant, database=database)
        place = f"Chroma server at {server}" if server else str(folder)
        opened = open_index(folder, chroma=server)
        embedder = opened.embedder
        broken = None
    except QAError as error:
        broken, embedder = error, None
    try:
        meaning = _embedder(embedder)
        yield _index(opened, place, broken, searchable=meaning.state == OK)
        yield meaning
    finally:
        if opened:
            opened.close()
    yield _tokenizer()
    yield from _model(environment, model, base_url, call)
    yield _cache(environment)
    yield _proxies(environment)


def _python() -> Check:
    return Check(name="program", state=OK, found=f"abstracts-qa {qa.__version__}, Python {platform.python_version()}")


def _packages() -> Check:
    versions: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            versions[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            versions[package] = None
    missing = [package for package, version in versions.items() if version is None]
    if missing:
        return Check(
            name="packages", state=WRONG, found=f"not installed: {', '.join(missing)}",
            advice="Install abstracts-qa again; it brings them.",
        )  # fmt: skip
    return Check(name="packages", state=OK, found=", ".join(f"{name} {version}" for name, version in versions.items()))


def _index(index: Index | None, folder: str, broken: QAError | None, *, searchable: bool) -> Check:
    """Whether the index opens, belongs to these rules and this embedder, and can be searched."""
    if index is None:
        what, advice = split_error(broken)
        return Check(name="index", state=WRONG, found=what, advice=advice)
    try:
        counts = f"{folder}: {len(index):,} papers on {len(index.pages()):,} pages, embedder {index.embedder.name}"
        if not len(index):
            return Check(name="index", state=WRONG, found=counts, advice="Read pages into it: qa index FILES…")
        if searchable:
            index.search(PROBE, 1)
    except QAError as error:
        what, advice = split_error(error)
        return Check(name="index", state=WRONG, found=what, advice=advice)
    return Check(name="index", state=OK, found=counts)


def _embedder(embedder: Embedder | None) -> Check:
    try:
        chosen = make_embedder() if embedder is None else embedder
        started = time.perf_counter()
        vector = run_with_timeout(EMBEDDER_SECONDS, lambda: chosen.embed_question(PROBE))
        if vector is None:
            raise EmbedderError(
                f"{chosen.name} gave no vector within {EMBEDDER_SECONDS:g} s. Check that its endpoint is up."
            )
        loaded = time.perf_counter()
        chosen.embed_question(PROBE)
        now = time.perf_counter()
    except QAError as error:
        what, advice = split_error(error)
        return Check(name="embedder", state=WRONG, found=what, advice=advice)
    took = f"loaded in {(loaded - started) * 1000:.0f} ms, a question takes {(now - loaded) * 1000:.0f} ms"
    return Check(name="embedder", state=OK, found=f"{chosen.name}, {len(vector)} dimensions, {took}")


def _tokenizer() -> Check:
    word = "tokenization"  # two tokens; the estimate has only its length to go by
    if count_tokens(word) < len(word) // BYTES_PER_TOKEN:
        return Check(name="tokens", state=OK, found="counted with the table cl100k_base")
    return Check(
        name="tokens", state=HINT, found="estimated from the length",
        advice="Good enough. To count them, install tiktoken and llama-index-core again.",
    )  # fmt: skip


def _no_model(environment: Mapping[str, str], model: str | None) -> Check:
    """The check if no model is configured: a hint, unless it was turned off."""
    named = (model or environment.get("QA_MODEL", "")).strip()
    turned_off = named.lower() == "none"
    found = "turned off: quotes only" if turned_off else "none: quotes only"
    advice = "" if turned_off else "For a language model set OPENAI_API_KEY, or OPENAI_BASE_URL for your own endpoint."
    if named and not turned_off:
        found += f" (QA_MODEL is {named}, but there is nowhere to ask it)"
    return Check(name="model", state=OK if turned_off else HINT, found=found, advice=advice)


def _price_text(price: Price | None) -> str:
    if price is None:
        return "price not known"
    return f"${price.dollars_in:g} in, ${price.dollars_out:g} out per million tokens" if price.cost(1, 1) else "free"


def _model(environment: Mapping[str, str], model: str | None, base_url: str | None, call: bool) -> Iterator[Check]:
    """The configured endpoint: whether it answers, and whether it has the model."""
    try:
        chosen = model_from_environment(model=model, base_url=base_url, environment=environment)
        prices = read_prices(environment.get("QA_PRICES") or None)
    except InputError as error:
        what, advice = split_error(error)
        yield Check(name="model", state=WRONG, found=what, advice=advice)
        return
    if chosen is None:
        yield _no_model(environment, model)
        return
    key = environment.get("OPENAI_API_KEY", "").strip()
    address = (base_url or "").strip() or environment.get("OPENAI_BASE_URL", "").strip()

    def patient(name: str | None, silence: float, in_all: float) -> Endpoint:
        return Endpoint(
            model=name, base_url=address or None, api_key=key or None, timeout_seconds=silence, total_seconds=in_all
        )

    asked = f"{chosen.address}, OPENAI_API_KEY {'set' if key else 'not set'}"
    lister = patient(chosen.given_name, LIST_SECONDS, LIST_ALL_SECONDS)
    try:
        reached = run_with_timeout(NAME_SECONDS, lambda: (lister.models(), lister.name))
        if reached is None:
            raise ModelUnavailableError(f"{chosen.host} did not answer within {NAME_SECONDS:g} s. Check the network.")
    except ModelError as error:
        what, advice = split_error(error)
        yield Check(name="model", state=WRONG, found=f"{asked}: {what}", advice=advice)
        return
    listed, name = reached
    price = prices.of(name, chosen.host)
    found = f"{name} at {asked}; {_price_text(price)}"
    known = not listed or name in listed or f"{name}:latest" in listed  # Ollama lists its tags
    if known and (listed or call):
        yield Check(name="model", state=OK, found=found + ("" if listed else "; it lists no models"))
    elif known:  # what answers there may be anything
        yield Check(
            name="model", state=HINT, found=f"{found}; it lists no models",
            advice="To test it: qa doctor --call",
        )  # fmt: skip
    else:
        names = ", ".join(one[:80] for one in listed[:MOST_NAMED]) + (" and others" if len(listed) > MOST_NAMED else "")
        yield Check(
            name="model", state=WRONG, found=f"{found}; it is not among the models listed",
            advice=f"Set QA_MODEL or --model to one of: {names}. Or test it: qa doctor --call",
        )  # fmt: skip
    if call:
        yield _called(patient(name, CALL_SECONDS, CALL_SECONDS))


def _called(endpoint: Endpoint) -> Check:
    started = time.perf_counter()
    try:
        *pieces, ended = endpoint.stream(rewrite_messages(PROBE, ()), reply_tokens=QUESTION_TOKENS)
        if not pieces:
            raise ModelUnavailableError("The reply is empty. Ask again, or another model.")
    except ModelError as error:
        what, advice = split_error(error)
        return Check(name="call", state=WRONG, found=what, advice=advice)
    assert isinstance(ended, StreamEnd)
    took = f"answered in {time.perf_counter() - started:.1f} s, its client's loading included"
    if ended.cut:
        return Check(
            name="call", state=HINT, found=f"{took}, but the reply was cut: {ended.cut}", advice="Try it again."
        )
    return Check(name="call", state=OK, found=took)


def _cache(environment: Mapping[str, str]) -> Check:
    cache = reply_cache(environment)
    found = str(cache.folder)
    trouble = cache.trouble()
    try:
        replies, size = cache.size()
        found += f": {replies:,} {'reply' if replies == 1 else 'replies'}, {size / 1e6:.1f} MB"
    except OSError as error:
        trouble = trouble or error.strerror or str(error)
    if trouble:
        return Check(
            name="cache", state=HINT, found=f"{found}; it cannot be written ({trouble})",
            advice="Name another folder in QA_CACHE, or add --no-cache.",
        )  # fmt: skip
    return Check(name="cache", state=OK, found=found)


def _proxies(environment: Mapping[str, str]) -> Check:
    """Names only: a proxy's address may hold a password."""
    found = [name for name in environment if name.upper() in PROXIES and environment[name].strip()]
    if not found:
        return Check(name="proxies", state=OK, found="none set")
    return Check(
        name="proxies", state=HINT, found=f"set: {', '.join(sorted(found))}",
        advice="Calls to other machines go through them. Where one fails, unset them, or name its host in NO_PROXY.",
    )  # fmt: skip
