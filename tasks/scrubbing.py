"""What no log and no error may show: channel secrets, phones, mail addresses, residents' names, rating links.

Every log record goes through the filter as it is made, before any handler sees it: handlers come and
go whenever somebody (Prefect, uvicorn) configures logging anew, and a filter of theirs would go with them.
"""

from __future__ import annotations

import base64
import logging
import re
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from config.settings import Settings
from tasks.masking import GONE, masked, without_seal

MOST_NAMES = 100_000  # what a process remembers at most
_SHORTEST_PART = 6  # of a path or query; what is shorter is no key, and is often a word
_SHORTEST_PASSWORD = 3
_SHORTEST_NAME, _SHORTEST_LATIN = 2, 4
_WORDS = frozenset({"居民", "匿名"})  # what is written where no name is known
_NO_KEYS = frozenset({"smtp", "from", "to", "name", "mode", "format"})  # of a URL's query

_PARAMETERS = re.compile(r"\[parameters: .*")  # of a statement that failed, of Prefect's server too
_ESCAPED = re.compile(r"\\+u([0-9a-fA-F]{4})")  # as JSON writes what is not ASCII
_QUOTED = re.compile(r"(?:%[0-9a-fA-F]{2})+")  # as a URL writes it
_NOT_ASCII = re.compile(r"%[89a-fA-F][0-9a-fA-F]")

_secrets: tuple[str, ...] = ()
_names: dict[str, set[int]] = {}  # by first character, how long the names are that begin with it
_known: set[str] = set()


def hide_secrets(settings: Settings) -> None:
    """From now on nothing that these settings keep secret is shown."""
    global _secrets
    found = {form for secret in _secrets_of(settings) for form in _forms(secret)}
    _secrets = tuple(sorted(found, key=len, reverse=True))


def hide_name(name: object) -> None:
    """From now on this resident's name is not shown, unless it is what any other word may be, or a number."""
    plain = name.strip() if isinstance(name, str) else ""
    is_a_name = any(map(str.isalpha, plain)) and plain not in _WORDS
    long_enough = len(plain) >= (_SHORTEST_LATIN if plain.isascii() else _SHORTEST_NAME)
    if is_a_name and long_enough and len(_known) < MOST_NAMES:
        _known.add(plain)
        _names.setdefault(plain[0], set()).add(len(plain))


def scrubbed(text: str) -> str:
    """The text without secrets, names, phones, addresses, seals of rating links and values of statements."""
    if "[parameters: " in text:
        text = _PARAMETERS.sub(f"[parameters: {GONE}]", text)
    if "\\u" in text:
        text = _ESCAPED.sub(_as_letter, text)
    for secret in _secrets:
        if secret in text:
            text = text.replace(secret, GONE)
    if "%" in text and _NOT_ASCII.search(text):
        text = _QUOTED.sub(_as_words, text)
    return _without_names(masked(without_seal(text)))


def _as_letter(found: re.Match[str]) -> str:
    """The letter that an escape stands for; what no screen shows stays an escape."""
    letter = chr(int(found[1], 16))
    return letter if letter.isprintable() else found.group()


def _as_words(found: re.Match[str]) -> str:
    """What part of a URL stands for, where that can be read and is more than ASCII."""
    words = unquote(found.group())
    readable = words.isprintable() and not words.isascii() and "\ufffd" not in words
    return words if readable else found.group()


class Scrubber(logging.Filter):
    """Lets every record pass, without what must not be shown in its words, arguments and traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            said = record.getMessage()
        except Exception:  # a slip in a log call; Python would print its arguments
            record.msg, record.args = scrubbed(f"{record.msg} {record.args!r}"), ()
        else:
            if scrubbed(said) != said:
                _rewrite(record, said)
        if record.exc_info and record.exc_info[0]:
            text = "".join(traceback.format_exception(*record.exc_info))
            record.exc_text, record.exc_info = scrubbed(text).rstrip("\n"), None
        if record.stack_info:
            record.stack_info = scrubbed(record.stack_info)
        return True


def _rewrite(record: logging.LogRecord, said: str) -> None:
    """Argument by argument where that is enough, since some formatters count them; else the whole sentence."""
    if isinstance(record.args, tuple):
        earlier = record.args
        record.args = tuple(scrubbed(one) if isinstance(one, str) else one for one in earlier)
        if scrubbed(record.getMessage()) == record.getMessage():
            return
    record.msg, record.args = scrubbed(said), ()


def install() -> None:
    """Puts the filter before everything that this process logs, and before tracebacks that end it. Once."""
    earlier = logging.getLogRecordFactory()
    if isinstance(earlier, _Factory):
        return
    logging.setLogRecordFactory(_Factory(earlier))
    sys.excepthook = _say_scrubbed
    threading.excepthook = lambda died: _say_scrubbed(
        died.exc_type, died.exc_value or died.exc_type(), died.exc_traceback
    )


class _Factory:
    """Makes records as before, and filters them."""

    def __init__(self, make: Callable[..., logging.LogRecord]) -> None:
        self._make, self._filter = make, Scrubber()

    def __call__(self, *about: Any, **more: Any) -> logging.LogRecord:
        record = self._make(*about, **more)
        self._filter.filter(record)
        return record


def _say_scrubbed(
    kind: type[BaseException], error: BaseException, where: TracebackType | None
) -> None:
    if not issubclass(kind, (KeyboardInterrupt, SystemExit)):
        sys.stderr.write(scrubbed("".join(traceback.format_exception(kind, error, where))))


def _secrets_of(settings: Settings) -> Iterator[str]:
    """Whole values, and the parts of URLs that open a door."""
    if settings.secret is not None:
        yield settings.secret.get_secret_value()
    if settings.auth_string is not None:
        whole = settings.auth_string.get_secret_value()
        yield from (whole, whole.partition(":")[2], _basic(whole))
    if settings.database is not None:
        yield from _passwords_of(settings.database)
    for channel in settings.channels.values():
        yield from _parts_of(channel.get_secret_value())
    yield from (one.get_secret_value() for one in settings.channel_secrets.values())


def _passwords_of(database: str) -> Iterator[str]:
    """A database's password; one with an @ or a / in it, as a driver may take it apart, and one in the query."""
    after, _question, query = database.partition("://")[2].partition("?")
    password = after.rpartition("@")[0].partition(":")[2]
    for one in (password, *re.split("[@/:#]", password)):
        if len(one) >= _SHORTEST_PASSWORD:
            yield one
    yield from (value for name, value in parse_qsl(query) if "password" in name)


def _parts_of(url: str) -> Iterator[str]:
    """The URL, who it signs in as and with what, the keys in its path and query."""
    yield url
    yield url.partition("://")[2]
    user, password, path, query = _split(url)
    if len(password) >= _SHORTEST_PASSWORD:
        yield from (password, _basic(f"{unquote(user)}:{unquote(password)}"))
    values = (value for name, value in parse_qsl(query) if name not in _NO_KEYS)
    yield from (one for one in (user, *path.split("/"), *values) if len(one) >= _SHORTEST_PART)


def _split(url: str) -> tuple[str, str, str, str]:
    """User, password, path and query; of what is no URL everything is its path."""
    try:
        parts = urlsplit(url)
        return parts.username or "", parts.password or "", parts.path, parts.query
    except ValueError:
        return "", "", url, ""


def _basic(credentials: str) -> str:
    """As they stand in an Authorization header."""
    return base64.b64encode(credentials.encode()).decode()


def _forms(secret: str) -> Iterator[str]:
    """As it is, and as it stands in a URL or is read from one."""
    for form in {secret, unquote(secret), quote(secret, safe="")}:
        if len(form) >= _SHORTEST_PASSWORD:
            yield form


def _without_names(text: str) -> str:
    """Looks only where a name may begin: as quick with ten thousand names as with ten."""
    found = {
        text[at : at + length]
        for at, letter in enumerate(text)
        if letter in _names
        for length in _names[letter]
        if text[at : at + length] in _known
    }
    for name in sorted(found, key=len, reverse=True):
        text = text.replace(name, GONE)
    return text
