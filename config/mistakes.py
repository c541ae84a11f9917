"""What is said about YAML that does not read: where, what is wrong, what would be right."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic_core import PydanticCustomError
from rapidfuzz import fuzz, process

_NEAR = 60  # of 100, rapidfuzz's ratio: from here on, a word is taken for a slip of another
_SHOWN = 6  # how many of the possible words are listed when none is near

SAID = "said"  # the type of a validator's error that already speaks to the coordinator


@dataclass(frozen=True)
class Mistake:
    """One thing to put right in the YAML; both sentences are Chinese, without a full stop."""

    file: str
    line: int
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}；{self.remedy}"


class CatalogError(Exception):
    """The community's YAML holds mistakes; all of them are listed, one a line."""

    def __init__(self, mistakes: tuple[Mistake, ...]) -> None:
        super().__init__(mistakes)
        self.mistakes = mistakes

    def __str__(self) -> str:
        return "\n".join(str(mistake) for mistake in self.mistakes)


def refusal(problem: str, remedy: str) -> PydanticCustomError:
    """The error for a field's validator to raise. `problem` continues "<entry> 的 <key> "."""
    return PydanticCustomError(SAID, "{problem}", {"problem": problem, "remedy": remedy})


def suggest(word: str, known: Mapping[str, str] | Iterable[str]) -> str:
    """The remedy for a word that is none of `known`: the nearest one, or what there is.

    `known` may map ids to names; a word that is near to a name then leads to the name's id.
    """
    names = dict(known) if isinstance(known, Mapping) else dict.fromkeys(known, "")
    ways = {name: each for each, name in names.items() if name} | {each: each for each in names}
    near = process.extractOne(word, list(ways), scorer=fuzz.ratio, score_cutoff=_NEAR)
    if near is not None:
        found = ways[near[0]]
        named = f"（{names[found]}）" if names[found] else ""
        return f'是否想写 "{found}"{named}？'
    shown = "、".join(list(names)[:_SHOWN])
    rest = f" 等 {len(names)} 个" if len(names) > _SHOWN else ""
    return f"可以写：{shown}{rest}" if names else "还没有可以写的，请先补上"
