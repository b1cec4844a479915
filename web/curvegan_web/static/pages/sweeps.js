// The newest sweeps, with how their jobs stand and what came of them.
import { age, card, copyable, el, renew, replace, table, whole } from "./dom.js";
import { follow } from "./live.js";
import { parts } from "./mosaic.js";

export function sweeps(main, first) {
  const body = el("div");
  const draw = (data) => renew(body, data.sweeps.length ? table(COLUMNS, data.sweeps, { caption: "Sweeps" }) : el("div", { class: "nothing" }, el("p", { text: "There is no sweep yet." }), copyable("curvegan sweep --grid lr=1e-4,1e-3 --seeds 4")));
  replace(main, card("Sweeps", body, { command: "curvegan sweep --help" }));
  draw(first);
  follow(`/live/sweeps/sweeps${location.search}`, draw);
}

const COLUMNS = [
  { name: "Sweep", right: true, node: (sweep) => el("a", { href: `/sweeps/${sweep.id}`, text: sweep.id }) },
  { name: "Name", class: "name", node: (sweep) => el("a", { href: `/sweeps/${sweep.id}`, class: sweep.name ? null : "soft", text: sweep.name ?? "no name" }) },
  { name: "Varies", spare: true, class: "asked", text: (sweep) => varied(sweep.axes) },
  { name: "Ended", class: "bar", node: (sweep) => [el("progress", { max: sweep.jobs, value: sweep.ended, "aria-label": "jobs that have ended" }), el("small", { text: `${whole(sweep.ended)} / ${whole(sweep.jobs)}` })] },
  { name: "States", spare: true, class: "wide-cell", node: (sweep) => parts(sweep.states, "States") },
  { name: "Verdicts", class: "wide-cell", node: (sweep) => parts(sweep.verdicts, "Verdicts") },
  { name: "Age", spare: true, right: true, text: (sweep) => age(sweep.created_at) },
];

export function varied(axes) {
  return Object.entries(axes).map(([key, values]) => `${key}: ${Array.isArray(values) ? several(values) : option(values)}`).join(";  ");
}

function several(values) {
  return values.length > 6 ? `${values.slice(0, 5).map(option).join(", ")}, … (${values.length})` : values.map(option).join(", ");
}

// A value, or a range of a search.
function option(value) {
  return value && typeof value === "object" ? `${value.low} to ${value.high}` : String(value);
}
