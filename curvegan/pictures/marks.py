"""Marks in pictures, by which a program knows a file that it wrote itself: which job or sweep it shows, and how."""

import struct
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_PNG, _SVG, _PDF = b"\x89PNG\r\n\x1a\n", b"<?xml ", b"%PDF-"
# The signature, and the header's chunk: length, kind, 13 bytes, checksum.
_HEADER = len(_PNG) + 4 + 4 + 13 + 4
# A mark is in so many first bytes, or in so many last ones.
_NEAR = 1024


def mark(thing: str, number: int, kind: str, created: "datetime") -> bytes:
    """Return what a picture of this kind of a job or a sweep is marked with; ids of other stores differ in the time."""
    return f"curvegan {thing} {number} {kind}, submitted {created.isoformat()}".encode("ascii")


def marked(picture: bytes, text: bytes) -> bytes:
    """Return a picture's file with a text that every program but this one skips.

    It is a chunk behind the header of a PNG file, a comment behind the first line of SVG, and one at the end of PDF.
    """
    if picture.startswith(_PDF):
        return picture + b"%Source " + text + b"\n"
    if picture.startswith(_SVG):
        first, _, rest = picture.partition(b"\n")
        return b"\n".join((first, b"<!-- Source " + text + b" -->", rest))
    kind, data = b"tEXt", b"Source\0" + text
    chunk = struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return picture[:_HEADER] + chunk + picture[_HEADER:]


def bears(path: Path, text: bytes) -> bool:
    """Return whether a file is there that is marked so."""
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            start = file.read(_NEAR)
            file.seek(max(0, file.seek(0, 2) - _NEAR))
            end = file.read()
    except OSError:
        return False
    marks = {_PNG: b"Source\0" + text, _SVG: b"<!-- Source " + text + b" -->", _PDF: b"%Source " + text + b"\n"}
    return any(start.startswith(kind) and (mark in start or mark in end) for kind, mark in marks.items())
