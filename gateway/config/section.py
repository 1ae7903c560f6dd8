"""What every section of the configuration file is."""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """What all sections share: no key but the declared ones, no value but of the declared type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    page: ClassVar[str] = "docs/configuration.md"
    """Where the keys are explained."""
