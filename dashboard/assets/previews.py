"""Which small pictures an asset has, and where they are served."""

from dashboard.assets.models import Asset

# Nominal widths in pixels. A picture that is no wider than one of them has no larger ones, and is never blown up.
PREVIEW_WIDTHS = (320, 640, 1280)


def preview_widths(asset: Asset) -> list[tuple[int, int]]:
    """Return (nominal, real) widths of an asset's small pictures, smallest first; none while there is no preview."""
    if asset.preview != Asset.Preview.READY or not asset.preview_largest or not asset.width:
        return []
    made = [width for width in PREVIEW_WIDTHS if width <= asset.preview_largest]
    return [(width, min(width, asset.width)) for width in made]
