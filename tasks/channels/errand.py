"""How our own Apprise plugins are given what an URL cannot carry, and say what came of it.

Apprise hands on a title and a body, and gives back yes or no. The rest goes past it, in the thread's context.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from apprise.decorators import notify

from tasks.channels.outcome import Outcome
from tasks.models.enums import MessageState
from tasks.rendering import Text


@dataclass(frozen=True)
class Errand:
    """One text for one address."""

    address: str
    text: Text
    key: str


Tell = Callable[[Errand, Mapping[str, Any]], Outcome]
"""Does an errand at the machine's URL, which Apprise has taken apart."""

errand: ContextVar[Errand] = ContextVar("errand")
verdict: ContextVar[Outcome | None] = ContextVar("verdict", default=None)
"""What the last plugin of this thread said."""


def plug_in(scheme: str, name: str, tell: Tell) -> None:
    """Makes `tell` Apprise's plugin for the URLs of a scheme."""

    @notify(on=scheme, name=name)  # type: ignore[untyped-decorator, no-untyped-call]
    def _plugin(*_: Any, meta: dict[str, Any], **__: Any) -> bool:
        verdict.set(Outcome(MessageState.UNKNOWN, "broken_plugin"))  # should the next line raise
        said = tell(errand.get(), meta)
        verdict.set(said)
        return said.state is MessageState.ACCEPTED


def origin(host: str, port: object, given: Mapping[str, str]) -> str:
    """Where a provider is: by https, and without only where the machine's URL says secure=no."""
    scheme = "http" if given.get("secure") == "no" else "https"
    return f"{scheme}://{host}{f':{port}' if port else ''}"
