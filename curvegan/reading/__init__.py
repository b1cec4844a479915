"""Curves out of people's files: bytes, text, a table of cells, what was recognised in it, curves.

`curvegan.reading.curves.read` does it all. No function here prints or asks: what was understood is returned in words.
"""
