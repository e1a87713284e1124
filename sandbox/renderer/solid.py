"""A 3D model as one binary glTF file: the input as a relief, its light parts raised, its colours on top."""

import io
import json
import struct
from array import array

from PIL import Image, ImageFilter, ImageOps

from sandbox.renderer.artifact import Artifact
from sandbox.renderer.picture import Spec, opened

_STEPS = 64
_TEXTURE_EDGE = 512
_FLOAT, _UNSIGNED_SHORT = 5126, 5123
_VERTICES, _INDICES = 34962, 34963


def relief(spec: Spec, source: bytes) -> Artifact:
    """A grid of 64 x 64 cells over the longer side of one unit, a fifth of a unit deep at most."""
    image = opened(source)
    depth = spec.chance().uniform(0.1, 0.2)
    texture = image.copy()
    texture.thumbnail((_TEXTURE_EDGE, _TEXTURE_EDGE))
    picture = io.BytesIO()
    texture.save(picture, "JPEG", quality=85)
    positions, coordinates = _grid(image, depth)
    parts = [_floats(positions), _floats(coordinates), _triangles(), picture.getvalue()]
    return Artifact(_glb(parts, positions), "model/gltf-binary", "glb")


def _grid(image: Image.Image, depth: float) -> tuple[list[tuple[float, ...]], list[tuple[float, ...]]]:
    side = _STEPS + 1
    grey = ImageOps.autocontrast(image.convert("L").filter(ImageFilter.GaussianBlur(2))).resize((side, side))
    across, down = image.width / max(image.size), image.height / max(image.size)
    positions: list[tuple[float, ...]] = []
    coordinates: list[tuple[float, ...]] = []
    for place, level in enumerate(grey.get_flattened_data()):
        u, v = place % side / _STEPS, place // side / _STEPS
        height = (level if isinstance(level, int) else 0) / 255 * depth
        positions.append(((u - 0.5) * across, (0.5 - v) * down, height))
        coordinates.append((u, v))
    return positions, coordinates


def _triangles() -> bytes:
    """Two a cell, seen from the front counter-clockwise."""
    side, corners = _STEPS + 1, array("H")
    for row in range(_STEPS):
        for column in range(_STEPS):
            near = row * side + column
            corners.extend((near, near + side, near + 1, near + 1, near + side, near + side + 1))
    return corners.tobytes()


def _floats(rows: list[tuple[float, ...]]) -> bytes:
    return array("f", (value for row in rows for value in row)).tobytes()


def _glb(parts: list[bytes], positions: list[tuple[float, ...]]) -> bytes:
    """Header, JSON chunk, binary chunk; every part and chunk starts at a multiple of four bytes."""
    offsets, binary = [], b""
    for part in parts:
        offsets.append(len(binary))
        binary += part + bytes(-len(part) % 4)
    text = json.dumps(_scene(parts, offsets, len(binary), positions), separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    total = 12 + 8 + len(text) + 8 + len(binary)
    head = struct.pack("<4sII", b"glTF", 2, total) + struct.pack("<I4s", len(text), b"JSON")
    return head + text + struct.pack("<I4s", len(binary), b"BIN\0") + binary


def _scene(
    parts: list[bytes], offsets: list[int], length: int, positions: list[tuple[float, ...]]
) -> dict[str, object]:
    count = len(positions)
    targets = (_VERTICES, _VERTICES, _INDICES, None)
    views = [
        {"buffer": 0, "byteOffset": offset, "byteLength": len(part)} | ({"target": target} if target else {})
        for part, offset, target in zip(parts, offsets, targets, strict=True)
    ]
    bounds = {"min": [min(axis) for axis in zip(*positions, strict=True)]}
    bounds["max"] = [max(axis) for axis in zip(*positions, strict=True)]
    return {
        "asset": {"version": "2.0", "generator": "image-skill sandbox"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 0, "TEXCOORD_0": 1}, "indices": 2, "material": 0}]}],
        "materials": [
            {
                "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}, "metallicFactor": 0, "roughnessFactor": 0.9},
                "doubleSided": True,
            }
        ],
        "textures": [{"source": 0}],
        "images": [{"bufferView": 3, "mimeType": "image/jpeg"}],
        "accessors": [
            {"bufferView": 0, "componentType": _FLOAT, "count": count, "type": "VEC3"} | bounds,
            {"bufferView": 1, "componentType": _FLOAT, "count": count, "type": "VEC2"},
            {"bufferView": 2, "componentType": _UNSIGNED_SHORT, "count": _STEPS * _STEPS * 6, "type": "SCALAR"},
        ],
        "bufferViews": views,
        "buffers": [{"byteLength": length}],
    }
