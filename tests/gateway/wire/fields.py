"""Fields for tests, made as short as a test wants to write them."""

from __future__ import annotations

from gateway.wire.table import UNSTATED, Default, Field, FieldKind, Versions


def make_field(
    kind: str = "int32",
    *fields: Field,
    name: str = "field",
    versions: str = "0+",
    nullable: str = "none",
    tag: int | None = None,
    default: Default = UNSTATED,
) -> Field:
    """Make a field that exists in every version and never is null, unless told otherwise."""
    return Field(
        name=name,
        kind=FieldKind.parse(kind),
        versions=Versions.parse(versions),
        nullable=Versions.parse(nullable),
        tag=tag,
        default=default,
        fields=fields,
    )
