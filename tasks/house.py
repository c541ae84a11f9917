"""The house we work in: this machine's settings and the community's catalog, loaded once per process."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config.catalog import Catalog, load_catalog
from config.last_good import load_kept
from config.settings import Settings
from config.units import with_units
from tasks.scrubbing import hide_secrets
from tasks.units import known_units


@dataclass(frozen=True)
class House:
    settings: Settings

    @cached_property
    def catalog(self) -> Catalog:
        """The community: as it is described, with the units that registered. Raises as `description` does."""
        return with_units(self.description, known_units(self.database))

    def look_again(self) -> None:
        """A unit has registered: the catalog is read anew when it is needed next."""
        vars(self).pop("catalog", None)

    @cached_property
    def description(self) -> Catalog:
        """The community as its files say. Raises CatalogError with every mistake when they are not right.

        A run of a running installation goes on with what was right last instead; see `slip`.
        """
        return self._kept[0] if self.settings.last_good else load_catalog(self.settings.config)

    @property
    def slip(self) -> str:
        """The first mistake of a description that is not in force because of it, "" for none."""
        return self._kept[1] if self.settings.last_good else ""

    @cached_property
    def _kept(self) -> tuple[Catalog, str]:
        assert self.settings.last_good is not None
        return load_kept(self.settings.config, self.settings.last_good)

    @property
    def own_templates(self) -> Path:
        """Where a community may put templates that win over ours; the folder need not be there."""
        return self.settings.config / "templates"

    @property
    def database(self) -> str:
        return self.settings.database_url

    @property
    def timezone(self) -> str:
        return self.description.calendar.timezone

    @property
    def public_url(self) -> str:
        return (self.settings.public_url or self.description.community.public_url).rstrip("/")


_house: House | None = None


def house() -> House:
    """The house of this process; from the environment unless `move_in` chose another."""
    global _house
    if _house is None:
        move_in(Settings.load())
    assert _house is not None
    return _house


def move_in(settings: Settings) -> House:
    """Chooses the house of this process: what the command line's options say, or a test's."""
    global _house
    _house = House(settings)
    hide_secrets(settings)
    return _house
