"""The bricks of forms: fields that the Prefect UI shows as a Chinese pick list, text, calendar or ticks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from prefect.exceptions import ObjectAlreadyExists, PrefectHTTPStatusError
from prefect.input import RunInput
from prefect.input.run_input import Keyset
from pydantic import ConfigDict, Field, create_model

from tasks.house import house
from tasks.models.enums import Labelled


@dataclass(frozen=True)
class FieldSpec:
    """A field to be: its type, what pydantic's Field takes, and more for its JSON schema."""

    kind: Any
    settings: dict[str, Any]
    extra: dict[str, Any]


Fields = dict[str, FieldSpec]
WHO = "操作人"


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


def _spec(kind: Any, title: str, extra: dict[str, Any] | None = None, **more: Any) -> FieldSpec:
    return FieldSpec(kind, {"title": title, **more}, extra or {})


def pick(title: str, options: Sequence[str], default: str | None = None) -> FieldSpec:
    """A pick list. Without a default it has to be chosen."""
    preselected: dict[str, Any] = {} if default is None else {"default": default}
    return _spec(str, title, {"enum": list(options)}, **preselected)


def remembering(field: FieldSpec, **facts: Any) -> FieldSpec:
    """The field with facts in its schema that the answer brings back, such as versions of orders."""
    return replace(field, extra={**field.extra, **facts})


def keeping(fields: Fields, earlier: Mapping[str, Any]) -> Fields:
    """The fields with what an earlier answer held, where it still can be chosen; 操作人 is asked anew."""
    return {name: _kept(spec, earlier.get(name)) for name, spec in fields.items()}


def _kept(spec: FieldSpec, value: object) -> FieldSpec:
    if spec.settings["title"] == WHO:
        return spec
    kept: object = None
    if isinstance(value, list):
        kept = [one for one in value if one in spec.extra.get("items", {}).get("enum", ())]
    elif spec.kind is date:
        with suppress(ValueError):
            kept = date.fromisoformat(str(value).split("T")[0])
    elif isinstance(value, str) and value in spec.extra.get("enum", [value]):
        kept = value
    return spec if kept is None else replace(spec, settings={**spec.settings, "default": kept})


def who() -> FieldSpec:
    """操作人: required and never preselected, so that nothing is decided by nobody."""
    return pick(WHO, [staff.name for staff in house().catalog.staff.values()])


def other() -> FieldSpec:
    """Who agrees to what 操作人 does: another one of the staff."""
    return pick("第二个人", [staff.name for staff in house().catalog.staff.values()])


def text(title: str, default: str = "", most: int = 2000) -> FieldSpec:
    """A text field that may stay empty."""
    return _spec(str, title, default=default, max_length=most)


def must(title: str, most: int | None = None, default: str | None = None) -> FieldSpec:
    """A text field that has to be filled in. How long it may be is judged in words, later."""
    more: dict[str, Any] = {} if default is None else {"default": default}
    if most is not None:
        more["description"] = f"最多 {most} 字"
    return _spec(str, title, min_length=1, **more)


def labels(kind: type[Labelled]) -> list[str]:
    """The Chinese words of a closed list."""
    return [member.label for member in kind]


def day(title: str, default: date) -> FieldSpec:
    """A date from a calendar."""
    return _spec(date, title, default=default)


def ticks(title: str, options: Sequence[str], chosen: Sequence[str] = ()) -> FieldSpec:
    """Any number of the options."""
    items = {"items": {"type": "string", "enum": list(options)}, "uniqueItems": True}
    return _spec(list[str], title, items, default=list(chosen))


def positioned(fields: Fields) -> dict[str, Any]:
    """The fields as pydantic takes them, told to stand in this order (PostgreSQL's JSON keeps none)."""
    return {
        name: (
            spec.kind,
            Field(**spec.settings, json_schema_extra={**spec.extra, "position": position}),
        )
        for position, (name, spec) in enumerate(fields.items())
    }


def build_form(name: str, fields: Fields, description: str) -> type[OrderForm]:
    """A form class (its ASCII name says what its answers are for) with the fields in this order."""
    form = create_model(name, __base__=OrderForm, **positioned(fields))
    form._description = description
    return form
