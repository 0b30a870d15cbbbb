"""The icon as a picture of 512 by 512 points, made from the drawing that clients get."""

import base64
import hashlib
import struct
import zlib

from flodesk_mcp.surface.icon import ICON

__all__ = ["drawn_from", "png"]

SIZE = 512
_MARK = b"drawn from\0"
_DRAWING = base64.b64decode(ICON.src.partition(",")[2])
_END = struct.pack(">I", 0) + b"IEND"


def png() -> bytes:
    """Return the picture, in which is written what it was drawn from: one need not draw it again to compare."""
    import resvg_py  # only who changes the drawing needs it

    picture = resvg_py.svg_to_bytes(svg_string=_DRAWING.decode(), width=SIZE, height=SIZE)
    note = b"tEXt" + _MARK + _digest()
    chunk = struct.pack(">I", len(note) - 4) + note + struct.pack(">I", zlib.crc32(note))
    before, end, after = bytes(picture).rpartition(_END)
    return before + chunk + end + after


def drawn_from(picture: bytes) -> bool:
    """Tell whether a picture was drawn from the drawing as it is now."""
    return _MARK + _digest() in picture


def _digest() -> bytes:
    return hashlib.sha256(_DRAWING).hexdigest().encode()
