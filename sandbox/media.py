"""Asset bytes on disk, one file an asset, spread over folders by id."""

import os
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from sandbox.models import Asset
from sandbox.rules.references import Source


def path_of(asset: Asset | Source) -> Path:
    """Where the bytes are; the id is ours, so the path cannot be steered from outside."""
    return Path(settings.SANDBOX_DATA_DIR) / "media" / asset.id[-2:] / asset.file_name


def url_of(asset: Asset) -> str:
    """Absolute and public: clients fetch it without a token (contract 2.20, 8)."""
    return f"{settings.SANDBOX_PUBLIC_URL}/a/{asset.file_name}"


def read(source: Source) -> bytes:
    """The bytes that work starts from. Raises OSError."""
    return path_of(source).read_bytes()


def store(asset: Asset, content: bytes) -> None:
    """Whole or not at all: written beside, flushed, then renamed. Raises OSError."""
    path = path_of(asset)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A reader must never see half a picture under its public name.
    beside = _beside(asset)
    with beside.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    beside.rename(path)


def discard(assets: list[Asset]) -> None:
    """Removes bytes that no committed row names, half-written ones too, as far as the disk lets go of them."""
    for asset in assets:
        for path in (path_of(asset), _beside(asset)):
            # A disk that refused the bytes may refuse this as well, and the job must be settled all the same.
            with suppress(OSError):
                path.unlink()


def _beside(asset: Asset) -> Path:
    return path_of(asset).with_suffix(".part")
