"""What an app asks a seller for, read from the manifest of one of its versions."""

from collections.abc import Collection
from dataclasses import dataclass, replace

from piepowder.rooms.appstore.models import App


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    version: str
    purposes: dict[str, tuple[str, ...]]  # purpose -> data categories wanted for it
    operations: dict[str, tuple[str, ...]]  # purpose -> operations called for it

    def with_single(self, purpose: str, categories: Collection[str]) -> "Asked":
        """The same, but with groups such as `buyer.address` of one purpose spelt out."""
        return replace(self, purposes={**self.purposes, purpose: tuple(sorted(categories))})

    @property
    def categories(self) -> tuple[str, ...]:
        return tuple(sorted({category for wanted in self.purposes.values() for category in wanted}))


def asked_by(app: App, version: str | None = None) -> Asked:
    """The manifest seen by purpose; `appstore_version_unknown` if the app has no such version."""
    manifest = app.manifest(version)
    purposes = sorted({*manifest.categories, *(one for ones in manifest.operations.values() for one in ones)})
    return Asked(
        version=version or app.current_version,
        purposes={purpose: manifest.categories.get(purpose, ()) for purpose in purposes},
        operations={
            purpose: tuple(operation for operation, ones in manifest.operations.items() if purpose in ones)
            for purpose in purposes
        },
    )


def asked_of(app: App, seller_id: str) -> Asked:
    """What this seller is asked for now: by the current version, or by the newer one where its roll-out has reached them."""
    return asked_by(app, app.version_for(seller_id))
