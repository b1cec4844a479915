// One job: how it goes, what came of it, what happened to it.
import { bundle, key } from "./bundle.js";
import { lineChart } from "./charts.js";
import { card, copyable, duration, el, fetched, number, pairs, renew, replace, shown, state, svg, table, verdict, whole } from "./dom.js";
import { follow } from "./live.js";

// Events as the store calls them: what ends an attempt but well, and what else is worth a mark.
const BROKEN = { lost: "lost its worker", released: "given back", not_begun: "could not be begun", store_went_back: "the store went back", failed: "failed", cancelled: "cancelled" };
const FAULTS = { ...BROKEN, checkpoint_refused: "checkpoint refused", retried: "again from the start", resumed: "resumed", extended: "extended" };

export function job(main, first) {
  let data = first;
  if (first.error) return replace(main, el("p", { class: "problem", text: first.error }));
  const acts = el("div"), acting = document.documentElement.dataset.changes ? import("./acting.js").then((found) => found.acting(acts)) : null;
  const id = first.job.id, head = el("div", { class: "hero" });
  const plots = { losses: el("div"), answers: el("div"), metric: el("div"), curves: el("div") };
  const chosen = el("select", { "aria-label": "Metric", onchange: () => drawMetric() });
  const losses = lineChart(plots.losses, { series: [{ label: "G", colour: "gen" }, { label: "D", colour: "dis" }] });
  const answers = lineChart(plots.answers, { series: [{ label: "P(real) of real", colour: "real" }, { label: "of generated", colour: "fake" }], range: [0, 1] });
  let metric = null, drawnMetric = null;
  const picture = bundle(plots.curves, { height: 260 });
  const side = el("div", { class: "flow" });

  const drawMetric = () => {
    const name = chosen.value || "rmse";
    if (name !== drawnMetric) replace(plots.metric);
    if (name !== drawnMetric) metric = lineChart(plots.metric, { series: name === "rmse" ? [{ label: "rmse", colour: "ink" }, { label: "at snapshots", colour: "gen", dots: true, width: 0 }] : [{ label: name, colour: "gen", dots: true }], log: name === "rmse" });
    drawnMetric = name;
    const shots = data.snapshots, marks = faults(data);
    if (name !== "rmse") return metric.set([shots.map((one) => one.step), shots.map((one) => one.metrics[name] ?? null)], { marks });
    const joined = uPlot.join([[data.losses.steps, data.losses.rmse], [shots.map((one) => one.step), shots.map((one) => one.metrics.rmse ?? null)]]);
    metric.set(joined, { marks });
  };
  const draw = () => {
    renew(head, hero(data));
    acting?.then((show) => show(data.job));
    const { steps, g_loss, d_loss, d_real, d_fake } = data.losses, settled = data.equilibrium, marks = faults(data);
    losses.set([steps, g_loss, d_loss], { marks, lines: [{ y: settled.g_loss, label: "G settles", tone: "gen" }, { y: settled.d_loss, label: "D settles", tone: "dis" }] });
    answers.set([steps, d_real, d_fake], { marks, lines: [{ y: settled.p_real, label: "cannot tell" }] });
    const names = [...new Set(["rmse", ...data.snapshots.flatMap((one) => Object.keys(one.metrics))])];
    if (names.length !== chosen.options.length) replace(chosen, names.map((name) => el("option", { value: name, text: name, selected: name === (chosen.value || "rmse") })));
    drawMetric();
    if (data.curves) picture.set({ ...data.curves, generated: data.curves.generated.at(-1).curves });
    renew(side, ruling(data), about(data), history(data), log(data), config(data), downloads(data));
  };
  replace(main, head, acts,
    el("div", { class: "grid plots" },
      card("Curves", plots.curves, { more: key(), command: `curvegan fetch-plot ${id}` }),
      card("Losses", plots.losses, { command: `curvegan losses ${id}` }),
      card("Discriminator's answers", plots.answers, { command: `curvegan losses ${id}` }),
      card("Metric", plots.metric, { more: chosen, command: `curvegan metrics ${id}` })),
    side);
  draw();
  const live = ["queued", "running", "lost"].includes(first.job.state);
  if (live) follow(`/live/job/jobs/${id}?after=-1`, async (newer) => { data = newer.after > data.last ? await fetched(`/api/job/jobs/${id}`) : joined(data, newer); draw(); });
}

// What is newer behind what is known; all of it where a job began again.
export function joined(known, newer) {
  if (newer.after < 0 || newer.job.attempt !== known.job.attempt && newer.job.step < known.job.step) return newer;
  const kept = known.losses.steps.filter((step) => step <= newer.after).length;
  const losses = { every: newer.losses.every };
  for (const name of Object.keys(newer.losses)) if (Array.isArray(newer.losses[name])) losses[name] = [...known.losses[name].slice(0, kept), ...newer.losses[name]];
  const shots = [...known.snapshots.filter((one) => one.step <= newer.after), ...newer.snapshots];
  return { ...newer, losses, snapshots: shots, curves: newer.curves ?? known.curves };
}

function hero(data) {
  const { job } = data, done = job.step / job.steps;
  return [
    el("div", { class: "title" }, el("h1", {}, `Job ${job.id}`, job.name ? el("span", { text: job.name }) : null), state(job.state), job.verdict ? verdict(job.verdict) : null,
      job.tags.map((tag) => el("span", { class: "tag", text: tag })), el("a", { class: "button main", href: `/theatre?job=${job.id}`, text: "Open in the theatre" })),
    el("p", { class: "reason", text: data.reason.text }), ...data.reason.commands.map(copyable),
    el("div", { class: "figures" },
      figure("step", `${whole(job.step)}`, `of ${whole(job.steps)}`),
      figure("RMSE", number(data.rmse), data.best === null ? "" : `best ${number(data.best)}`),
      ...Object.entries(job.metrics).filter(([name, value]) => value !== null && ["hq", "modes", "spread", "equilibrium_gap"].includes(name)).map(([name, value]) => figure(name, number(value), "")),
      figure("speed", job.steps_per_second ? whole(Math.round(job.steps_per_second)) : "–", "steps/s"),
      figure("attempt", job.attempt, job.lost ? `${job.lost} lost` : "")),
    el("progress", { class: "long", max: 1, value: done, "aria-label": "steps done" }),
    el("p", { class: "soft", text: data.asked ? `Asked for ${data.asked}` : "Asked for the defaults" }),
  ];
}

function figure(name, value, remark) {
  return el("div", { class: "figure" }, el("small", { text: name }), el("b", { text: value }), el("small", { text: remark }));
}

// Faults on the axis of the steps, since the job was last begun anew: at the step where the next attempt began.
export function faults(data) {
  const events = data.events.slice(Math.max(0, data.events.findLastIndex((event) => event.kind === "retried")));
  const began = events.filter((event) => event.kind === "began");
  return events.filter((event) => FAULTS[event.kind] && !["failed", "cancelled"].includes(event.kind)).map((event) => {
    const next = began.find((one) => one.id > event.id), step = Number(/at step (\d+)/.exec(next?.detail ?? "")?.[1] ?? data.job.step);
    return { x: Math.max(step, data.losses.steps[0] ?? 0), label: FAULTS[event.kind], tone: BROKEN[event.kind] ? "bad" : "soft" };
  });
}

function about(data) {
  return card("What is known", pairs(data.facts.map(([name, text]) => [name, text.trim()])), { command: `curvegan show ${data.job.id}` });
}

// Rule after rule, up to the one that decided, with what each looked at.
function ruling({ job, rules }) {
  if (!rules) return el("span", { hidden: true }); // keeps the place
  const looked = (one) => el("li", { class: one.holds ? "kept" : "missed" }, el("b", { text: one.name }), ` ${number(one.value)}, ${one.wanted}: `, el("span", { text: `${one.holds ? "kept" : "missed"} by ${number(Math.abs(one.margin), 3)}` }));
  const rule = (one) => el("li", { class: one.decided ? "decided" : null }, verdict(one.name), one.decided ? el("span", { class: "soft", text: ` decided: ${one.meaning}` }) : el("span", { class: "soft", text: " does not hold" }),
    one.measures.length ? el("ul", {}, one.measures.map(looked)) : null);
  return card(`Verdict: ${job.verdict}`, el("ol", { class: "rules" }, rules.map(rule)), { command: `curvegan show ${job.id}` });
}

function history(data) {
  const columns = [{ name: "At", text: (event) => event.at.slice(11, 23) }, { name: "Try", right: true, text: (event) => String(event.attempt) }, { name: "Event", node: (event) => el("span", { class: FAULTS[event.kind] ? "fault" : null, text: event.kind.replaceAll("_", " ") }) }, { name: "Worker", text: (event) => event.worker ?? "" }, { name: "Detail", class: "asked", text: (event) => event.detail ?? "" }];
  const start = Date.parse(data.events[0]?.at), end = Date.parse(data.events.at(-1)?.at);
  return card("Attempts and faults", [timeline(data.events, start, end), table(columns, data.events, { caption: "History" })], { command: `curvegan events ${data.job.id}` });
}

// The time axis: an attempt is a bar, what ended one badly a mark, and the bar goes on behind it.
function timeline(events, start, end) {
  const span = Math.max(1, end - start);
  const left = (event) => 4 + (992 * (Date.parse(event.at) - start)) / span;
  const drawn = svg("svg", { viewBox: "0 0 1000 40", class: "timeline", role: "img", "aria-label": `Attempts over ${duration(span / 1000)}`, preserveAspectRatio: "none" });
  drawn.append(svg("rect", { x: 0, y: 19, width: 1000, height: 2, class: "axis" }));
  events.forEach((event, n) => {
    if (event.kind !== "began") return;
    const until = events.slice(n + 1).find((one) => one.kind === "succeeded" || BROKEN[one.kind]) ?? events.at(-1);
    drawn.append(svg("rect", { x: left(event), y: 13, width: Math.max(3, left(until) - left(event)), height: 14, rx: 3, class: "attempt" }));
  });
  events.filter((event) => FAULTS[event.kind]).forEach((event) => drawn.append(svg("rect", { x: left(event) - 2, y: 4, width: 4, height: 32, class: "fault" })));
  return el("figure", { class: "time" }, drawn, el("figcaption", { class: "soft", text: `${duration(span / 1000)} from ${events[0]?.kind ?? ""} to ${events.at(-1)?.kind ?? ""}` }));
}

function log(data) {
  return card("Log", el("pre", { class: "log", tabindex: "0", text: data.log.map((line) => `${line.at.slice(11, 23)}  ${line.text}`).join("\n") || "nothing was said yet" }), { command: `curvegan logs ${data.job.id}` });
}

function config(data) {
  const flat = Object.entries(data.job.config).flatMap(([name, value]) => (value && typeof value === "object" ? Object.entries(value).map(([key, inner]) => [`${name}.${key}`, inner]) : [[name, value]]));
  const changed = new Set(data.asked.split(" ").map((pair) => pair.split("=")[0]));
  const columns = [{ name: "Key", node: (pair) => el("code", { text: pair[0] }) }, { name: "Value", right: true, node: (pair) => el("span", { class: changed.has(pair[0]) ? "changed" : null, text: shown(pair[1]) }) }];
  return card("Config", el("details", { open: false }, el("summary", { text: `${flat.length} keys` }), table(columns, flat, { caption: "Config" })), { command: `curvegan submit --from ${data.job.id}` });
}

function downloads(data) {
  const { id } = data.job, link = (name, text) => el("li", {}, el("a", { href: `/files/jobs/${id}/${name}`, text, download: `job-${id}-${name}` }));
  const { parent, parent_step: step } = data.job;
  const lineage = [["forked from", parent ? el("a", { href: `/theatre?job=${parent}&step=${step}`, text: `job ${parent} at step ${whole(step)}` }) : "none"], ["sweep", data.job.sweep ? el("a", { href: `/sweeps/${data.job.sweep}`, text: `sweep ${data.job.sweep}` }) : "none"]];
  return card("Downloads and lineage", [
    el("ul", { class: "files" }, ["curve.png", "losses.png", "evolution.png", "losses.csv", "config.toml"].map((name) => link(name, name)), data.checkpoints.slice(0, 12).map((row) => link(`checkpoint-${row.step}.safetensors`, `checkpoint at step ${whole(row.step)}, ${whole(Math.round(row.size / 1000))} kB`))),
    pairs(lineage)], { command: `curvegan fetch-checkpoint ${id}` });
}
