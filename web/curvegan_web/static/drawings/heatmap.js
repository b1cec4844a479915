// A number over two keys, the better the brighter: a real table, so that who cannot see its colours reads it.
import { el, number } from "./dom.js";

// Viridis, whose lightness grows evenly: equal steps look equal, in grey and to the colour-blind.
const VIRIDIS = [[68, 1, 84], [71, 44, 122], [59, 81, 139], [44, 113, 142], [33, 144, 141], [39, 173, 129], [92, 200, 99], [170, 220, 50], [253, 231, 37]];

export function viridis(share) {
  const position = Math.max(0, Math.min(1, share)) * (VIRIDIS.length - 1), low = Math.min(VIRIDIS.length - 2, Math.floor(position));
  return VIRIDIS[low].map((value, at) => Math.round(value + (VIRIDIS[low + 1][at] - value) * (position - low)));
}

// How good a number is among some, 0 to 1; what shall be small goes by decades where it spans one.
export function goodness(values, smaller) {
  const known = values.filter((value) => value !== null), low = Math.min(...known), high = Math.max(...known);
  const to = smaller && low > 0 && high >= 10 * low ? Math.log10 : (value) => value, span = to(high) - to(low);
  return (value) => { const share = span ? (to(value) - to(low)) / span : 0.5; return smaller ? 1 - share : share; };
}

// cells: [{at: [row, column], median, jobs}], the first row the lowest; link(cell) is where a click leads.
export function heatmap({ x, y, columns, rows, cells, smaller, metric, link }) {
  const good = goodness(cells.map((cell) => cell.median), smaller), at = new Map(cells.map((cell) => [cell.at.join(), cell]));
  const lines = rows.map((name, row) => el("tr", {}, el("th", { scope: "row", text: name }), columns.map((_, column) => square(at.get(`${row},${column}`))))).reverse();
  function square(cell) {
    if (!cell) return el("td", { class: "none" });
    const node = el("td", {}, el("a", { href: link(cell), title: `${cell.jobs.length} jobs`, text: number(cell.median, 3) }));
    if (cell.median === null) return node;
    const share = good(cell.median);
    node.style.background = `rgb(${viridis(share).join()})`;
    node.className = share < 0.44 ? "dark" : "bright";
    return node;
  }
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": `${metric} over ${x} and ${y}` },
    el("table", { class: "heat" }, el("caption", { class: "hidden", text: `Median ${metric} over ${x} and ${y}` }), el("tbody", {}, lines),
      el("tfoot", {}, el("tr", {}, el("th", { text: `${y} ↑  ${x} →` }), columns.map((name) => el("th", { scope: "col", text: name }))))));
}
