"""What differs from machine to machine: addresses, secrets, folders. Read from the environment or the file .env in `home`."""

from __future__ import annotations

import os
import secrets
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).resolve().parents[1]


def _absolute(path: str | Path) -> Path:
    return (ROOT / path).resolve()


Folder = Annotated[Path, BeforeValidator(_absolute)]


def _of_channel(given: dict[str, SecretStr], channel: str) -> str | None:
    """What is set for a channel id: an environment's names have _ where ids have -."""
    found = given.get(channel.replace("-", "_")) or given.get(channel)
    return found.get_secret_value() if found else None


class Settings(BaseSettings):
    """Every setting can be given as DIANDAN_<NAME>; relative folders are below the project's root."""

    model_config = SettingsConfigDict(
        env_prefix="DIANDAN_",
        env_nested_delimiter="__",
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
    )

    home: Folder = Field(
        default=ROOT / "var", description="Where databases, logs and the generated secret live."
    )
    config: Folder = Field(
        default=ROOT / "config" / "example", description="The folder that describes the community."
    )
    last_good: Folder | None = Field(
        default=None,
        description="Where a running installation keeps the last description without a mistake, to go on"
        " with it; set by `diandan up`.",
    )
    inbox: Folder | None = Field(
        default=None, description="Where tables to import are dropped; inbox/ in `home` by default."
    )
    database: str | None = Field(
        default=None,
        repr=False,  # it may hold a password
        description="The database's URL, sqlite:///… or postgresql://…; a file in `home` by default.",
    )
    host: str = Field(default="127.0.0.1", description="Where the Prefect server listens.")
    port: int = Field(default=4200, description="The port of the Prefect server.", ge=1, le=65535)
    ui_url: str | None = Field(
        default=None, description="How coordinators reach the Prefect UI; host and port by default."
    )
    auth_string: SecretStr | None = Field(
        default=None,
        description="user:password for the Prefect server; needed beyond 127.0.0.1.",
    )
    public_url: str | None = Field(
        default=None, description="How residents reach the portal; the community's own by default."
    )
    secret: SecretStr | None = Field(
        default=None,
        description="The key of rating links, the same on all machines; generated in `home` by default.",
    )
    channels: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="The Apprise URL of each channel of channels.yaml: DIANDAN_CHANNELS__MAIL=mailtos://…",
    )
    channel_secrets: dict[str, SecretStr] = Field(
        default_factory=dict,
        description="What signs the posts of a webhook or SMS gateway: DIANDAN_CHANNEL_SECRETS__WEBHOOK=…",
    )
    pool: str = Field(default="diandan", description="The Prefect work pool.")
    pool_limit: int = Field(default=2, description="How many runs may work at once.", ge=1)
    stuck_after: float = Field(
        default=120, description="Seconds after which an order's run that works is taken for dead."
    )

    @classmethod
    def load(cls, **chosen: Any) -> Settings:
        """The settings of this machine: `chosen` first, then the environment, then the file .env in `home`."""
        home = Path(chosen.get("home") or os.environ.get("DIANDAN_HOME") or ROOT / "var")
        return cls(_env_file=_absolute(home) / ".env", **chosen)

    @property
    def inbox_folder(self) -> Path:
        """The folder where tables to import are dropped."""
        return self.inbox or self.home / "inbox"

    @cached_property
    def database_url(self) -> str:
        """The URL with a driver that we ship."""
        if self.database is None:
            return f"sqlite:///{self.home / 'diandan.db'}"
        if self.database.startswith("sqlite:///"):
            return f"sqlite:///{Path(self.database.removeprefix('sqlite:///')).absolute()}"
        for plain in ("postgresql://", "postgres://"):
            if self.database.startswith(plain):
                return "postgresql+psycopg://" + self.database.removeprefix(plain)
        return self.database

    @cached_property
    def secret_key(self) -> bytes:
        """The secret, made once with mode 0600 when none is given."""
        if self.secret is not None:
            return self.secret.get_secret_value().encode()
        path = self.home / "secret.key"
        if not path.exists():
            self.home.mkdir(parents=True, exist_ok=True)
            fresh = path.with_name(f"secret.{secrets.token_hex(4)}")
            fresh.touch(mode=0o600)
            fresh.write_text(secrets.token_urlsafe(32), encoding="ascii")
            try:
                path.hardlink_to(fresh)
            except FileExistsError:
                pass  # another process was first: its secret counts
            finally:
                fresh.unlink()
        return path.read_text(encoding="ascii").encode()

    def channel_url(self, channel: str) -> str | None:
        """The Apprise URL configured for a channel id, None when this machine has none."""
        return _of_channel(self.channels, channel)

    def channel_secret(self, channel: str) -> str:
        """The secret that signs a channel's posts, "" when this machine has none."""
        return _of_channel(self.channel_secrets, channel) or ""
