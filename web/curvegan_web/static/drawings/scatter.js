// Points over two axes, each a link: of a search its trials. `steps` is the best so far, as a staircase.
import { el, replace, svg } from "./dom.js";
import { brief, scale } from "./scale.js";

const EDGE = { left: 46, right: 10, top: 8, bottom: 24 };

export function scatter({ x, y, points, steps = [], height = 240 }) {
  if (!points.length) return el("p", { class: "soft", text: "No trial has a value yet." });
  const host = el("div", { class: "scatter" });
  new ResizeObserver(() => host.clientWidth && replace(host, drawn(host.clientWidth, height, { x, y, points, steps }))).observe(host);
  return host;
}

function drawn(width, height, { x, y, points, steps }) {
  const across = scale(points.map((one) => one.x), x.name === "trial" ? { log: false } : {}), upwards = scale(points.map((one) => one.y));
  const inset = across.numeric ? 0.02 : 0.15, low = height - EDGE.bottom;
  const left = (value) => EDGE.left + (width - EDGE.left - EDGE.right) * (inset + (1 - 2 * inset) * across.place(value)), top = (value) => low - (low - EDGE.top) * (0.04 + 0.92 * upwards.place(value));
  const word = (text, place, anchor) => svg("text", { ...place, "text-anchor": anchor }, text);
  const node = svg("svg", { width, height, role: "group", "aria-label": `${y.name} over ${x.name}` });
  for (const tick of upwards.ticks) node.append(svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: top(tick), y2: top(tick) }), word(brief(tick), { x: EDGE.left - 6, y: top(tick) + 4 }, "end"));
  for (const tick of across.ticks) node.append(word(brief(tick), { x: left(tick), y: height - 6 }, "middle"));
  if (steps.length) node.append(svg("path", { d: steps.map(([at, value], n) => (n ? `H${left(at)}V${top(value)}` : `M${left(at)},${top(value)}`)).join("") }));
  for (const one of points) node.append(svg("a", { href: one.href, "aria-label": one.label }, svg("circle", { cx: left(one.x), cy: top(one.y), r: one.main ? 6 : 4, class: one.main ? "main" : "" }, svg("title", {}, one.label))));
  return node;
}
