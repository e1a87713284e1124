"""The embedded provider's work, made here from a spec alone: the same for the same spec, another for every other."""

from sandbox.renderer.artifact import Artifact
from sandbox.renderer.picture import Spec, render

__all__ = ["Artifact", "Spec", "render"]
