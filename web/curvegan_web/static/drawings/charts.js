// Lines over steps, by uPlot; with a table behind each for who cannot see them.
import { colour, el, isolated, number, renew, table } from "./dom.js";

const charts = new Set();

export function lineChart(host, { series, lines = [], marks = [], height = 220, log = false, unit = "step", sync = "steps", range, legend = true }) {
  const box = el("div", { class: "chart", role: "img", "aria-label": `${series.map((one) => one.label).join(", ")} over ${unit}` });
  const behind = el("details", { class: "behind" }, el("summary", { text: "Table" }));
  const state = { data: [[], ...series.map(() => [])], lines, marks, plot: null };
  const drawn = () => {
    state.plot?.destroy();
    const ink = colour("soft"), grid = colour("line");
    const axis = { stroke: ink, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 }, font: "11px system-ui" };
    state.plot = new uPlot({
      width: Math.max(200, box.clientWidth), height,
      padding: [8, 18, 0, 0],
      legend: { show: legend, live: true },
      cursor: { sync: { key: sync }, drag: { x: true, y: false }, points: { size: 6 } },
      scales: { x: { time: false }, y: { distr: log ? 3 : 1, range: range ?? undefined } },
      axes: [{ ...axis, size: 30, values: (_, ticks) => ticks.map((tick) => (tick >= 1e4 ? `${number(tick / 1000)}k` : number(tick))) },
        { ...axis, size: wide, values: (_, ticks) => ticks.map((tick) => (tick === null ? "" : number(tick, 6))) }],
      series: [{ label: unit }, ...series.map((one) => ({
        label: isolated(one.label), stroke: one.tone ?? colour(one.colour), width: one.width ?? 1.5, dash: one.dash, fill: one.fill ? colour(one.fill) : undefined,
        points: { show: one.dots ?? false, size: 4 }, spanGaps: true, value: (_, value) => number(value, 5) }))],
      bands: (series.bands ?? []).map((pair) => ({ series: pair, fill: colour("band") })),
      hooks: { draw: [(plot) => guides(plot, state)] },
    }, state.data, box);
  };
  const chart = {
    set(data, more = {}) {
      Object.assign(state, more, { data: log ? data.map((column, at) => (at ? column.map((value) => (value > 0 ? value : null)) : column)) : data });
      if (state.plot) refill(state.plot, state.data); else drawn();
      if (behind.open) fill();
    },
    redraw: () => state.plot && drawn(),
    mark(at) { state.at = at; state.plot?.redraw(false); },
    get plot() { return state.plot; },
  };
  const fill = () => {
    const [steps, ...values] = state.data, every = Math.ceil(steps.length / 40) || 1;
    const rows = steps.map((_, at) => at).filter((at) => at % every === 0 || at === steps.length - 1);
    const columns = [{ name: unit, right: true, text: (at) => String(steps[at]) }, ...series.map((one, n) => ({ name: one.label, right: true, text: (at) => number(values[n][at], 5) }))];
    renew(behind, behind.firstChild, table(columns, rows, { caption: series.map((one) => one.label).join(", ") }));
  };
  behind.addEventListener("toggle", () => behind.open && fill());
  new ResizeObserver(() => state.plot && state.plot.width !== box.clientWidth && box.clientWidth && state.plot.setSize({ width: box.clientWidth, height })).observe(box);
  host.append(box, behind);
  charts.add(chart);
  return chart;
}

// What somebody has zoomed in on stays.
function refill(plot, data) {
  const { min, max } = plot.scales.x, [steps] = plot.data, zoomed = steps.length > 1 && (min > steps[0] || max < steps.at(-1));
  plot.setData(data);
  if (zoomed) plot.setScale("x", { min, max });
}

// An axis has room for its longest number.
function wide(plot, words, at) {
  const axis = plot.axes[at];
  plot.ctx.font = axis.font[0];
  const longest = Math.max(...(words ?? []).map((word) => plot.ctx.measureText(word).width), 0);
  return Math.max(40, Math.ceil(longest / devicePixelRatio) + axis.ticks.size + axis.gap + 4);
}

// Dashed: where the loss settles. Upright: what happened at that step. Bold: where the slider is.
function guides(plot, { lines, marks, at }) {
  const { ctx, bbox } = plot, dpr = devicePixelRatio;
  ctx.save();
  ctx.font = `${10.5 * dpr}px system-ui`;
  ctx.lineWidth = dpr;
  const taken = [];
  for (const { y, label, tone = "soft" } of lines) {
    if (y === null || y === undefined) continue;
    const top = plot.valToPos(y, "y", true);
    if (top < bbox.top || top > bbox.top + bbox.height) continue;
    ctx.strokeStyle = ctx.fillStyle = colour(tone);
    ctx.setLineDash([5 * dpr, 4 * dpr]);
    stroke(ctx, bbox.left, top, bbox.left + bbox.width, top);
    const under = taken.some((other) => Math.abs(other - top) < 14 * dpr);
    taken.push(top);
    worded(ctx, label, bbox.left + bbox.width - 4 * dpr, top + (under ? 13 : -5) * dpr, dpr);
  }
  ctx.setLineDash([]);
  marks.forEach(({ x, label, tone = "bad" }, n) => {
    const left = plot.valToPos(x, "x", true);
    if (left < bbox.left - 1 || left > bbox.left + bbox.width + 1) return;
    ctx.strokeStyle = ctx.fillStyle = colour(tone);
    stroke(ctx, left, bbox.top, left, bbox.top + bbox.height);
    ctx.textAlign = left > bbox.left + bbox.width / 2 ? "right" : "left";
    ctx.fillText(label, left + (ctx.textAlign === "left" ? 4 : -4) * dpr, bbox.top + (12 + 12 * (n % 3)) * dpr);
  });
  if (at !== undefined && at !== null) {
    const left = plot.valToPos(at, "x", true);
    ctx.strokeStyle = colour("ink");
    ctx.lineWidth = 1.5 * dpr;
    stroke(ctx, left, bbox.top, left, bbox.top + bbox.height);
  }
  ctx.restore();
}

// On a ground of its own, so that no line runs through it.
function worded(ctx, label, right, base, dpr) {
  const ink = ctx.fillStyle, width = ctx.measureText(label).width;
  ctx.fillStyle = colour("card");
  ctx.globalAlpha = 0.8;
  ctx.fillRect(right - width - 2 * dpr, base - 9 * dpr, width + 4 * dpr, 12 * dpr);
  ctx.globalAlpha = 1;
  ctx.fillStyle = ink;
  ctx.textAlign = "right";
  ctx.fillText(label, right, base);
}

function stroke(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  ctx.stroke();
}

addEventListener("theme", () => charts.forEach((chart) => chart.redraw()));
