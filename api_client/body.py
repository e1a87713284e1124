"""Reading a body without trusting its length: bytes are counted while they come and while they are unpacked."""

import zlib
from collections.abc import Callable, Iterable, Iterator

_PIECE = 65_536


class BodyRefused(Exception):
    """The body is too large or badly packed. The message is for a ContractError."""


class BodyTooLate(Exception):
    """The deadline passed while the body was still coming: read time-outs do not stop a drip."""


def read_bounded(chunks: Iterable[bytes], *, encoding: str, max_bytes: int, is_late: Callable[[], bool]) -> bytes:
    """The whole unpacked body, at most `max_bytes` of it, packed or unpacked.

    Raises BodyRefused over the limit, for an encoding that was not asked for and for a broken one; BodyTooLate once
    `is_late()` holds between two chunks.
    """
    pieces: list[bytes] = []
    size = 0
    for piece in _unpacked(in_time(within(chunks, max_bytes), is_late), encoding):
        size += len(piece)
        if size > max_bytes:
            raise BodyRefused(f"the answer is over {max_bytes} bytes")
        pieces.append(piece)
    return b"".join(pieces)


def within(chunks: Iterable[bytes], max_bytes: int) -> Iterator[bytes]:
    """The chunks as they are; BodyRefused once they are more than `max_bytes` together."""
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > max_bytes:
            raise BodyRefused(f"the answer is over {max_bytes} bytes")
        yield chunk


def in_time(chunks: Iterable[bytes], is_late: Callable[[], bool]) -> Iterator[bytes]:
    """The chunks as they are; BodyTooLate once `is_late()` holds."""
    for chunk in chunks:
        if is_late():
            raise BodyTooLate
        yield chunk


def _unpacked(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    if encoding in {"", "identity"}:
        yield from chunks
    elif encoding == "gzip":
        yield from _gunzipped(chunks)
    else:
        raise BodyRefused("the answer is packed in a way that was not asked for")


def _gunzipped(chunks: Iterable[bytes]) -> Iterator[bytes]:
    # httpx would unpack each chunk whole, so one chunk of a bomb would already be a thousand chunks of memory.
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 16)
    try:
        for chunk in chunks:
            packed = chunk
            while packed and not unpack.eof:
                yield unpack.decompress(packed, _PIECE)
                packed = unpack.unconsumed_tail
    except zlib.error:
        raise BodyRefused("the answer is not the gzip it says it is") from None
    if not unpack.eof:
        raise BodyRefused("the answer's gzip breaks off")
