"""What must hold within an import mapping, and between it and the community."""

from collections.abc import Iterator

from config.drafts import Draft, Slot
from config.import_shapes import KIND, WORDS
from config.mistakes import Mistake, suggest
from config.reading import Place
from config.shapes import OTHER

_NAMED = (("grid", "grids", "网格"), ("category", "categories", "类别"))


def _columns_fill_an_order(draft: Draft) -> Iterator[Mistake]:
    """Every row has what was said, and of which kind it is, and no two columns quarrel about a field."""
    for slot in draft.of("imports"):
        first: dict[object, str] = {}
        for column, field in _pairs(slot, "columns"):
            earlier = first.setdefault(field, column)
            if field != WORDS and earlier != column:
                problem = f'的 "{column}" 和 "{earlier}" 都写 {field}'
                yield slot.mistake(
                    ("columns", column), problem, f"只留一列，只有 {WORDS} 可以几列合写"
                )
        if first and KIND not in (*first, *(name for name, _text in _pairs(slot, "usual"))):
            remedy = f"给种类那一列写 {KIND}，或在 usual 里写一个，例如 {{{KIND}: appeal}}"
            yield slot.mistake(("columns",), "没有说是哪一种订单", remedy)
        if first and WORDS not in first:
            yield slot.mistake(("columns",), "没有居民的话", f"给说了什么的那一列写 {WORDS}")
        columns = [column for column, _field in _pairs(slot, "columns")]
        for place, column in slot.texts("optional"):
            if columns and column not in columns:
                yield slot.mistake(
                    place, f'的列 "{column}" 不在 columns 里', suggest(column, columns)
                )


def _words_lead_somewhere(draft: Draft) -> Iterator[Mistake]:
    """What a table's words stand for is a grid or category that there is."""
    for slot in draft.of("imports"):
        for field, kind, label in _NAMED:
            said: list[tuple[Place, str]] = [
                (("values", field, word), target) for word, target in _pairs(slot, "values", field)
            ]
            said += [(("usual", key), word) for key, word in _pairs(slot, "usual") if key == field]
            known = draft.names(kind)
            for place, target in said:
                if target not in (*known, OTHER) and kind not in draft.unread:
                    yield slot.mistake(
                        place, f'的{label} "{target}" 不存在', suggest(target, known)
                    )


def _pairs(slot: Slot, *keys: str) -> list[tuple[str, str]]:
    """The lines "word: text" that stand under the keys; none where something else stands."""
    content = slot.content
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    items = content.items() if isinstance(content, dict) else ()
    return [(str(word), text) for word, text in items if isinstance(text, str)]


IMPORT_CHECKS = (_columns_fill_an_order, _words_lead_somewhere)
