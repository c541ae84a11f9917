"""Units that registered with the community, as a part of its catalog."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from config.catalog import Catalog, ChannelKind, Contact, Handler, HandlerKind


@dataclass(frozen=True)
class Partner:
    """A unit that registered with the community, beside those of the configuration."""

    id: str
    name: str
    phone: str
    grids: tuple[str, ...]
    categories: tuple[str, ...]


def with_partners(catalog: Catalog, partners: Iterable[Partner]) -> Catalog:
    """The community with its registered units: orders of their categories can be assigned to them.

    One that the configuration knows by its id or name stays as it is described there, and takes on its
    categories too.
    """
    handlers, categories = dict(catalog.handlers), dict(catalog.categories)
    described = {handler.name: handler.id for handler in handlers.values()}
    for partner in partners:
        id = described.get(partner.name, partner.id)
        handlers.setdefault(id, _handler_of(partner, catalog))
        for name in partner.categories if _has_grids(partner, catalog) else ():
            known = categories.get(name)
            if known is not None and id not in known.handlers:
                categories[name] = known.model_copy(update={"handlers": (*known.handlers, id)})
    return replace(catalog, handlers=handlers, categories=categories)


def _has_grids(partner: Partner, catalog: Catalog) -> bool:
    """Whether it serves anything: none of its grids left is not the same as all of them."""
    return not partner.grids or any(grid in catalog.grids for grid in partner.grids)


def _handler_of(partner: Partner, catalog: Catalog) -> Handler:
    """Without a channel of its own it is called."""
    by_hand = (one.id for one in catalog.channels.values() if one.kind is ChannelKind.BY_HAND)
    return Handler(
        id=partner.id,
        name=partner.name,
        kind=HandlerKind.UNIT,
        grids=tuple(grid for grid in partner.grids if grid in catalog.grids),
        phone=partner.phone,
        contacts=tuple(Contact(channel=channel) for channel in by_hand),
    )
