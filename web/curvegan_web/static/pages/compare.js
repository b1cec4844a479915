// Two to eight jobs: where they differ first, then what came of each, losses over each other, curves side by side.
import { bundle, key } from "./bundle.js";
import { lineChart } from "./charts.js";
import { card, copyable, el, number, quoted, renew, replace, state, table, verdict, whole } from "./dom.js";
import { follow } from "./live.js";

// Told apart by the colour-blind too, on white and on black.
const TONES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8c6bb1", "#7f8c99"];

export function compare(main, first) {
  if (!first.jobs.length) return choose(main, first);
  const ids = first.ids.join(), each = (verb) => first.ids.map((id) => `curvegan ${verb} ${id}`).join("; "), [differ, came, rmse, g, d, curves] = Array.from({ length: 6 }, () => el("div"));
  curves.className = "panels";
  const lanes = first.jobs.flatMap((job, at) => [...(job.parent_step ? [{ at, past: true }] : []), { at, past: false }]);
  const series = lanes.map(({ at, past }) => past ? { label: `${label(first.jobs[at])}, its past`, colour: "soft", width: 1.8 } : { label: label(first.jobs[at]), tone: TONES[at], width: 1.8 });
  const charts = { rmse: lineChart(rmse, { series, log: true, sync: "compare" }), g_loss: lineChart(g, { series, sync: "compare" }), d_loss: lineChart(d, { series, sync: "compare" }) };
  const pictures = first.jobs.map((job, at) => {
    const host = el("figure", {}, el("figcaption", {}, name(job, at), " ", el("a", { class: "soft", href: `/theatre?job=${job.id}`, text: "in the theatre" })));
    curves.append(host);
    return bundle(host, { height: 220, label: `Curves of job ${job.id}` });
  });
  const draw = (data) => {
    renew(differ, differing(data));
    renew(came, outcome(data));
    for (const [column, chart] of Object.entries(charts)) chart.set(uPlot.join(lanes.map(({ at, past }) => part(data.jobs[at], column, past))));
    data.jobs.forEach((job, at) => job.curves && pictures[at].set({ ...job.curves, generated: job.curves.generated.at(-1).curves }));
  };
  replace(main, el("div", { class: "title" }, el("h1", { text: "Compare" }), first.ids.length === 2 ? el("a", { class: "button", href: `/theatre?job=${first.ids[0]}&beside=${first.ids[1]}`, text: "Side by side in the theatre" }) : null, el("a", { class: "button", href: "/compare", text: "Others" })),
    el("div", { class: "grid halves" },
      card("Where they differ", differ, { command: `curvegan compare ${first.ids.join(" ")}`, wide: true }),
      card("Curves", curves, { more: key(), command: each("fetch-plot"), wide: true }),
      card("RMSE", rmse, { command: each("losses"), wide: true }), card("Loss of the generator", g, { command: each("losses") }), card("Loss of the discriminator", d, { command: each("losses") }),
      card("What came of them", came, { command: `curvegan export --where ${quoted(`id in (${ids})`)}`, wide: true })));
  draw(first);
  if (first.live) follow(`/live/compare/compare?jobs=${ids}`, draw);
}

// Of a fork what it shares with its parent is a line of its own, in grey.
function part(job, column, past) {
  const rows = job.losses.steps.map((_, at) => at).filter((at) => job.losses.steps[at] < (job.parent_step ?? 0) === past);
  return [rows.map((at) => job.losses.steps[at]), rows.map((at) => job.losses[column][at])];
}

const called = (job) => (job.name ? [`${job.id} `, job.name.slice(0, 36)] : [`job ${job.id}`]);
const label = (job) => called(job).join("");

function name(job, at) {
  const mark = el("i", { class: "mark", "aria-hidden": "true" });
  mark.style.background = TONES[at];
  return el("span", { class: "called" }, mark, el("a", { href: `/jobs/${job.id}` }, called(job)));
}

// A row is a fact, a column a job.
function turned(data, rows, caption) {
  const columns = [{ name: "", node: (row) => el("b", { title: row.title, text: row.name }) }, ...data.jobs.map((job, at) => ({ name: `job ${job.id}`, right: true, node: (row) => row.node(job, at) }))];
  return table(columns, rows, { caption });
}

function differing(data) {
  const keys = Object.entries(data.differing).map(([name, values]) => ({ name, node: (_, at) => el("span", { class: "changed", text: values[at] }) }));
  const facts = [{ name: "job", node: name }, { name: "state", node: (job) => state(job.state) }, { name: "verdict", node: (job) => verdict(job.verdict) }, { name: "step", node: (job) => whole(job.step) }, { name: "RMSE", node: (job) => number(job.rmse) }];
  return [keys.length ? null : el("p", { class: "soft", text: "Their configs are the same." }), turned(data, [facts[0], ...keys, ...facts.slice(1)], "Where they differ")];
}

function outcome(data) {
  if (!data.metrics.length) return el("p", { class: "soft", text: "None has ended yet." });
  const rows = data.metrics.map((one) => {
    const known = one.values.filter((value) => value !== null), best = one.larger === null ? NaN : one.larger ? Math.max(...known) : Math.min(...known);
    return { name: one.name, title: one.meaning, node: (_, at) => el(one.values[at] === best && known.length > 1 ? "b" : "span", { class: one.values[at] === best && known.length > 1 ? "best" : null, text: number(one.values[at]) }) };
  });
  return turned(data, rows, "Metrics");
}

// Without jobs: which ones?
function choose(main, data) {
  const picked = new Set(data.ids.map(Number)), link = el("a", { class: "button main", text: "Compare" });
  const say = () => { const ready = picked.size > 1 && picked.size < 9; ready ? (link.href = `/compare?jobs=${[...picked].sort((a, b) => a - b).join()}`) : link.removeAttribute("href"); link.textContent = ready ? `Compare ${picked.size} jobs` : "Choose two to eight"; };
  const boxes = data.choice.map((job) => el("label", { class: "chip" }, el("input", { type: "checkbox", checked: picked.has(job.id), onchange: (event) => { event.target.checked ? picked.add(job.id) : picked.delete(job.id); say(); } }), `${job.id} `, job.name.slice(0, 36)));
  say();
  replace(main, card("Which jobs?", data.choice.length > 1 ? [el("div", { class: "chips" }, boxes), el("div", { class: "foot" }, link)] : el("div", { class: "nothing" }, el("p", { text: "It takes two jobs." }), copyable("curvegan submit --lr 1e-4")), { command: "curvegan compare 1 2" }));
}
