"""Units that registered with the community, as a part of its catalog."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from config.catalog import Catalog, ChannelKind, Contact, Handler, HandlerKind


@dataclass(frozen=True)
class RegisteredUnit:
    """A unit that registered with the community, beside those of the configuration."""

    id: str
    name: str
    phone: str
    grids: tuple[str, ...]
    categories: tuple[str, ...]


def with_units(catalog: Catalog, units: Iterable[RegisteredUnit]) -> Catalog:
    """The community with its registered units: orders of their categories can be assigned to them.

    One that the configuration knows by its id or name stays as it is described there, and takes on its
    categories too.
    """
    handlers, categories = dict(catalog.handlers), dict(catalog.categories)
    described = {handler.name: handler.id for handler in handlers.values()}
    for unit in units:
        id = described.get(unit.name, unit.id)
        handlers.setdefault(id, _handler_of(unit, catalog))
        for name in unit.categories if _has_grids(unit, catalog) else ():
            known = categories.get(name)
            if known is not None and id not in known.handlers:
                categories[name] = known.model_copy(update={"handlers": (*known.handlers, id)})
    return replace(catalog, handlers=handlers, categories=categories)


def _has_grids(unit: RegisteredUnit, catalog: Catalog) -> bool:
    """Whether it serves anything: none of its grids left is not the same as all of them."""
    return not unit.grids or any(grid in catalog.grids for grid in unit.grids)


def _handler_of(unit: RegisteredUnit, catalog: Catalog) -> Handler:
    """Without a channel of its own it is called."""
    by_hand = (one.id for one in catalog.channels.values() if one.kind is ChannelKind.BY_HAND)
    return Handler(
        id=unit.id,
        name=unit.name,
        kind=HandlerKind.UNIT,
        grids=tuple(grid for grid in unit.grids if grid in catalog.grids),
        phone=unit.phone,
        contacts=tuple(Contact(channel=channel) for channel in by_hand),
    )
