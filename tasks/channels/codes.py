"""What a provider means by the code in the body of its answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tasks.channels.outcome import ACCEPTED, NONSENSE, Outcome
from tasks.channels.web import Answer, judge_status
from tasks.models.enums import MessageState

NO_CODE = 10**8  # and above: codes have eight digits at most, an echoed phone has more


@dataclass(frozen=True)
class Codes:
    """Where a provider's code stands and what it means: 0 is yes, and what is not listed is a refusal."""

    places: tuple[str, ...]  # of the code, the first that is there
    message: str  # where its words stand
    busy: frozenset[int]  # try again later
    busy_words: str = (
        r"\Z(?!)"  # a pattern for the words that mean the same, where a code means several things
    )
    rest: Mapping[int, float] = field(default_factory=dict)  # seconds that a code asks for
    house: frozenset[int] = frozenset()  # refusals of whoever asks, and not of this message


def judge(codes: Codes, answer: Answer) -> Outcome:
    """The provider's own code decides where there is one, and else the status."""
    by_status = judge_status(answer)
    answered = said(answer.body)
    code = next((answered[place] for place in codes.places if place in answered), None)
    if not isinstance(code, int) or isinstance(code, bool) or abs(code) >= NO_CODE:
        return by_status if by_status.state is not MessageState.ACCEPTED else NONSENSE
    if code == 0:
        return ACCEPTED if by_status.state is MessageState.ACCEPTED else by_status
    word = f"errcode_{code}"
    words = str(answered.get(codes.message, ""))
    if code in codes.busy or re.search(codes.busy_words, words, re.IGNORECASE):
        wait = by_status.retry_after or codes.rest.get(code)
        return Outcome(MessageState.FAILED, word, wait, is_down=True)
    if answer.status >= 429:  # the server is the trouble, whatever its body says
        return by_status
    return Outcome(MessageState.REFUSED, word, is_down=code in codes.house)


def said(body: bytes) -> dict[str, Any]:
    """The object in an answer's body; empty where there is none."""
    try:
        answered = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answered if isinstance(answered, dict) else {}
