"""What is written down version by version: each holds from a day on, until the next one does."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from config.drafts import Draft
from config.mistakes import Mistake
from config.shapes import Day, Entry, Id

WHOLE = 100  # percent
Percent = Annotated[int, Field(ge=0, le=WHOLE)]


class Version(Entry):
    """It holds from `since` on, until the next one does."""

    id: Id
    since: Day


@dataclass(frozen=True)
class Versions:
    """A list of them: its file, what a coordinator calls them (三率公式), and one (个公式)."""

    file: str
    title: str
    one: str

    def check_some(self, draft: Draft) -> Iterator[Mistake]:
        """Without any nothing could be counted by them."""
        if self.file not in draft.unread and not any(draft.of(self.file)):
            name = f"{self.file}.yaml"
            yield Mistake(name, 1, f"没有{self.title}", f"照 config/example/{name} 写一条")

    def check_order(self, draft: Draft) -> Iterator[Mistake]:
        """Of two it is clear which one holds on a day."""
        known: set[object] = set()
        for slot in draft.of(self.file):
            if isinstance(version := slot.entry, Version):
                if version.since in known:
                    problem = f"和另一{self.one}都从 {version.since} 起"
                    yield slot.mistake(("since",), problem, f"每{self.one}写自己的开始日期")
                known.add(version.since)
