"""What spending can be split by, and how each part is called. What the service does not tell is said so."""

from dataclasses import dataclass

UNTOLD = "unknown"
NOT_TOLD = "Not told"
ASSET_TYPES = {"image": "Images", "video": "Video", "audio": "Audio", "3d": "3D"}
OPERATIONS = {"create": "Create", "edit": "Edit"}


@dataclass(frozen=True)
class Kind:
    """One way to split: its name in the address, in words, and the column that it groups by."""

    name: str
    label: str
    plural: str
    column: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind("agent", "Agent", "agents", "agent"),
        Kind("capability", "Capability", "capabilities", "capability"),
        Kind("operation", "Operation", "operations", "operation"),
        Kind("asset", "Asset type", "asset types", "capability"),
    )
}


def asset_type_of(capability: str) -> str:
    """Return the kind of asset that a capability makes, from its published id `is.<op>.<...>.v1` (contract 3.13);
    empty where it does not tell."""
    kind = capability.removeprefix("is.").partition(".")[0] if capability.startswith("is.") else ""
    return kind if kind in ASSET_TYPES else ""
