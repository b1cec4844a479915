"""One file to share: the data of a report and the modules that draw it, in a page that loads nothing.

The modules are those of the dashboard. In one file they cannot import each other, so each becomes a function that
returns what it exports. The page's own policy allows these very scripts, by their hashes, and no connection at all.
"""

import re
from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from typing import Any

from curvegan_web.assets import FILES
from curvegan_web.shell import as_json

# Each after those that it imports.
_MODULES = ("dom", "charts", "bundle", "generator", "report")
_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";$', re.M)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|let|class) (\w+))", re.M)


def report_page(data: Mapping[str, Any]) -> str:
    """Return the file."""
    scripts = [_text("theme.js"), _text("uplot.js"), bundled()]
    style = _text("uplot.css") + re.sub(r'url\("/[^"]*"\)', "none", _text("style.css"))
    before, after = _tags("script", scripts[:1]), _tags("script", scripts[1:])
    title = escape(str(data["title"]))
    return f"""<!doctype html>
<html lang="en" data-page="report">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{_policy(scripts, style)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · curvegan</title>
<style>{style}</style>
{before}
</head>
<body>
<header><span class="brand">curvegan</span><nav></nav>
<button id="theme" type="button" aria-label="Dark or light">◐</button></header>
<main id="main"></main>
<script id="data" type="application/json">{as_json(data)}</script>
<noscript>This page is drawn by its own scripts: allow them. It loads nothing.</noscript>
{after}
</body>
</html>
"""


def bundled() -> str:
    """Return the modules as one script."""
    return "\n".join(["'use strict';", *map(_as_function, _MODULES)])


def _as_function(name: str) -> str:
    text = _text(f"{name}.js")
    exported = ", ".join(export[1] for export in _EXPORT.finditer(text))
    body = _EXPORT.sub("", _IMPORT.sub(r"const \1 = module_\2;", text))
    return f"const module_{name} = (() => {{\n{body}\nreturn {{ {exported} }};\n}})();"


def _policy(scripts: list[str], style: str) -> str:
    allowed = " ".join(map(_hash, scripts))
    return "; ".join(
        (
            *("default-src 'none'", f"script-src {allowed}", f"style-src {_hash(style)}", "img-src data:"),
            *("base-uri 'none'", "form-action 'none'", "require-trusted-types-for 'script'", "trusted-types 'none'"),
        )
    )


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"


def _tags(name: str, texts: list[str]) -> str:
    return "\n".join(f"<{name}>{text}</{name}>" for text in texts)


def _text(path: str) -> str:
    text = FILES[path].decode()
    assert "</script" not in text.lower()
    return text
