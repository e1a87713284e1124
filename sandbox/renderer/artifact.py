"""What a provider hands back, whatever its medium."""

from dataclasses import dataclass

_PREFIXES = {"image": "image", "video": "video", "audio": "audio"}


@dataclass(frozen=True)
class Artifact:
    """Encoded bytes and what they are; sizes in pixels, None where there is no picture."""

    content: bytes
    mime_type: str
    extension: str
    width: int | None = None
    height: int | None = None

    @property
    def prefix(self) -> str:
        """The id's prefix. A 3D result has no published one, so it takes one that clients can fetch (contract 3.2)."""
        return _PREFIXES.get(self.mime_type.partition("/")[0], "asset")
