"""A short film as an MP4 file: a slow move over a landscape. Needs an encoder, which is an optional dependency."""

import io

from PIL import Image

from sandbox.renderer.artifact import Artifact
from sandbox.renderer.brush import Sheet
from sandbox.renderer.palettes import DUSK, EMBER, LILAC, MIDNIGHT, NORDIC, OCEAN, ROSE, TEAL
from sandbox.renderer.picture import Spec
from sandbox.renderer.scenery import mountains

try:
    import av
except ImportError:  # pragma: no cover - every lock brings it
    av = None  # type: ignore[assignment]

HAS_ENCODER = av is not None
WIDTH, HEIGHT = 768, 432
FRAMES, RATE = 72, 24
_PALETTES = (DUSK, OCEAN, NORDIC, ROSE, LILAC, EMBER, TEAL, MIDNIGHT)


def shoot(spec: Spec) -> Artifact:
    """H.264 without sound, three seconds."""
    chance = spec.chance()
    palette = chance.choice(_PALETTES)
    scene = mountains(Sheet(chance, WIDTH * 3 // 2, HEIGHT * 3 // 2, palette))
    is_leaving = chance.random() < 0.5
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        # One thread, since the division of work among several would show in the bytes.
        stream = container.add_stream("libx264", rate=RATE, options={"preset": "veryfast", "crf": "26", "threads": "1"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for number in range(FRAMES):
            share = number / (FRAMES - 1)
            view = _view(scene, 1 - share if is_leaving else share)
            frame = av.VideoFrame.from_image(view)  # type: ignore[no-untyped-call]
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Artifact(target.getvalue(), "video/mp4", "mp4", WIDTH, HEIGHT)


def _view(scene: Image.Image, share: float) -> Image.Image:
    """What the camera sees: it comes closer and drifts to the right."""
    eased = share * share * (3 - 2 * share)
    wide = scene.width * (1 - eased / 3)
    tall = wide * HEIGHT / WIDTH
    left, top = (scene.width - wide) * (0.3 + 0.5 * eased), (scene.height - tall) * 0.6
    return scene.resize((WIDTH, HEIGHT), Image.Resampling.BILINEAR, box=(left, top, left + wide, top + tall))
