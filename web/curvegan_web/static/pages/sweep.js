// A sweep: each job as a cell and as a line, a metric over two axes, quartiles over the seeds, the best jobs.
import { bundle, key } from "./bundle.js";
import { lineChart } from "./charts.js";
import { card, copyable, el, fetched, number, quoted, renew, replace, table, verdict, whole } from "./dom.js";
import { heatmap } from "./heatmap.js";
import { follow } from "./live.js";
import { legend, mosaic, parts } from "./mosaic.js";
import { parallel } from "./parallel.js";
import { varied } from "./sweeps.js";

export function sweep(main, first) {
  const id = first.sweep.id, head = el("div"), heat = el("div"), tiles = el("div"), groups = el("div"), lines = el("div"), fan = el("div", { class: "panels small" }), best = el("div", { class: "panels even best" });
  const problem = el("p", { class: "problem", role: "alert" }), over = el("p", { class: "soft" });
  let data = first, drawnFan = null;
  const select = (name, label) => el("select", { "aria-label": label, onchange: (event) => go({ [name]: event.target.value }) });
  const metric = select("metric", "Metric"), x = select("x", "Across"), y = select("y", "Upwards");
  const filter = el("input", { type: "search", id: "where", spellcheck: "false", autocomplete: "off", placeholder: "loss=ns and rmse<0.1", value: first.shown?.where ?? "", onchange: () => go({ where: filter.value }) });
  const count = el("span", { class: "soft", role: "status" }), commands = Object.fromEntries(Object.keys(COMMANDS).map((name) => [name, el("span", { class: "command" })]));
  const drawn = parallel(lines, { onfilter: (where) => go({ where }) });
  const query = () => new URLSearchParams(location.search);
  const go = async (changes) => {
    const asked = query();
    for (const [name, value] of Object.entries(changes)) value ? asked.set(name, value) : asked.delete(name);
    history.pushState(null, "", `/sweeps/${id}${asked.size ? `?${asked}` : ""}`);
    await load();
  };
  const load = async () => {
    try { data = await fetched(`/api/sweep/sweeps/${id}?${query()}`); draw(); problem.textContent = ""; listen(); } catch (error) { problem.textContent = error.message; }
  };
  const listen = () => data.sweep.ended < data.sweep.jobs && follow(`/live/sweep/sweeps/${id}?${query()}`, (newer) => { data = newer; draw(); });
  const draw = () => {
    const { metric: chosen, where } = data.shown;
    renew(head, hero(data));
    if (document.activeElement !== filter) filter.value = where;
    count.textContent = data.matching === null ? "" : `${whole(data.matching)} of ${whole(data.sweep.jobs)} jobs`;
    for (const [name, host] of Object.entries(commands)) renew(host, copyable(COMMANDS[name](id, data.shown, where ? ` --where ${quoted(where)}` : "")));
    drawn.set({ axes: [...data.axes, chosen], rows: data.lines, where, kept: new Set(data.groups.flatMap((group) => group.jobs.map((job) => job.id))), smaller: data.smaller });
    options(metric, data.metrics, chosen);
    options(x, data.axes, data.shown.x);
    options(y, data.axes, data.shown.y);
    renew(heat, hot(data));
    renew(tiles, mosaic(data.groups, { metric: chosen }), legend(data.groups, id));
    renew(groups, table(SUMMARY(chosen), data.groups, { caption: `Quartiles of ${chosen}` }));
    const state = `${data.sweep.ended} ${chosen} ${where}`;
    if (state !== drawnFan) { drawnFan = state; drawFan(); }
  };
  const drawFan = async () => {
    try {
      const curves = await fetched(`/api/fan/sweeps/${id}?${new URLSearchParams({ metric: data.shown.metric, where: data.shown.where })}`);
      over.textContent = curves.problem ?? (curves.fans.length < curves.points ? `The best ${curves.fans.length} of ${curves.points} points` : "");
      panels(fan, curves.fans);
      winners(best, curves.best, data.shown.metric);
      document.documentElement.dataset.fans = String(curves.fans.length);
    } catch (error) { problem.textContent = error.message; }
  };
  addEventListener("popstate", load);
  replace(main, head, el("div", { class: "toolbar sticky" }, el("label", { htmlFor: "where", class: "filter" }, el("span", { text: "where" }), filter)), problem, el("div", { class: "grid halves" },
    card("Every job over all axes", lines, { more: [count, metric, commands.lines], wide: true }),
    card("Each job", tiles, { more: commands.jobs }),
    card("Heat map", heat, { more: [data.axes.length > 1 ? el("span", { class: "choices" }, x, y) : null, commands.heat] }),
    card("Best jobs", best, { more: [key(), commands.best], wide: true }),
    card("RMSE over the steps, median and quartiles of the seeds", [over, fan], { more: commands.fan, wide: true }),
    card("Summary", groups, { more: commands.summary, wide: true })));
  draw();
  listen();
}

// What is typed for what a card shows.
const COMMANDS = {
  lines: (id, _, where) => `curvegan export --sweep ${id}${where}`,
  jobs: (id, _, where) => `curvegan status --sweep ${id}${where}`,
  heat: (id, { metric, x, y }, where) => `curvegan plot --sweep ${id} --kind heatmap${x && y && x !== y ? ` --by ${x},${y}` : ""} --metric ${metric}${where}`,
  best: (id, { metric }, where) => `curvegan best --sweep ${id} --by ${metric}${where}`,
  fan: (id, { metric }, where) => `curvegan plot --sweep ${id} --kind fan --metric ${metric}${where}`,
  summary: (id, { metric }, where) => `curvegan summary --sweep ${id} --metric ${metric}${where}`,
};

function options(select, names, current) {
  renew(select, names.map((name) => el("option", { value: name, text: name })));
  select.value = current;
}

function hero({ sweep, left, verdicts }) {
  const right = verdicts.converged ?? 0, judged = Object.values(verdicts).reduce((sum, count) => sum + count, 0);
  return [
    el("div", { class: "title" }, el("h1", {}, `Sweep ${sweep.id}`, sweep.name ? el("span", { text: sweep.name }) : null), el("span", { class: "soft", text: varied(sweep.axes) }),
      el("a", { class: "button", href: `/?where=sweep%3D${sweep.id}`, text: "Its jobs" })),
    el("div", { class: "figures" },
      figure("jobs", whole(sweep.jobs), `${whole(sweep.ended)} ended`),
      figure("converged", judged ? `${Math.round((100 * right) / judged)} %` : "–", `${right} of ${judged} judged`),
      figure("left", left && sweep.ended < sweep.jobs ? left.replace(/^about /, "") : "–", ""),
      el("div", { class: "figure grow" }, el("small", { text: "states" }), parts(sweep.states, "States"), el("small", { text: Object.entries(sweep.states).filter(([, count]) => count).map(([word, count]) => `${count} ${word}`).join(", ") }))),
  ];
}

function figure(name, value, remark) {
  return el("div", { class: "figure" }, el("small", { text: name }), el("b", { text: value }), el("small", { text: remark }));
}

// Where jobs are seen: one on its own page, more in the table.
function leading(ids) {
  return ids.length === 1 ? `/jobs/${ids[0]}` : `/?where=${encodeURIComponent(`id in (${ids.slice(0, 100).join()})`)}`;
}

function hot({ heat, shown, smaller }) {
  if (!heat) return el("p", { class: "soft", text: "A heat map needs two keys that the sweep varies." });
  if (heat.problem) return el("p", { class: "soft", text: heat.problem });
  return [heatmap({ ...heat, x: shown.x, y: shown.y, metric: shown.metric, smaller, link: ({ jobs }) => leading(jobs) }), el("p", { class: "soft note", text: `Median ${shown.metric} of the jobs of a cell; the brighter the better. A cell leads to its jobs.` })];
}

// Pictures under their keys: one that is there is drawn anew in its place, with its zoom and its open table.
const kept = new WeakMap();

function pictured(host, items, key, make) {
  const known = kept.get(host) ?? new Map(), shown = new Map(items.map((item) => [key(item), known.get(key(item)) ?? make(item)]));
  kept.set(host, shown);
  const nodes = [...shown.values()].map(({ node }) => node);
  if (nodes.length !== host.children.length || nodes.some((node, at) => host.children[at] !== node)) replace(host, nodes);
  for (const item of items) shown.get(key(item)).set(item);
}

// All panels have one scale, so that heights can be compared.
let bounds = [1, 1];

function panels(host, fans) {
  const known = fans.flatMap((one) => one.quartiles.flat()).filter((value) => value > 0);
  bounds = [round(Math.min(...known)), Math.max(...known) * 1.2];
  pictured(host, fans, (one) => one.name, ({ name }) => {
    const node = el("figure", {}, el("figcaption", { text: name }));
    const series = [{ label: "a quarter below", colour: "line" }, { label: "median", colour: "real", width: 2 }, { label: "a quarter above", colour: "line" }];
    series.bands = [[3, 1]];
    const chart = lineChart(node, { series, log: true, range: () => bounds, height: 150, sync: "fan", legend: false });
    return { node, set: ({ steps, quartiles }) => chart.set([steps, ...quartiles]) };
  });
}

// The next of 1, 2, 5 and their decades below.
function round(value) {
  const decade = 10 ** Math.floor(Math.log10(value));
  return [5, 2, 1].map((step) => step * decade).find((low) => low <= value);
}

function winners(host, jobs, metric) {
  if (!jobs.length) return replace(host, el("p", { class: "soft", text: "No job is the best one yet." }));
  pictured(host, jobs, (job) => `${job.id} ${metric} ${Boolean(job.curves)}`, (job) => {
    const caption = el("figcaption"), node = el("figure", {}, caption), picture = job.curves ? bundle(node, { height: 170, label: `Curves of job ${job.id}` }) : null;
    node.append(el("a", { class: "button", href: `/theatre?job=${job.id}`, text: "Theatre", "aria-label": `Job ${job.id} in the theatre` }));
    return { node, set: ({ id, value, verdict: word, asked, curves }) => {
      renew(caption, el("a", { href: `/jobs/${id}`, text: `job ${id}` }), ` ${metric} `, el("b", { text: number(value) }), " ", verdict(word), el("div", { class: "soft", text: asked || "the defaults" }));
      picture?.set({ ...curves, generated: curves.generated.at(-1).curves });
    } };
  });
}

const SUMMARY = (metric) => [
  { name: "Point", class: "name", node: (group) => el("a", { href: leading(group.jobs.map((job) => job.id)), text: group.name || "all jobs" }) },
  { name: "Jobs", right: true, text: (group) => whole(group.jobs.length) },
  { name: metric, right: true, text: (group) => whole(group.count) },
  { name: "a quarter below", right: true, text: (group) => number(group.q25) },
  { name: "median", right: true, node: (group) => el("b", { text: number(group.median) }) },
  { name: "a quarter above", right: true, text: (group) => number(group.q75) },
  { name: "Verdicts", class: "wide-cell", node: (group) => parts(counted(group.jobs), "Verdicts") },
];

function counted(jobs) {
  const counts = {};
  for (const job of jobs) counts[job.verdict ?? job.state] = (counts[job.verdict ?? job.state] ?? 0) + 1;
  return counts;
}
