"""What comes in with a broadcast, validated before anybody is looked up."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from tasks.models.inputs import Day, Line, Name, Plain

MAX_SAID = 1_000  # of letters: a text to many is read in a chat
MAX_TITLE = 60  # as of any name

Said = Annotated[Plain, Field(max_length=MAX_SAID)]


class NewBroadcast(BaseModel):
    """What a coordinator says to many. Without `not_before` it is said now, without `last_day` it is worth
    saying for a week; in the quiet hours only what is urgent."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    to: Annotated[Line, Field(min_length=1)]  # all, members, units, grid:ID or group:ID
    title: Annotated[Name, Field(min_length=1)]
    text: Annotated[Said, Field(min_length=1)]
    title_en: Name = ""
    text_en: Said = ""
    not_before: AwareDatetime | None = None
    last_day: Day | None = None
    urgent: bool = False
