"""The shape of an import mapping: how the columns of somebody's spreadsheet become orders."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from config.mistakes import refusal
from config.shapes import Entry, Id, Name, TimeZone

OTHERWISE = "*"  # in `values`: whatever is not listed
WORDS, KIND, ASKED_AT = "words", "kind", "asked_at"

OrderField = Literal[
    "words",
    "kind",
    "place",
    "grid",
    "category",
    "urgency",
    "external_id",
    "resident",
    "phone",
    "channel",
    "address",
    "language",
    "consent",
    "asked_at",
]


def _date_format(text: str) -> str:
    sample = datetime(2024, 5, 6, 7, 8, 9)  # noqa: DTZ001  # only its digits count
    try:
        read = datetime.strptime(sample.strftime(text), text)  # noqa: DTZ007
    except (ValueError, UnicodeError, re.error):
        read = None
    if read is None or read.date() != sample.date():
        raise refusal(f'"{text}" 不是日期格式', "写年月日时分，例如 %Y/%m/%d %H:%M")
    return text


DateFormat = Annotated[str, AfterValidator(_date_format)]


class ImportMapping(Entry):
    """How a table becomes orders. Columns that share a field are joined, a line each; those of
    `optional` may be missing; `values` turns a table's own words into ids; `usual` holds for every
    row; times without a zone are of `timezone`, or of the community.

    `source` and the row's external id together are one order, however often they are imported.
    """

    id: Id
    name: Name
    source: Annotated[str, Field(min_length=1, max_length=40)]
    columns: dict[Name, OrderField]
    optional: tuple[str, ...] = ()
    values: Mapping[OrderField, Mapping[str, str]] = Field(default_factory=dict)
    usual: Mapping[OrderField, str] = Field(default_factory=dict)
    dates: tuple[DateFormat, ...] = ()
    timezone: TimeZone | None = None

    @property
    def required(self) -> tuple[str, ...]:
        """The columns without which a table is not of this kind."""
        return tuple(column for column in self.columns if column not in self.optional)

    def columns_of(self, field: str) -> tuple[str, ...]:
        """The columns that fill a field, in order."""
        return tuple(column for column, filled in self.columns.items() if filled == field)

    def meaning(self, field: OrderField, text: str) -> str:
        """What a table's word stands for; itself when `values` does not say."""
        own = self.values.get(field, {})
        return own.get(text, own.get(OTHERWISE, text))
