"""An answer to a form: what was filled in, with what the form had preselected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tasks.errors import BadInput
from tasks.models.enums import Action
from tasks.models.inputs import ActionInput
from tasks.requests import request_for

NONE = "无"
_NOTHING = frozenset({NONE, "没有"})
UNKNOWN_GRID = "不知道"


@dataclass(frozen=True)
class Answer:
    """`form` is the name of the form that was answered, `key` the one it was asked under."""

    form: str
    key: str
    values: dict[str, Any]
    shown: dict[str, Any] = field(default_factory=dict)  # the form's fields as they were shown

    @property
    def who(self) -> str:
        """操作人. Raises BadInput when nobody was chosen."""
        name = self.text("who")
        if not name:
            raise BadInput(field="操作人", problem="请选择是谁在操作。")
        return name

    def text(self, field: str) -> str:
        """What stands in a text field or pick list, "" for nothing."""
        value = self.values.get(field)
        return str(value).strip() if value is not None else ""

    def optional(self, field: str) -> str:
        """What stands in a text field that may be empty; a word for nothing empties it, since the Prefect UI
        leaves emptied text out, and then what the form had preselected stands."""
        typed = self.text(field)
        return "" if typed in _NOTHING else typed

    def picked(self, field: str, facts: str) -> Any:
        """What the form remembered as `facts` about the line that was picked. Raises BadInput for none."""
        shown = self.shown.get(field, {})
        remembered = shown.get(facts, {})
        if (line := self.text(field)) not in remembered:
            raise BadInput(field=str(shown.get("title", field)), problem="请在下面选一项。")
        return remembered[line]

    def request(self, action: Action, **values: Any) -> ActionInput:
        """The action with the form's explanation, where the action takes one."""
        return request_for(action, {"reason": self.text("reason"), **values})
