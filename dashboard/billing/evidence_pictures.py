"""What a dispute's paper shows of the work that the credits paid for: our own small pictures, a bounded number of them.

Only what `dashboard/assets/decoder.py` drew and we stored is opened, by the decoder of its one format and at the size
that it was made at, and drawn once more without anything but its colours.
"""

from collections import Counter
from collections.abc import Sequence
from io import BytesIO

from django.core.files.storage import default_storage
from PIL import Image

from dashboard.assets.models import Asset
from dashboard.assets.previews import MOST_HEIGHT, PREVIEW_WIDTHS
from dashboard.assets.storage import preview_path
from dashboard.billing.models import Chain, LedgerLine
from dashboard.credits.paper import Picture, Pictures
from dashboard.lib.presentation import credits_text, credits_unit

MOST_PICTURES = 12
WIDTH = PREVIEW_WIDTHS[0]
MOST_BYTES = 1024 * 1024
QUALITY = 85


def pictures_of(chain: Chain, lines: Sequence[LedgerLine]) -> Pictures | None:
    """Return what the jobs of these lines made, the first MOST_PICTURES of it; None where nothing is known.

    Of the workspace that paid alone: another one that holds the agent today has pictures of its own.
    """
    jobs = {line.job_id for line in lines if line.job_id}
    made = Asset.objects.filter(
        workspace=chain.workspace_id, agent__remote_id=chain.agent_remote_id, job__remote_id__in=jobs
    )
    shown = list(made.select_related("job", "workspace").order_by("created_at", "pk")[:MOST_PICTURES])
    if not shown:
        return None
    charged = Counter[str]()
    for line in lines:
        charged[line.job_id] -= line.credits_delta or 0
    total = made.count()
    first = f"the first {len(shown)} of {total:,}" if total > len(shown) else f"{total:,}"
    return Pictures(f"What they paid for: {first}", tuple(_picture(asset, charged) for asset in shown))


def jpeg_of(webp: bytes) -> bytes:
    """Return a stored small picture as a JPEG on white; empty for whatever is none of ours."""
    if len(webp) > MOST_BYTES:
        return b""
    try:
        with Image.open(BytesIO(webp), formats=["WEBP"]) as source:
            if source.width > WIDTH or source.height > WIDTH * MOST_HEIGHT:
                return b""
            drawn = source.convert("RGBA")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):
        return b""
    bare, held = Image.new("RGB", drawn.size, "white"), BytesIO()
    bare.paste(drawn, mask=drawn.getchannel("A"))
    bare.save(held, "JPEG", quality=QUALITY)
    return held.getvalue()


def _picture(asset: Asset, charged: Counter[str]) -> Picture:
    job = asset.job.remote_id if asset.job else ""
    # Its share of the job where that is known, else what the ledger took for the job.
    cost = charged[job] if asset.credits is None else asset.credits
    caption = (asset.remote_id, job, f"{credits_text(cost)} {credits_unit(cost)}")
    if asset.hidden_at:
        return Picture(caption, absent="Hidden by its owner")
    if asset.purged_at:
        return Picture(caption, absent="Deleted by its owner")
    return Picture(caption, jpeg=_read(asset), absent="No picture kept")


def _read(asset: Asset) -> bytes:
    if asset.preview != Asset.Preview.READY or not asset.preview_key:
        return b""
    try:
        with default_storage.open(preview_path(asset.workspace.key, asset.preview_key, WIDTH), "rb") as file:
            return jpeg_of(file.read(MOST_BYTES + 1))
    except OSError:
        return b""
