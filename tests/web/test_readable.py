"""Who sees little, or uses no mouse, can use every page: contrast in both themes, names, tables, nothing off the side."""

from typing import Any

import pytest
from playwright.sync_api import Page

from .conftest import Served, shown

PAGES = ("/", "/jobs/1", "/theatre?job=3&step=57", "/sweeps", "/sweeps/1", "/tune", "/compare?jobs=1,2,3", "/workers")
# Texts whose contrast with what is behind them is below 4.5, of large ones below 3: WCAG's AA.
FAINT = """() => {
  const channels = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
  const paper = (node) => {
    for (; node; node = node.parentElement) { const c = channels(getComputedStyle(node).backgroundColor); if (c.length === 3 || c[3] === 1) return c; }
    return [255, 255, 255];
  };
  const found = new Set();
  for (const node of document.body.querySelectorAll("*")) {
    const text = [...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data.trim()).join("");
    if (!text || !node.checkVisibility({ opacityProperty: true, visibilityProperty: true }) || node.closest("svg, script, :disabled, .hidden, .skip")) continue;
    const style = getComputedStyle(node), size = parseFloat(style.fontSize), large = size >= 24 || (size >= 18.6 && style.fontWeight >= 600);
    const [a, b] = [light(channels(style.color)), light(paper(node))].sort((x, y) => y - x), contrast = (a + 0.05) / (b + 0.05);
    if (contrast < (large ? 3 : 4.5)) found.add(`${node.className || node.tagName} "${text.slice(0, 20)}" ${contrast.toFixed(2)}`);
  }
  return [...found];
}"""
UNNAMED = """() => [...document.querySelectorAll("a[href], button, input, select, canvas, [role=img], [role=region]")]
  .filter((node) => node.checkVisibility() && !(node.ariaLabel || node.textContent.trim() || node.labels?.length || node.title))
  .map((node) => node.outerHTML.slice(0, 120))"""
# Of each chart of lines and each drawn curve the numbers stand in a table next to it.
TABLELESS = """() => [...document.querySelectorAll(".chart, canvas.bundle")]
  .filter((node) => node.clientWidth && !node.closest("section, figure").querySelector("details, p"))
  .map((node) => node.ariaLabel)"""


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_every_page_can_be_read(served: Served, tab: Page, theme: Any) -> None:
    tab.emulate_media(color_scheme=theme)
    for path in PAGES:
        shown(tab, served, path)
        assert tab.evaluate("document.documentElement.dataset.theme") == theme
        assert tab.evaluate(FAINT) == [], path
        assert tab.evaluate(UNNAMED) == [], path
        assert tab.evaluate(TABLELESS) == [], path
    tab.goto("about:blank")


def test_every_page_is_whole_on_a_phone(served: Served, tab: Page) -> None:
    tab.set_viewport_size({"width": 360, "height": 740})
    for path in PAGES:
        shown(tab, served, path)
        assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    shown(tab, served, "/")
    rows = tab.locator("tbody tr")
    assert max(row.bounding_box()["height"] for row in rows.all()) < 120  # type: ignore[index]
    tab.goto("about:blank")


def test_a_page_is_used_by_keys_alone(served: Served, tab: Page) -> None:
    shown(tab, served, "/")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.textContent") == "Skip to the content"
    tab.keyboard.press("Enter")
    tab.keyboard.press("/")
    tab.keyboard.type("name=first")
    tab.keyboard.press("Enter")
    tab.wait_for_function("document.querySelectorAll('tbody tr').length === 1")
    tab.get_by_role("link", name="first").focus()
    tab.keyboard.press("Enter")
    tab.wait_for_selector("html[data-page=job][data-drawn]")
    tab.goto("about:blank")
