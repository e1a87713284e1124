"""Where small pictures and kept originals lie: by workspace, then by what they hold.

The same bytes lie once in a workspace and never reach over to another: what one purges, no other loses, and nobody can
find out by a quick answer what somebody else has.
"""

from collections.abc import Iterator
from pathlib import Path

from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage

from dashboard.assets.models import Asset
from dashboard.assets.selectors import same_bytes

# Changes with how pictures are made small: then their addresses change, and nobody is shown the old ones.
RECIPE = "2"
CHUNK = 1 << 16
# So many digits of its hash stand for a file's content in the names of its small pictures.
STEM = 32


def preview_key(content_hash: str) -> str:
    """Return what names an asset's small pictures in addresses: their content and the recipe."""
    return f"{content_hash[:STEM]}r{RECIPE}"


def preview_path(workspace_key: str, key: str, width: int) -> str:
    return f"previews/{workspace_key}/{key[:2]}/{key}-{width}.webp"


def original_path(workspace_key: str, content_hash: str) -> str:
    return f"originals/{workspace_key}/{content_hash[:2]}/{content_hash}"


def preview_store(workspace_key: str, key: str, width: int, content: bytes) -> None:
    """Store a small picture under its name, whole."""
    _store(preview_path(workspace_key, key, width), ContentFile(content), len(content))


def original_store(workspace_key: str, content_hash: str, file: Path) -> None:
    """Store a copy of an original under its hash, whole, in pieces."""
    with file.open("rb") as content:
        _store(original_path(workspace_key, content_hash), File(content), file.stat().st_size)


def original_chunks(asset: Asset) -> Iterator[bytes]:
    """Yield a kept original in pieces; raises OSError where the storage has lost it."""
    with default_storage.open(original_path(asset.workspace.key, asset.content_hash), "rb") as file:
        yield from file.chunks(CHUNK)


def original_delete(asset: Asset) -> bool:
    """Delete our copy, unless another asset of the workspace keeps the same bytes; tell whether it went."""
    others = same_bytes(asset.workspace_id, asset.content_hash).filter(is_kept=True)
    if not asset.content_hash or others.exists():
        return False
    default_storage.delete(original_path(asset.workspace.key, asset.content_hash))
    return True


def previews_delete(workspace_key: str, stem: str) -> None:
    """Delete the small pictures of a content, of whatever recipe and width, by the beginning of its hash."""
    folder = f"previews/{workspace_key}/{stem[:2]}"
    try:
        _, names = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in names:
        if name.startswith(f"{stem}r"):
            default_storage.delete(f"{folder}/{name}")


def _store(name: str, content: "File[bytes]", size: int) -> None:
    # A name says what the file holds, so one of the same length is the file; another length was cut off by a crash.
    if default_storage.exists(name):
        if default_storage.size(name) == size:
            return
        default_storage.delete(name)
    stored = default_storage.save(name, content)
    if stored != name:
        # Somebody stored the same file at the same moment.
        default_storage.delete(stored)
