"""Who sees little, or uses no mouse, can use every page: contrast in both themes, names, tables, narrow screens."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from .conftest import Served, shown

PAGES = ("/", "/jobs/1", "/theatre?job=3&step=57", "/sweeps", "/sweeps/1", "/tune", "/compare?jobs=1,2,3", "/workers")
STUMBLES = (Path(__file__).parent / "readable.js").read_text()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_can_be_read(served: Served, tab: Page, theme: Any) -> None:
    tab.emulate_media(color_scheme=theme)
    for path in PAGES:
        shown(tab, served, path)
        assert tab.evaluate("document.documentElement.dataset.theme") == theme
        assert tab.evaluate(STUMBLES) == [], path
    tab.goto("about:blank")


def test_every_page_is_whole_on_a_phone(served: Served, tab: Page) -> None:
    tab.set_viewport_size({"width": 360, "height": 740})
    for path in PAGES:
        shown(tab, served, path)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    shown(tab, served, "/")
    assert tab.evaluate("Math.max(...[...document.querySelectorAll('tbody tr')].map((row) => row.offsetHeight))") < 120
    tab.goto("about:blank")


def test_a_page_is_used_by_keys_alone(served: Served, tab: Page) -> None:
    shown(tab, served, "/")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.keyboard.press("Enter")
    tab.keyboard.press("/")
    tab.keyboard.type("name=first")
    tab.keyboard.press("Enter")
    tab.wait_for_function("() => document.querySelectorAll('tbody tr').length === 1")
    tab.get_by_role("link", name="first").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("html[data-page=job][data-drawn]")
    tab.goto("about:blank")
