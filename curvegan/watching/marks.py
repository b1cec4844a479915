"""Marks in pictures, by which a program knows a file that it wrote itself: which job or sweep it shows, and how."""

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_PNG = b"\x89PNG\r\n\x1a\n"
# The signature, and the header's chunk: length, kind, 13 bytes, checksum.
_HEADER = len(_PNG) + 4 + 4 + 13 + 4
_MOST_BEFORE = 1024


def mark(thing: str, number: int, kind: str, created: "datetime") -> bytes:
    """Return what a picture of this kind of a job or a sweep is marked with; ids of other stores differ in the time."""
    return f"curvegan {thing} {number} {kind}, submitted {created.isoformat()}".encode("ascii")


def marked(png: bytes, text: bytes) -> bytes:
    """Return a PNG file with a text chunk behind its header, which every program but this one skips."""
    kind, data = b"tEXt", b"Source\0" + text
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return png[:_HEADER] + chunk + png[_HEADER:]


def bears(path: Path, text: bytes) -> bool:
    """Return whether a file is there that is marked so."""
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            start = file.read(_HEADER + _MOST_BEFORE)
    except OSError:
        return False
    return start.startswith(_PNG) and b"Source\0" + text in start
