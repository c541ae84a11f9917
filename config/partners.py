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

    One that the configuration knows stays as it is described there, and takes on its categories too.
    """
    handlers, categories = dict(catalog.handlers), dict(catalog.categories)
    for partner in partners:
        handlers.setdefault(partner.id, _handler_of(partner, catalog))
        for id in partner.categories:
            known = categories.get(id)
            if known is not None and partner.id not in known.handlers:
                taken_on = {"handlers": (*known.handlers, partner.id)}
                categories[id] = known.model_copy(update=taken_on)
    return replace(catalog, handlers=handlers, categories=categories)


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
