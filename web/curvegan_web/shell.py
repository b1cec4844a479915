"""The frame of a page: head, data, and the modules that draw it. Text of users goes into the data alone."""

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

# The order is that of the bar at the top.
MENU = {
    "jobs": ("/", "Jobs"),
    "theatre": ("/theatre", "Theatre"),
    "sweeps": ("/sweeps", "Sweeps"),
    "tunes": ("/tune", "Tune"),
    "compare": ("/compare", "Compare"),
    "data": ("/data", "Data and curves"),
    "workers": ("/workers", "Workers"),
}
# What only a dashboard that may change things has.
CHANGES = {"submit": ("/submit", "Submit")}


def as_json(data: Any) -> str:
    """Return JSON that may stand within a script element: it cannot end it, and opens no comment."""
    text = json.dumps(data, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def page(
    name: str, title: str, data: Mapping[str, Any], version: str, modules: Sequence[str], changes: bool = False
) -> str:
    """Return a page of the dashboard, which loads the static files of a version, those modules at once."""
    static = f"/static/{escape(version)}"
    charts = f'<script defer src="{static}/uplot.js"></script>' if "charts.js" in modules else ""
    preloads = "".join(f'<link rel="modulepreload" href="{static}/{escape(one)}">' for one in modules)
    menu = MENU | CHANGES if changes else MENU
    links = "".join(_link(key in (name, f"{name}s"), *entry) for key, entry in menu.items())
    changing = ' data-changes="true"' if changes else ""
    style = f'<link rel="stylesheet" href="{static}/changes.css">' if changes else ""
    return f"""<!doctype html>
<html lang="en" data-page="{escape(name)}"{changing}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)} · curvegan</title>
<link rel="icon" href="{static}/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="{static}/uplot.css">
<link rel="stylesheet" href="{static}/style.css">
{style}
<script src="{static}/theme.js"></script>
{charts}
<script type="module" src="{static}/main.js"></script>
{preloads}
</head>
<body>
<a class="skip" href="#main">Skip to the content</a>
<header><a class="brand" href="/">curvegan</a><nav aria-label="Pages">{links}</nav>
<span id="live" role="status"></span><button id="theme" type="button" aria-label="Dark or light">◐</button></header>
<main id="main" tabindex="-1"></main>
<script id="data" type="application/json">{as_json(data)}</script>
<noscript>These pages are drawn in the browser. The command line shows the same: curvegan status.</noscript>
</body>
</html>
"""


def _link(current: bool, path: str, title: str) -> str:
    here = ' aria-current="page"' if current else ""
    return f'<a href="{path}"{here}>{title}</a>'
