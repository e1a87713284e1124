"""The embedded provider's pictures: drawn with Pillow, the same for the same spec, another for every other."""

from sandbox.renderer.picture import Picture, Spec, render

__all__ = ["Picture", "Spec", "render"]
