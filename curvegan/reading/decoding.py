"""From bytes to text: which of the three encodings that spreadsheets write it is."""

import codecs

from curvegan_core.errors import DatasetRefused

_MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def decoded(data: bytes) -> str:
    """Return the text of a file: what its byte order mark says, else UTF-8, else Windows-1252.

    Raises:
        DatasetRefused: it is none of these, or no text.
    """
    marked = next((encoding for mark, encoding in _MARKS.items() if data.startswith(mark)), "")
    for encoding in [marked] if marked else ["utf-8", "cp1252"]:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError as error:
            why = f"its byte {error.start + 1:,} belongs to no text"
            continue
        if "\0" not in text:
            return text
        why = f"its character {text.index(chr(0)) + 1:,} is NUL"
    raise DatasetRefused(f"no CSV file: {why}; save it as CSV UTF-8")
