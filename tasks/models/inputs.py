"""What comes in with each action, validated before anything is looked up. One model per action.

Every text of an action is called `reason`, whatever it explains, because the command line
and the forms have one field for it.
"""

from __future__ import annotations

import re
from datetime import date as Date
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from tasks.models.enums import Action, Grade, Kind, PledgeKind, Source, TaskKind, Urgency

MAX_WORDS = 10_000  # the longest of 2,200 messages to a city has 7,000
MAX_REASON = 2_000
MAX_NAME = 60
MAX_HELPERS = 20
MAX_FEN = 10**13  # a hundred thousand million yuan
LAST_YEAR = 3000  # a slip of the finger; the end of the last day that there is has no UTC

_BETWEEN_THOUSANDS = re.compile(r"(?<=\d)[,，](?=(?:\d{3}[,，])*\d{3}(?:\D|$))")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def _plain(text: object) -> object:
    """Strips blanks, line ends as \\n, no control characters (they break terminals and headers)."""
    if not isinstance(text, str):
        return text
    return without_control(text.replace("\r\n", "\n").replace("\r", "\n")).strip()


def without_control(text: str) -> str:
    """Without characters that no screen shows and some terminals obey."""
    return _CONTROL.sub("", text)


def _one_line(text: object) -> object:
    plain = _plain(text)
    return " ".join(plain.split()) if isinstance(plain, str) else plain


def _fen(yuan: object) -> object:
    """Yuan as typed ("12.34", "5,000元") → fen; a whole number is fen. Refuses fractions of a fen, and no number."""
    if isinstance(yuan, int) and not isinstance(yuan, bool):
        return yuan
    plain = _BETWEEN_THOUSANDS.sub("", str(yuan).strip().removesuffix("元").strip())
    match = re.fullmatch(r"([-−]?)([0-9]{1,13})(?:\.([0-9]{1,2}))?", plain)
    if not match or isinstance(yuan, float):
        raise ValueError("金额要写成元，最多两位小数，例如 12.34")
    fen = int(match[2]) * 100 + int((match[3] or "").ljust(2, "0"))
    return -fen if match[1] else fen


def _date(value: object) -> object:
    """A date, or the date part of an ISO time."""
    if isinstance(value, str):
        return value.strip().split("T")[0]
    return value


Plain = Annotated[str, BeforeValidator(_plain)]
Words = Annotated[str, BeforeValidator(_plain), Field(min_length=1, max_length=MAX_WORDS)]
Reason = Annotated[str, BeforeValidator(_plain), Field(min_length=1, max_length=MAX_REASON)]
Note = Annotated[str, BeforeValidator(_plain), Field(max_length=MAX_REASON)]
Name = Annotated[str, BeforeValidator(_one_line), Field(max_length=MAX_NAME)]
Line = Annotated[str, BeforeValidator(_one_line), Field(max_length=200)]
Id = Annotated[str, BeforeValidator(_one_line), Field(min_length=1, max_length=80)]


def _positive(fen: int) -> int:
    if not 0 < fen <= MAX_FEN:
        raise ValueError("金额要大于 0，且不超过一千亿元")
    return fen


Yuan = Annotated[
    int, BeforeValidator(_fen), AfterValidator(_positive), Field(json_schema_extra={"type": "yuan"})
]


def _within_calendars(day: Date) -> Date:
    if day.year >= LAST_YEAR:
        raise ValueError(f"日期要在 {LAST_YEAR} 年之前")
    return day


Day = Annotated[Date, BeforeValidator(_date), AfterValidator(_within_calendars)]


def typed(kind: str) -> Any:
    """Marks a field's type for `diandan lifecycle --json`: what kind of id it takes."""
    return Field(json_schema_extra={"type": kind})


class ActionInput(BaseModel):
    """The base: unknown keys are refused, values are frozen, `action` names what it is for."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    action: ClassVar[Action]


class Place(ActionInput):
    action = Action.PLACE
    kind: Kind
    words: Words
    place: Line = ""
    grid: Annotated[Id | None, typed("grid")] = None
    category: Annotated[Id | None, typed("category")] = None
    urgency: Urgency = Urgency.NORMAL
    source: Annotated[Id, Field(max_length=40)] = (
        Source.DESK.value
    )  # one of Source, or a system's name
    external_id: Annotated[Id | None, typed("text")] = None
    resident: Name = ""
    phone: Line = ""
    channel: Annotated[Id | None, typed("channel")] = None
    address: Line = ""
    language: Annotated[Id, typed("language")] = "zh-CN"
    consent: bool = True
    # when the resident first said it, if it was not now
    asked_at: Annotated[AwareDatetime | None, typed("time")] = None


class Accept(ActionInput):
    action = Action.ACCEPT
    category: Annotated[Id | None, typed("category")] = None
    grid: Annotated[Id | None, typed("grid")] = None
    urgency: Urgency | None = None
    reason: Note = ""


class Decline(ActionInput):
    action = Action.DECLINE
    reason: Reason
    instead: Reason


class Merge(ActionInput):
    action = Action.MERGE
    to: Annotated[Id, typed("order")]
    reason: Note = ""


class Assign(ActionInput):
    action = Action.ASSIGN
    to: Annotated[Id, typed("handler")]
    reason: Note = ""


class Reassign(ActionInput):
    action = Action.REASSIGN
    to: Annotated[Id, typed("handler")]
    reason: Reason


class Take(ActionInput):
    action = Action.TAKE
    reason: Note = ""


class Return(ActionInput):
    action = Action.RETURN
    reason: Reason


def _listed(names: object) -> object:
    """Several names as people write them one after the other."""
    if not isinstance(names, str):
        return names
    return [name for name in re.split("[、，,]", names) if name.strip()]


Members = Annotated[
    tuple[Id, ...], BeforeValidator(_listed), Field(max_length=MAX_HELPERS), typed("members")
]


class Claim(ActionInput):
    action = Action.CLAIM
    to: Annotated[Id, typed("member")]
    helpers: Members = ()
    reason: Note = ""


class Release(ActionInput):
    action = Action.RELEASE
    reason: Reason


class Contact(ActionInput):
    action = Action.CONTACT
    reason: Reason  # how the resident was reached


class Report(ActionInput):
    action = Action.REPORT
    reason: Reason
    tell_resident: bool = False
    helpers: Members = ()  # who helps from now on


class AskExtension(ActionInput):
    action = Action.ASK_EXTENSION
    reason: Reason
    date: Day


class ApproveExtension(ActionInput):
    action = Action.APPROVE_EXTENSION
    reason: Note = ""


class RefuseExtension(ActionInput):
    action = Action.REFUSE_EXTENSION
    reason: Note = ""


class Hold(ActionInput):
    action = Action.HOLD
    reason: Reason
    date: Day


class Resume(ActionInput):
    action = Action.RESUME
    reason: Note = ""


class Refer(ActionInput):
    action = Action.REFER
    reason: Reason


class SendBack(ActionInput):
    action = Action.SEND_BACK
    reason: Reason  # the meeting's advice


class Appoint(ActionInput):
    action = Action.APPOINT
    to: Annotated[Id, typed("handler")]
    date: Day | None = None
    helpers: Line = ""
    yuan: Yuan | None = None
    reason: Note = ""


class Refuse(ActionInput):
    action = Action.REFUSE
    reason: Reason


class MoveMoney(ActionInput):
    action = Action.MOVE_MONEY
    to: Annotated[Id, typed("order")]
    yuan: Yuan
    reason: Reason


class OpenFunding(ActionInput):
    action = Action.OPEN_FUNDING
    to: Annotated[Id, typed("handler")]  # the lead unit
    date: Day
    yuan: Yuan
    reason: Reason  # the plan


class Pledge(ActionInput):
    action = Action.PLEDGE
    donor: Name = Field(min_length=1)
    kind: PledgeKind
    yuan: Yuan
    anonymous: bool = False
    reason: Note = ""


class Receive(ActionInput):
    action = Action.RECEIVE
    pledge: Annotated[int | None, Field(ge=1)] = (
        None  # the wish's how manieth; the last one without
    )
    yuan: Yuan
    reason: Note = ""


class Spend(ActionInput):
    action = Action.SPEND
    voucher: Id
    yuan: Yuan
    reason: Note = ""


class CompleteFunding(ActionInput):
    action = Action.COMPLETE_FUNDING
    reason: Note = ""


class FailFunding(ActionInput):
    action = Action.FAIL_FUNDING
    reason: Note = ""


class Finish(ActionInput):
    action = Action.FINISH
    reason: Reason  # what was done


class Rate(ActionInput):
    action = Action.RATE
    grade: Grade
    solved: bool
    reason: Note = ""  # the resident's comment; compulsory when unsatisfied


class Expire(ActionInput):
    action = Action.EXPIRE
    reason: Note = ""


class Reopen(ActionInput):
    action = Action.REOPEN
    reason: Reason


class Withdraw(ActionInput):
    action = Action.WITHDRAW
    reason: Note = ""


class NewWords(BaseModel):
    """What a wish is to say instead."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    words: Words
    place: Line = ""
    reason: Note = ""


class NewMember(BaseModel):
    """Somebody who registers with the community (双报到)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[Name, Field(min_length=1)]
    phone: Annotated[Line, Field(min_length=1)]
    to: Annotated[Id, typed("handler")]  # the unit or team that they come from
    skills: tuple[Id, ...] = ()
    grids: tuple[Id, ...] = ()
    times: Line = ""


class NewUnit(BaseModel):
    """A unit that registers with the community (双报到)."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[Name, Field(min_length=1)]
    phone: Annotated[Line, Field(min_length=1)]
    contact: Name = ""  # whom to ask for
    categories: tuple[Id, ...] = ()  # what they can take on
    skills: tuple[Id, ...] = ()
    grids: tuple[Id, ...] = ()
    times: Line = ""


class NewTask(BaseModel):
    """What a meeting gives somebody to do."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: TaskKind
    words: Reason
    to: Annotated[Id | None, typed("handler")] = None
    date: Day | None = None


class Attendance(BaseModel):
    """Who came to a meeting, and who led it, by id or name."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    present: tuple[Annotated[Name, Field(min_length=1)], ...] = ()
    chair: Name = ""


class Noted(BaseModel):
    """What goes with a meeting's decision that only says how things stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    reason: Note = ""


INPUTS: dict[Action, type[ActionInput]] = {
    model.action: model for model in ActionInput.__subclasses__()
}
