"""Where a Chroma server is: its address, tenant, database and token, and the folder of its mirror.

Nothing is asked of the server here, and the environment is not read.
"""

import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from qa.errors import InputError
from qa.net import is_loopback

TENANT, DATABASE = "default_tenant", "default_database"
"""What every Chroma server has from the beginning."""
TOKEN = "QA_CHROMA_TOKEN"
"""The variable of the environment that holds the token; a command line would show it to every user of the machine."""

_NAME = re.compile(r"[\w.@:+-]{1,128}", re.ASCII)
_EXAMPLE = "Give one like http://localhost:8000 in --chroma or QA_CHROMA"


@dataclass(frozen=True, kw_only=True)
class Address:
    """A Chroma server as `chroma_address` checked it; `url` has no path, no user and no password."""

    url: str
    tenant: str = TENANT
    database: str = DATABASE
    token: str = field(default="", repr=False)

    @property
    def is_loopback(self) -> bool:
        """Whether the host is this machine by its name: localhost, 127.x.x.x or ::1."""
        return is_loopback(urlsplit(self.url).hostname or "")

    @property
    def start_command(self) -> str:
        """What starts such a server on this machine."""
        return f"chroma run --path DIR --port {urlsplit(self.url).port or 8000}"

    def __str__(self) -> str:
        """The address for messages; tenant and database where they are not the usual ones."""
        named = [] if self.tenant == TENANT else [f"tenant {self.tenant}"]
        named += [] if self.database == DATABASE else [f"database {self.database}"]
        return f"{self.url} ({', '.join(named)})" if named else self.url


def chroma_address(url: str, *, tenant: str | None = None, database: str | None = None, token: str = "") -> Address:
    """The server at `http(s)://host[:port]`; blank names are the usual ones. InputError for what cannot be one."""
    url, token = url.strip(), token.strip()
    shown = re.sub(r"//.*@", "//", url)[:200]
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:  # an invalid port, or brackets around an invalid address
        raise InputError(f"{shown!r} is not the address of a Chroma server. {_EXAMPLE}.") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0 or re.search(r"[\s\x00-\x1f\\]", url):
        raise InputError(f"{shown!r} is not the address of a Chroma server. {_EXAMPLE}.")
    if "@" in parts.netloc:
        raise InputError(
            f"The address {shown} holds a user or a password. Leave them out, and put a token into {TOKEN}."
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise InputError(f"The address {shown} has a path. {_EXAMPLE}, without a path.")
    if re.search(r"[^\x21-\x7e]", token):
        raise InputError(f"The token in {TOKEN} holds blanks or letters that no token has. Set it again.")
    names = {"tenant": (tenant or "").strip() or TENANT, "database": (database or "").strip() or DATABASE}
    for what, name in names.items():
        if not _NAME.fullmatch(name) or set(name) <= {"."}:
            raise InputError(
                f"{name[:80]!r} is not a valid name of a {what}. Give the server's name in --chroma-{what}."
            )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Address(url=f"{parts.scheme}://{host}" + (f":{port}" if port else ""), **names, token=token)


def mirror_folder(address: Address) -> Path:
    """Where this user keeps the mirror of a server: among the user's caches, one folder for each database. The token
    is not part of its name."""
    import platformdirs

    spec = "\0".join((address.url, address.tenant, address.database))
    return (
        Path(platformdirs.user_cache_dir("abstracts-qa")) / "mirrors" / hashlib.sha256(spec.encode()).hexdigest()[:16]
    )
