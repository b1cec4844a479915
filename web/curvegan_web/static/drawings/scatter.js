// Points over two axes, each a link: of a search its trials. `steps` is the best so far, as a staircase.
import { el, number, renew, svg, table } from "./dom.js";
import { brief, fitting, scale } from "./scale.js";

const EDGE = { left: 46, right: 10, top: 20, bottom: 36 };

// Drawn into the host, anew with `set` where something has changed: a link that has the focus keeps it.
export function scatter(host, { height = 260 } = {}) {
  const picture = el("div", { class: "scatter" }), behind = el("details", { class: "behind" }, el("summary", { text: "Table" }));
  let shown = null;
  const fill = () => behind.open && shown && renew(behind, behind.firstChild, table(columns(shown), shown.points, { caption: `${shown.y.name} over ${shown.x.name}` }));
  const draw = () => picture.clientWidth && shown && renew(picture, shown.points.length ? drawn(picture.clientWidth, height, shown) : el("p", { class: "soft", text: "No trial has a value yet." }));
  new ResizeObserver(draw).observe(picture);
  behind.addEventListener("toggle", fill);
  host.append(picture, behind);
  return { set(next) { shown = { steps: [], ...next }; draw(); fill(); } };
}

function columns({ x, y }) {
  const column = (name, value) => ({ name, right: true, text: (one) => number(value(one), 5) });
  return [{ name: "", node: (one) => el("a", { href: one.href, text: one.label }) }, column(x.name, (one) => one.x), column(y.name, (one) => one.y)];
}

function drawn(width, height, { x, y, points, steps }) {
  const across = scale(points.map((one) => one.x), x.name === "trial" ? { log: false } : {}), upwards = scale(points.map((one) => one.y), { round: true });
  const inset = across.numeric ? 0.02 : 0.15, low = height - EDGE.bottom;
  const left = (value) => EDGE.left + (width - EDGE.left - EDGE.right) * (inset + (1 - 2 * inset) * across.place(value)), top = (value) => low - (low - EDGE.top) * (0.04 + 0.92 * upwards.place(value));
  const word = (text, place, anchor) => svg("text", { ...place, "text-anchor": anchor }, text);
  const node = svg("svg", { width, height, role: "group", "aria-label": `${y.name} over ${x.name}` });
  for (const tick of fitting(upwards.ticks, (tick) => -top(tick), () => 14)) node.append(svg("line", { x1: EDGE.left, x2: width - EDGE.right, y1: top(tick), y2: top(tick) }), word(brief(tick), { x: EDGE.left - 6, y: top(tick) + 4 }, "end"));
  for (const tick of fitting(across.ticks, left, (tick) => 7 * brief(tick).length + 8)) node.append(word(brief(tick), { x: left(tick), y: height - 19 }, "middle"));
  node.append(word(y.name, { x: EDGE.left, y: 11 }, "start"), word(x.name, { x: width - EDGE.right, y: height - 4 }, "end"));
  if (steps.length) node.append(svg("path", { d: steps.map(([at, value], n) => (n ? `H${left(at)}V${top(value)}` : `M${left(at)},${top(value)}`)).join("") }));
  for (const one of points) node.append(svg("a", { href: one.href, "aria-label": one.label }, svg("circle", { cx: left(one.x), cy: top(one.y), r: one.main ? 6 : 4, class: one.main ? "main" : "" }, svg("title", {}, one.label))));
  return node;
}
