"""The bricks of forms: fields that the Prefect UI shows as a Chinese pick list, text, calendar or ticks."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from prefect.exceptions import ObjectAlreadyExists, PrefectHTTPStatusError
from prefect.input import RunInput
from prefect.input.run_input import Keyset
from pydantic import ConfigDict, Field, create_model

from tasks.house import house
from tasks.models.enums import Labelled

FieldSpec = tuple[Any, Any]  # a type and what pydantic's Field() gives
Fields = dict[str, FieldSpec]


class OrderForm(RunInput):
    """The base of all forms. Saving one twice under a key is harmless; loading is tolerant (tasks judge)."""

    model_config = ConfigDict(extra="ignore")

    @classmethod
    async def asave(cls, keyset: Keyset, flow_run_id: Any = None) -> None:
        """Saves the form under the keyset unless it stands there already."""
        try:
            await super().asave(keyset, flow_run_id)
        except ObjectAlreadyExists:
            return
        except PrefectHTTPStatusError as error:
            if error.response.status_code != 409:
                raise


def pick(title: str, options: Sequence[str], default: str | None = None) -> FieldSpec:
    """A pick list. Without a default it has to be chosen."""
    extra: dict[str, Any] = {"enum": list(options)}
    if default is None:
        return (str, Field(title=title, json_schema_extra=extra))
    return (str, Field(default=default, title=title, json_schema_extra=extra))


def who() -> FieldSpec:
    """操作人: required and never preselected, so that nothing is decided by nobody."""
    return pick("操作人", [staff.name for staff in house().catalog.staff.values()])


def text(title: str, default: str = "", most: int = 2000) -> FieldSpec:
    """A text field that may stay empty."""
    return (str, Field(default=default, title=title, max_length=most))


def must(title: str, most: int, default: str | None = None) -> FieldSpec:
    """A text field that has to be filled in. How long it may be is judged in words, later."""
    hint = f"最多 {most} 字"
    if default is None:
        return (str, Field(title=title, min_length=1, description=hint))
    return (str, Field(default=default, title=title, min_length=1, description=hint))


def labels(kind: type[Labelled]) -> list[str]:
    """The Chinese words of a closed list."""
    return [member.label for member in kind]


def day(title: str, default: date) -> FieldSpec:
    """A date from a calendar."""
    return (date, Field(default=default, title=title))


def ticks(title: str, options: Sequence[str]) -> FieldSpec:
    """Any number of the options."""
    items: dict[str, Any] = {
        "items": {"type": "string", "enum": list(options)},
        "uniqueItems": True,
    }
    return (list[str], Field(default=[], title=title, json_schema_extra=items))


def positioned(fields: Fields) -> dict[str, Any]:
    """The fields as pydantic takes them, told to stand in this order."""
    placed: dict[str, Any] = {}
    for position, (field, (kind, info)) in enumerate(fields.items()):
        extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
        info.json_schema_extra = {**extra, "position": position}
        placed[field] = (kind, info)
    return placed


def build_form(name: str, fields: Fields, description: str) -> type[OrderForm]:
    """A form class (its ASCII name says what its answers are for) with the fields in this order."""
    form = create_model(name, __base__=OrderForm, **positioned(fields))
    form._description = description
    return form
