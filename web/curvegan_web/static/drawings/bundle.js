// Generated curves over real ones, or points of the plane, on a canvas; with what the discriminator sees below them.
import { colour, el, number, renew, table } from "./dom.js";

const bundles = new Set();
const EDGE = { left: 44, right: 10, top: 8, bottom: 26 };

export function bundle(host, { height = 300, label = "Generated and real curves" } = {}) {
  const canvas = el("canvas", { class: "bundle", role: "img", "aria-label": label });
  canvas.style.height = `${height}px`;
  const state = { scene: null }, numbers = behind(() => state.scene);
  host.append(canvas, numbers.node);
  const draw = () => state.scene && paint(canvas, height, state.scene);
  const drawn = {
    canvas,
    set(scene) {
      state.scene = scene;
      canvas.setAttribute("aria-label", `${label}: ${scene.generated?.length ?? 0} generated, ${scene.real?.length ?? 0} real`);
      draw();
      numbers.fill();
    },
    redraw: draw,
  };
  new ResizeObserver(draw).observe(canvas);
  bundles.add(drawn);
  return drawn;
}

export function key() {
  return el("span", { class: "key" }, el("i", { class: "real" }), "real", el("i", { class: "fake" }), "generated");
}

// The numbers of what is drawn, for who cannot see it: made when somebody opens them, and anew with what is drawn.
function behind(scene) {
  const node = el("details", { class: "behind" }, el("summary", { text: "Table" }));
  const fill = () => node.open && scene() && renew(node, node.firstChild, table(...columns(scene()), { caption: "What is drawn" }));
  node.addEventListener("toggle", fill);
  return { node, fill };
}

// `gradient` is D's at the generated ones, of which the arrows are drawn, and `logits` what it says of each.
function columns({ kind, x, real, generated, gradient = [], logits = [] }) {
  const of = (name, text) => ({ name, right: true, text: (one) => number(text(one), 5) }), most = kind === "curves" ? 6 : 50;
  const groups = [["real", real], ["generated", generated]].map(([name, rows]) => rows.slice(0, most).map((row, n) => ({ name: `${name} ${n + 1}`, row })));
  if (kind !== "curves") {
    groups[1].forEach((one, n) => Object.assign(one, { pull: gradient[n], logit: logits[n] }));
    const axes = kind === "points" ? ["x", "y"] : ["value"];
    const judged = [...(gradient.length ? axes.map((name, at) => of(`D’s pull, ${name}`, (one) => one.pull?.[at])) : []), ...(logits.length ? [of("D’s logit", (one) => one.logit)] : [])];
    return [[{ name: "", text: (one) => one.name }, ...axes.map((name, at) => of(name, (one) => one.row[at])), ...judged], groups.flat()];
  }
  const pulls = gradient.slice(0, most).map((row, n) => ({ name: `D’s pull on ${n + 1}`, row }));
  return [[of("x", (at) => x[at]), ...[...groups.flat(), ...pulls].map(({ name, row }) => of(name, (at) => row[at]))], x.map((_, at) => at)];
}

// The range of what is shown; real curves count in full, generated ones within three times their range.
export function extent(rows, column) {
  let low = Infinity, high = -Infinity;
  for (const row of rows) for (const value of column === undefined ? row : [row[column]]) if (value !== null) { low = Math.min(low, value); high = Math.max(high, value); }
  return low <= high ? [low, high] : [-1, 1];
}

export function widened([low, high], share = 0.08) {
  const room = (high - low || Math.abs(high) || 1) * share;
  return [low - room, high + room];
}

export function ranges(scene) {
  if (scene.range) return scene.range;
  const dots = scene.kind === "points";
  const real = scene.real.length ? scene.real : scene.generated;
  const limits = (column) => {
    const [low, high] = extent(real, column), [l, h] = scene.generated.length ? extent(scene.generated, column) : [low, high], room = high - low || 1;
    return widened([Math.max(Math.min(low, l), low - room), Math.min(Math.max(high, h), high + room)]);
  };
  if (dots) return { x: limits(0), y: limits(1) };
  if (scene.kind === "numbers") return { x: limits(0), y: [-0.02, 1.02] };
  return { x: [scene.x[0], scene.x.at(-1)], y: limits() };
}

function paint(canvas, height, scene) {
  const dpr = devicePixelRatio, width = canvas.clientWidth;
  if (!width) return;
  canvas.width = width * dpr;
  canvas.height = height * dpr;
  const ctx = canvas.getContext("2d");
  ctx.scale(dpr, dpr);
  const range = ranges(scene), view = projection(range, width, height);
  if (scene.field) field(ctx, view, scene.field);
  axes(ctx, view, range, width, height, scene.titles ?? ["x", "y"]);
  ctx.save();
  ctx.beginPath();
  ctx.rect(EDGE.left, EDGE.top, width - EDGE.left - EDGE.right, height - EDGE.top - EDGE.bottom);
  ctx.clip();
  if (scene.kind === "points") points(ctx, view, scene);
  else if (scene.kind === "numbers") numbers(ctx, view, scene);
  else curves(ctx, view, scene);
  if (scene.pull) pulls(ctx, view, scene);
  ctx.restore();
}

function projection({ x, y }, width, height) {
  const w = width - EDGE.left - EDGE.right, h = height - EDGE.top - EDGE.bottom;
  return {
    x: (value) => EDGE.left + ((value - x[0]) / (x[1] - x[0])) * w,
    y: (value) => EDGE.top + h - ((value - y[0]) / (y[1] - y[0])) * h,
  };
}

export function ticks([low, high], most) {
  const rough = (high - low) / most, size = 10 ** Math.floor(Math.log10(rough)), step = [1, 2, 5, 10].map((n) => n * size).find((n) => n >= rough);
  const values = [];
  for (let value = Math.ceil(low / step) * step; value <= high + step * 1e-9; value += step) values.push(Math.abs(value) < step * 1e-9 ? 0 : value);
  return values;
}

function axes(ctx, view, range, width, height, titles) {
  ctx.font = "11px system-ui";
  ctx.strokeStyle = colour("line");
  ctx.fillStyle = colour("soft");
  ctx.lineWidth = 1;
  ctx.textAlign = "center";
  for (const tick of ticks(range.x, width / 90)) {
    rule(ctx, view.x(tick), EDGE.top, view.x(tick), height - EDGE.bottom);
    ctx.fillText(number(tick, 3), view.x(tick), height - 10);
  }
  ctx.textAlign = "right";
  for (const tick of ticks(range.y, height / 55)) {
    rule(ctx, EDGE.left, view.y(tick), width - EDGE.right, view.y(tick));
    ctx.fillText(number(tick, 3), EDGE.left - 6, view.y(tick) + 4);
  }
  ctx.fillText(titles[0], width - EDGE.right - 2, height - EDGE.bottom - 5);
  ctx.textAlign = "left";
  ctx.fillText(titles[1], EDGE.left + 5, EDGE.top + 12);
}

function rule(ctx, x0, y0, x1, y1) {
  ctx.beginPath();
  ctx.moveTo(Math.round(x0) + 0.5, Math.round(y0) + 0.5);
  ctx.lineTo(Math.round(x1) + 0.5, Math.round(y1) + 0.5);
  ctx.stroke();
}

function path(ctx, view, x, row) {
  ctx.beginPath();
  row.forEach((value, at) => value !== null && ctx.lineTo(view.x(x[at]), view.y(value)));
  ctx.stroke();
}

function curves(ctx, view, { x, real, generated, tones }) {
  ctx.lineJoin = "round";
  ctx.strokeStyle = colour("real");
  ctx.globalAlpha = real.length > 1 ? 0.35 : 1;
  ctx.lineWidth = real.length > 1 ? 1.5 : 4;
  real.forEach((row) => path(ctx, view, x, row));
  ctx.lineWidth = 1.4;
  ctx.globalAlpha = generated.length > 64 ? 0.35 : 0.75;
  ctx.strokeStyle = colour("fake");
  generated.forEach((row, at) => {
    if (tones) ctx.strokeStyle = tones[at];
    path(ctx, view, x, row);
  });
  ctx.globalAlpha = 1;
}

function points(ctx, view, { real, generated }) {
  const disc = ([x, y], size) => { ctx.beginPath(); ctx.arc(view.x(x), view.y(y), size, 0, 7); ctx.fill(); };
  ctx.globalAlpha = 0.4;
  ctx.fillStyle = colour("real");
  real.forEach((row) => disc(row, 1.8));
  ctx.globalAlpha = 0.85;
  ctx.fillStyle = colour("fake");
  generated.forEach((row) => disc(row, 2.2));
  ctx.globalAlpha = 1;
}

// Single numbers: the share of them below each, as a staircase.
function numbers(ctx, view, { real, generated }) {
  for (const [rows, name] of [[real, "real"], [generated, "fake"]]) {
    const sorted = rows.map(([value]) => value).sort((a, b) => a - b);
    ctx.strokeStyle = colour(name);
    ctx.lineWidth = 2;
    ctx.beginPath();
    sorted.forEach((value, at) => { ctx.lineTo(view.x(value), view.y(at / sorted.length)); ctx.lineTo(view.x(value), view.y((at + 1) / sorted.length)); });
    ctx.stroke();
  }
}

// What D says of a place: the blue of real curves where it believes them, the green of generated ones where it does not.
export function belief(share) {
  const [real, fake, paper] = ["real", "fake", "card"].map((name) => channels(colour(name)));
  const tint = share > 0.5 ? real : fake, weight = 0.75 * Math.min(1, Math.abs(share - 0.5) * 2) ** 0.8;
  return paper.map((value, at) => value + (tint[at] - value) * weight);
}

export function channels(hex) {
  const digits = hex.replace("#", "");
  return [0, 2, 4].map((at) => parseInt(digits.slice(at, at + 2), 16));
}

function field(ctx, view, { x, y, values }) {
  const rows = values.length, columns = values[0].length;
  const small = document.createElement("canvas");
  small.width = columns;
  small.height = rows;
  const pixels = new ImageData(columns, rows), table = Array.from({ length: 256 }, (_, at) => belief(at / 255));
  values.forEach((row, j) => row.forEach((logit, i) => {
    const [r, g, b] = table[Math.round(255 / (1 + Math.exp(-logit)))];
    pixels.data.set([r, g, b, 255], 4 * ((rows - 1 - j) * columns + i));
  }));
  small.getContext("2d").putImageData(pixels, 0, 0);
  ctx.imageSmoothingEnabled = true;
  const left = view.x(x[0]), right = view.x(x[1]), top = view.y(y[1]), bottom = view.y(y[0]);
  ctx.drawImage(small, left, top, right - left, bottom - top);
}

// Where D's gradient pulls: arrows from points of the plane, short strokes up and down from points of curves.
function pulls(ctx, view, { kind, x, generated, pull }) {
  ctx.strokeStyle = ctx.fillStyle = colour("dis");
  ctx.lineWidth = 1;
  ctx.globalAlpha = 0.8;
  generated.forEach((row, n) => {
    if (!pull[n]) return;
    if (kind === "points") arrow(ctx, view.x(row[0]), view.y(row[1]), view.x(row[0] + pull[n][0]), view.y(row[1] + pull[n][1]));
    else if (kind === "curves") row.forEach((value, at) => arrow(ctx, view.x(x[at]), view.y(value), view.x(x[at]), view.y(value + pull[n][at])));
  });
  ctx.globalAlpha = 1;
}

function arrow(ctx, x0, y0, x1, y1) {
  const length = Math.hypot(x1 - x0, y1 - y0);
  if (length < 1.5) return;
  const angle = Math.atan2(y1 - y0, x1 - x0), head = Math.min(5, length * 0.5);
  ctx.beginPath();
  ctx.moveTo(x0, y0);
  ctx.lineTo(x1, y1);
  for (const turn of [2.6, -2.6]) { ctx.moveTo(x1, y1); ctx.lineTo(x1 + head * Math.cos(angle + turn), y1 + head * Math.sin(angle + turn)); }
  ctx.stroke();
}

addEventListener("theme", () => bundles.forEach((one) => one.redraw()));
