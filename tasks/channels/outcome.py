"""What became of one attempt to send, told apart finely enough to decide what comes next."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.models.enums import MessageState


@dataclass(frozen=True)
class Outcome:
    """ACCEPTED, FAILED (try again), REFUSED (for good) or UNKNOWN; `code` says why in a word.

    `retry_after` are the seconds that the provider asks for; `is_down` says that the provider is the
    trouble and not this message, `bad_address` that nobody is reached there.
    """

    state: MessageState
    code: str = ""
    retry_after: float | None = None
    is_down: bool = False
    bad_address: bool = False


ACCEPTED = Outcome(MessageState.ACCEPTED)
NONSENSE = Outcome(MessageState.UNKNOWN, "nonsense")
BAD_URL = Outcome(MessageState.REFUSED, "bad_channel_url")
NO_ADDRESS = Outcome(MessageState.REFUSED, "no_address")
NO_CONNECTION = Outcome(MessageState.FAILED, "no_connection", is_down=True)
"""Nothing was said yet, so it is safe to try again."""
TIMEOUT = Outcome(MessageState.UNKNOWN, "timeout", is_down=True)
LOST = Outcome(MessageState.UNKNOWN, "connection_lost", is_down=True)
"""It was being told, or had been: whether it arrived nobody knows."""
