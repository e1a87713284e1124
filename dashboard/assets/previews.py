"""Which small pictures an asset has, and where they are served."""

from django.urls import reverse

from dashboard.assets.models import Asset

# Nominal widths in pixels. A picture that is no wider than one of them has no larger ones, and is never blown up.
PREVIEW_WIDTHS = (320, 640, 1280)
# As dashboard/assets/decoder.py makes them: a picture taller than this many times its width is made narrower.
MOST_HEIGHT = 2.5


def preview_widths(asset: Asset) -> list[tuple[int, int]]:
    """Return (nominal, real) widths of an asset's small pictures, smallest first; none while there is no preview."""
    if asset.preview != Asset.Preview.READY or not asset.preview_largest or not asset.width or not asset.height:
        return []
    made = [width for width in PREVIEW_WIDTHS if width <= asset.preview_largest]
    return [(width, _real(width, asset.width, asset.height)) for width in made]


def preview_url(workspace_key: str, asset: Asset, width: int) -> str:
    """Return where a small picture is served: the address names its content, and never shows another."""
    return reverse("assets:preview", args=[workspace_key, asset.pk, width, asset.preview_key])


def preview_srcset(workspace_key: str, asset: Asset) -> str:
    """Return the `srcset` of an asset's small pictures; empty while there are none."""
    return ", ".join(f"{preview_url(workspace_key, asset, width)} {real}w" for width, real in preview_widths(asset))


def _real(nominal: int, width: int, height: int) -> int:
    scale = min(1.0, nominal / width, MOST_HEIGHT * nominal / height)
    return max(1, round(width * scale))
