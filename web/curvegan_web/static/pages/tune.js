// A search: where it stands, the best so far over its trials, the value against each axis, all trials.
import { card, copyable, el, number, pairs, quoted, replace, shown, state, table, whole } from "./dom.js";
import { follow } from "./live.js";
import { scatter } from "./scatter.js";

export function tune(main, first) {
  const id = first.study.id, head = el("div"), course = el("div"), axes = el("div", { class: "panels fill" }), trials = el("div"), by = el("select", { "aria-label": "Metric", onchange: () => draw(data) });
  const called = first.study.name ?? String(id), again = first.study.name ? `curvegan tune --name ${quoted(called)}` : null;
  let data = first;
  const draw = (newer) => {
    data = newer;
    if (by.options.length !== data.metrics.length) replace(by, data.metrics.map(({ name }) => el("option", { value: name, text: name })));
    by.hidden = data.metrics.length < 2;
    const metric = data.metrics.find(({ name }) => name === by.value) ?? { name: "value", larger: false }, known = judged(data, metric);
    replace(head, hero(data, metric, known.at(-1)));
    replace(course, scatter({ x: { name: "trial" }, y: metric, points: known.map(({ trial, value }) => point(trial, trial.trial, value, metric)), steps: known.map(({ trial, best }) => [trial.trial, best.value]) }));
    replace(axes, Object.keys(data.space).map((key) => el("figure", {}, el("figcaption", {}, el("b", { text: key }), el("span", { class: "soft", text: ` ${data.space[key]}` })), scatter({ x: { name: key }, y: metric, height: 170, points: known.map(({ trial, value, best }) => point(trial, trial[key], value, metric, trial === known.at(-1).best.trial)) }))));
    replace(trials, table(columns(data, known.at(-1)?.best.trial), ranked(data, metric), { caption: "Trials, the best first" }));
  };
  replace(main, head, el("div", { class: "grid halves" },
    card("Best so far", course, { more: by, command: `curvegan tune --status ${quoted(called)}`, wide: true }),
    card("Against each axis", axes, { command: `curvegan summary --sweep ${id}`, wide: true }),
    card("Trials", trials, { command: again, wide: true })));
  draw(first);
  if (first.trials.length < first.planned || first.study.ended < first.study.jobs) follow(`/live/tune/tune/${id}`, draw);
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
  const place = (trial) => (typeof trial[name] === "number" ? trial[name] * (larger ? -1 : 1) : Infinity);
  return [...trials].sort((a, b) => place(a) - place(b) || a.trial - b.trial);
}

function hero({ study, trials, planned, how, space }, metric, newest) {
  const ended = trials.filter((trial) => ["done", "failed"].includes(trial.state)).length, best = newest?.best;
  const figure = (name, value, remark) => el("div", { class: "figure" }, el("small", { text: name }), el("b", { text: value }), el("small", { text: remark }));
  return [
    el("div", { class: "title" }, el("h1", {}, `Study ${study.id}`, study.name ? el("span", { text: study.name }) : null), el("a", { class: "button", href: `/sweeps/${study.id}`, text: "As a sweep" })),
    el("div", { class: "figures" },
      figure("trials", whole(ended), `of ${whole(planned)}`),
      figure(`best ${metric.name}`, best ? number(best.value) : "–", best ? `trial ${best.trial.trial}` : ""),
      best ? Object.keys(space).map((key) => figure(key, shown(typeof best.trial[key] === "number" ? Number(number(best.trial[key])) : best.trial[key]), "")) : null,
      figure("sampler", how.sampler, how.batch ? `${how.batch} at a time` : "as workers are free")),
    el("progress", { class: "long", max: planned, value: ended, "aria-label": "trials that have ended" }),
  ];
}

function columns({ trials }, best) {
  const cell = { jobs: (ids) => String(ids).split(",").map((id, n) => [n ? ", " : "", el("a", { href: `/jobs/${id}`, text: id })]), state: (word) => state(word) };
  return Object.keys(trials[0] ?? { trial: 0 }).map((name) => ({ name, right: !cell[name], class: "called", node: (trial) => (cell[name] ? cell[name](trial[name]) : el(trial === best ? "b" : "span", { text: typeof trial[name] === "number" && name !== "trial" ? number(trial[name]) : shown(trial[name]) })) }));
}
