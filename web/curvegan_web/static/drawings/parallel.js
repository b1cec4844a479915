// Each job a line over all axes, coloured by the last one. To drag along an axis is to filter; a line leads to its job.
import { colour, el, isolated, number, renew, table } from "./dom.js";
import { read, written } from "./brushes.js";
import { goodness, viridis } from "./heatmap.js";
import { brief, fitting, scale } from "./scale.js";

const HEIGHT = 300, EDGE = { left: 56, right: 56, top: 34, bottom: 16 }, NEAR = 22;

// onfilter(text) is called with the filter's new text; set({axes, rows, where, kept, smaller}), a row is [id, ...values], `kept` the ids for which the filter holds.
export function parallel(host, { onfilter }) {
  const canvas = el("canvas", { class: "bundle parallel", role: "img", "aria-label": "Each job as a line over all axes" });
  const words = el("p", { class: "soft note", role: "status" }), behind = el("details", { class: "behind" }, el("summary", { text: "Table" }));
  canvas.style.height = `${HEIGHT}px`;
  let shown = null, near = null, drag = null;
  const draw = () => shown && canvas.clientWidth && paint(canvas, shown, near, drag);
  const pointer = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
  const say = (row) => { words.textContent = row ? `job ${row[0]}: ${shown.axes.map((axis, at) => `${axis} ${isolated(number(row[at + 1]))}`).join(", ")}` : "Drag along an axis to filter, click within the range to lift it; a line leads to its job."; };

  canvas.addEventListener("pointerdown", (event) => {
    const [x, y] = pointer(event), axis = axisAt(shown, x);
    drag = axis === null ? null : { axis, from: y, to: y };
    if (drag) canvas.setPointerCapture(event.pointerId);
  });
  canvas.addEventListener("pointercancel", () => { drag = null; draw(); });
  // A finger on an axis filters; beside the axes it scrolls the page.
  canvas.addEventListener("touchstart", (event) => axisAt(shown, pointer(event.touches[0])[0]) !== null && event.preventDefault(), { passive: false });
  canvas.addEventListener("pointermove", (event) => {
    const [x, y] = pointer(event);
    if (drag) drag.to = y;
    else { near = nearest(shown, x, y); canvas.style.cursor = axisAt(shown, x) !== null ? "ns-resize" : near ? "pointer" : "default"; say(near); }
    draw();
  });
  canvas.addEventListener("pointerup", () => {
    if (!drag) return near && location.assign(`/jobs/${near[0]}`);
    const { axis, from, to } = drag;
    drag = null;
    brushed(axis, from, to);
  });
  canvas.addEventListener("pointerleave", () => { if (!drag) { near = null; say(null); draw(); } });
  const brushed = (axis, from, to) => {
    const name = shown.axes[axis], { rest, ranges } = shown.filter;
    if (Math.abs(from - to) < 4) delete ranges[name];
    else ranges[name] = range(shown.scales[axis], share(Math.max(from, to)), share(Math.min(from, to)));
    onfilter(written({ rest, ranges }));
  };
  const fill = () => behind.open && renew(behind, behind.firstChild, table([{ name: "Job", right: true, node: (row) => el("a", { href: `/jobs/${row[0]}`, text: row[0] }) }, ...shown.axes.map((axis, at) => ({ name: axis, right: true, text: (row) => number(row[at + 1]) }))],
    shown.rows.filter(shown.inside).slice(0, 200), { caption: "Jobs over all axes" }));
  behind.addEventListener("toggle", fill);
  new ResizeObserver(draw).observe(canvas);
  addEventListener("theme", draw);
  host.append(canvas, words, behind);
  say(null);
  return {
    set({ axes, rows, where, kept, smaller }) {
      const filter = read(where, axes), scales = axes.map((_, at) => scale(rows.map((row) => row[at + 1])));
      const good = goodness(rows.map((row) => row.at(-1)), smaller);
      const inside = (row) => kept.has(row[0]);
      shown = { axes, rows, filter, scales, inside, tone: (row) => (row.at(-1) === null ? colour("soft") : `rgb(${viridis(0.1 + 0.75 * good(row.at(-1))).join()})`) };
      draw();
      fill();
    },
  };
}

const share = (y) => Math.max(0, Math.min(1, 1 - (y - EDGE.top) / (HEIGHT - EDGE.top - EDGE.bottom)));
const top = (part) => EDGE.top + (1 - part) * (HEIGHT - EDGE.top - EDGE.bottom);

function range(axis, low, high) {
  if (axis.numeric) return { low: Number(axis.at(low).toPrecision(4)), high: Number(axis.at(high).toPrecision(4)) };
  const names = axis.names.filter((name) => axis.place(name) >= low - 1e-9 && axis.place(name) <= high + 1e-9);
  return { names: names.length ? names : [axis.at((low + high) / 2)] };
}

function left(shown, at) {
  return EDGE.left + ((shown.width - EDGE.left - EDGE.right) * at) / Math.max(1, shown.axes.length - 1);
}

function axisAt(shown, x) {
  const axis = shown.axes.findIndex((_, n) => Math.abs(left(shown, n) - x) < NEAR);
  return axis < 0 ? null : axis;
}

// The line below the pointer, those that the filter leaves before others.
function nearest(shown, x, y) {
  const axis = shown.axes.findIndex((_, n) => x >= left(shown, n) && x <= left(shown, n + 1));
  if (axis < 0) return null;
  const part = (x - left(shown, axis)) / (left(shown, axis + 1) - left(shown, axis));
  const far = (row) => { const [a, b] = [axis, axis + 1].map((n) => shown.scales[n].place(row[n + 1])); return a === null || b === null ? Infinity : Math.abs(top(a + (b - a) * part) - y) + (shown.inside(row) ? 0 : 4); };
  const best = shown.rows.reduce((closest, row) => (far(row) < closest.far ? { row, far: far(row) } : closest), { far: 7 });
  return best.row ?? null;
}

function paint(canvas, shown, near, drag) {
  const dpr = devicePixelRatio, ctx = canvas.getContext("2d");
  shown.width = canvas.clientWidth;
  canvas.width = shown.width * dpr;
  canvas.height = HEIGHT * dpr;
  ctx.scale(dpr, dpr);
  const line = (row) => { ctx.beginPath(); shown.scales.forEach((axis, at) => { const part = axis.place(row[at + 1]); if (part !== null) ctx.lineTo(left(shown, at), top(part)); }); ctx.stroke(); };
  const inside = shown.rows.filter(shown.inside);
  ctx.lineWidth = 1;
  ctx.strokeStyle = colour("line");
  shown.rows.filter((row) => !shown.inside(row)).forEach(line);
  ctx.lineWidth = inside.length > 300 ? 0.8 : 1.4;
  ctx.globalAlpha = inside.length > 300 ? 0.45 : 0.8;
  inside.forEach((row) => { ctx.strokeStyle = shown.tone(row); line(row); });
  ctx.globalAlpha = 1;
  if (near) { ctx.lineWidth = 3; ctx.strokeStyle = colour("ink"); line(near); }
  shown.axes.forEach((_, at) => axis(ctx, shown, at));
  for (const [name, one] of Object.entries(shown.filter.ranges)) brush(ctx, shown, shown.axes.indexOf(name), one);
  if (drag) band(ctx, left(shown, drag.axis), Math.min(drag.from, drag.to), Math.max(drag.from, drag.to));
}

function axis(ctx, shown, at) {
  const x = left(shown, at), last = at === shown.axes.length - 1, narrow = shown.width / shown.axes.length < 90;
  ctx.strokeStyle = colour("edge");
  ctx.lineWidth = 1.5;
  ctx.beginPath();
  ctx.moveTo(x, EDGE.top);
  ctx.lineTo(x, HEIGHT - EDGE.bottom);
  ctx.stroke();
  ctx.fillStyle = colour("ink");
  ctx.font = "600 12px system-ui";
  ctx.textAlign = at === 0 ? "left" : last ? "right" : "center";
  ctx.fillText(shown.axes[at].slice(0, narrow ? 8 : 20), at === 0 ? 4 : last ? shown.width - 4 : x, 16);
  ctx.font = "11px system-ui";
  ctx.textAlign = last ? "left" : "right";
  const ticks = narrow && at && !last ? [] : fitting(shown.scales[at].ticks, (tick) => -top(shown.scales[at].place(tick)), () => 14);
  for (const tick of ticks) {
    const y = top(shown.scales[at].place(tick)), word = brief(tick), width = ctx.measureText(word).width;
    ctx.fillStyle = colour("card");
    ctx.globalAlpha = 0.85;
    ctx.fillRect(last ? x + 4 : x - 8 - width, y - 8, width + 4, 16);
    ctx.globalAlpha = 1;
    ctx.fillStyle = colour("ink");
    ctx.fillText(word, x + (last ? 6 : -6), y + 4);
  }
}

function brush(ctx, shown, at, { low, high, names }) {
  const axis = shown.scales[at], x = left(shown, at), clamp = (part) => Math.max(0, Math.min(1, part));
  if (names) names.forEach((name) => { const part = axis.place(name); if (part !== null && part >= 0) band(ctx, x, top(part) - 7, top(part) + 7); });
  else band(ctx, x, top(clamp(high === undefined ? 1 : axis.place(high))), top(clamp(low === undefined ? 0 : axis.place(low))));
}

function band(ctx, x, y0, y1) {
  ctx.fillStyle = colour("accent");
  ctx.globalAlpha = 0.28;
  ctx.fillRect(x - 8, y0, 16, Math.max(2, y1 - y0));
  ctx.globalAlpha = 1;
  ctx.strokeStyle = colour("accent");
  ctx.lineWidth = 1.5;
  ctx.strokeRect(x - 8, y0, 16, Math.max(2, y1 - y0));
}
