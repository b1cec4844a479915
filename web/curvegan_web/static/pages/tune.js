// A search: where it stands, the best so far over its trials, the value against each axis, all trials.
import { card, el, number, quoted, renew, replace, shown, state, table, whole } from "./dom.js";
import { follow } from "./live.js";
import { scatter } from "./scatter.js";

export function tune(main, first) {
  const id = first.study.id, several = first.metrics.length > 1, head = el("div"), course = el("div"), both = el("div"), rungs = el("div"), axes = el("div", { class: "panels fill" }), trials = el("div"), by = el("select", { "aria-label": "Metric", onchange: () => draw(data) });
  const called = first.study.name ?? String(id), again = first.study.name ? `curvegan tune --name ${quoted(called)}` : null, status = `curvegan tune --status ${quoted(called)}`;
  const pictures = { course: scatter(course), both: scatter(both), rungs: scatter(rungs) };
  const against = Object.keys(first.space).map((key) => {
    const host = el("figure", {}, el("figcaption", {}, el("b", { text: key }), el("span", { class: "soft", text: ` ${first.space[key]}` })));
    axes.append(host);
    return [key, scatter(host, { height: 190 })];
  });
  let data = first;
  const draw = (newer) => {
    data = newer;
    const names = data.metrics.map(({ name }) => name), metric = data.metrics.find(({ name }) => name === by.value) ?? data.metrics[0] ?? { name: "value", larger: false };
    renew(by, names.map((name) => el("option", { value: name, text: name })));
    by.value = metric.name;
    by.hidden = !several;
    const known = judged(data, metric), best = new Set(several ? data.front : known.slice(-1).map((one) => one.best.trial.trial));
    const points = (x) => known.map(({ trial, value }) => point(trial, x(trial), value, metric, best.has(trial.trial)));
    renew(head, hero(data, metric, known.at(-1)));
    pictures.course.set({ x: { name: "trial" }, y: metric, points: points((trial) => trial.trial), steps: known.map(({ trial, best: at }) => [trial.trial, at.value]) });
    if (several) pictures.both.set(traded(data));
    if (data.how.halving) pictures.rungs.set({ x: { name: "steps" }, y: metric, points: points((trial) => trial.steps) });
    for (const [key, picture] of against) picture.set({ x: { name: key }, y: metric, points: points((trial) => trial[key]) });
    renew(trials, table(columns(data, best), ranked(data, metric), { caption: "Trials, the best first" }));
  };
  replace(main, head, el("div", { class: "grid halves" },
    card("Best so far", course, { more: by, command: status, wide: true }),
    several ? card(`Front of ${first.metrics.slice(0, 2).map(({ name }) => name).join(" and ")}`, both, { command: status, wide: !first.how.halving }) : null,
    first.how.halving ? card("How far each was let go", rungs, { command: status, wide: !several }) : null,
    card("Against each axis", axes, { command: `curvegan summary --sweep ${id}`, wide: true }),
    card("Trials", trials, { command: again ?? status, wide: true })));
  draw(first);
  if (first.trials.length < first.planned || first.study.ended < first.study.jobs) follow(`/live/tune/tune/${id}`, draw);
}

// The first two metrics over each other: none is better than one of the front by one of them and as good by the other.
// With rungs those that were let go the farthest are compared.
function traded({ trials, front, metrics: [x, y] }) {
  const farthest = Math.max(...trials.map((trial) => trial.steps ?? 0));
  const known = trials.filter((trial) => typeof trial[x.name] === "number" && typeof trial[y.name] === "number" && (trial.steps ?? 0) === farthest), best = known.filter((trial) => front.includes(trial.trial));
  const steps = best.map((trial) => [trial[x.name], trial[y.name]]).sort(([a], [b]) => (x.larger ? b - a : a - b));
  return { x, y, steps, points: known.map((trial) => point(trial, trial[x.name], trial[y.name], y, best.includes(trial))) };
}

const better = (metric, a, b) => (metric.larger ? a > b : a < b);
const point = (trial, x, y, metric, main) => ({ x, y, main, href: `/jobs/${String(trial.jobs).split(",")[0]}`, label: `trial ${trial.trial}: ${metric.name} ${number(y)}` });

// Trials that have a value, in their order, each with the best up to it; of trials that are trained on only in part none is the best.
function judged({ trials, space }, metric) {
  const longest = Math.max(...trials.map((trial) => trial.steps ?? 0));
  let best = null;
  return trials.filter((trial) => typeof trial[metric.name] === "number").map((trial) => {
    const value = trial[metric.name], whole = "steps" in space || (trial.steps ?? 0) === longest;
    if (!best || (whole && (best.part || better(metric, value, best.value)))) best = { trial, value, part: !whole };
    return { trial, value, best };
  });
}

function ranked({ trials }, { name, larger }) {
  const badness = (trial) => (typeof trial[name] === "number" ? trial[name] * (larger ? -1 : 1) : Infinity);
  return [...trials].sort((a, b) => badness(a) - badness(b) || a.trial - b.trial);
}

function hero({ study, trials, planned, how, space, front, metrics }, metric, newest) {
  const ended = trials.filter((trial) => ["done", "failed"].includes(trial.state)).length, best = newest?.best;
  const figure = (name, value, remark) => el("div", { class: "figure" }, el("small", { text: name }), el("b", { text: value }), el("small", { text: remark }));
  return [
    el("div", { class: "title" }, el("h1", {}, `Study ${study.id}`, study.name ? el("span", { text: study.name }) : null), el("a", { class: "button", href: `/sweeps/${study.id}`, text: "As a sweep" })),
    el("div", { class: "figures" },
      figure("trials", whole(ended), `of ${whole(planned)}`),
      figure(`best ${metric.name}`, best ? number(best.value) : "–", best ? `trial ${best.trial.trial}` : ""),
      best ? Object.keys(space).map((key) => figure(key, shown(typeof best.trial[key] === "number" ? Number(number(best.trial[key])) : best.trial[key]), "")) : null,
      front.length && metrics.length > 1 ? figure("front", whole(front.length), `of ${metrics.map(({ name }) => name).join(", ")}`) : null,
      how.halving ? figure("rungs", whole(how.halving), "the best third trains on") : null,
      figure("sampler", how.sampler, how.batch ? `${how.batch} at a time` : "as workers are free")),
    el("progress", { class: "long", max: planned, value: ended, "aria-label": "trials that have ended" }),
  ];
}

function columns({ trials }, best) {
  const cell = { jobs: (ids) => String(ids).split(",").map((id, n) => [n ? ", " : "", el("a", { href: `/jobs/${id}`, text: id })]), state: (word) => state(word) };
  return Object.keys(trials[0] ?? { trial: 0 }).map((name) => ({ name, right: !cell[name], class: "called", node: (trial) => (cell[name] ? cell[name](trial[name]) : el(best.has(trial.trial) ? "b" : "span", { text: typeof trial[name] === "number" && name !== "trial" ? number(trial[name]) : shown(trial[name]) })) }));
}
