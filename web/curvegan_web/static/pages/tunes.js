// The searches: what each searches for, and how far it is.
import { age, card, copyable, el, renew, replace, table, whole } from "./dom.js";
import { follow } from "./live.js";
import { varied } from "./sweeps.js";

export function tunes(main, first) {
  const body = el("div");
  const draw = (data) => renew(body, data.studies.length ? table(COLUMNS, data.studies, { caption: "Studies" }) : el("div", { class: "nothing" }, el("p", { text: "There is no search yet." }), copyable("curvegan tune --name rates --space lr=1e-5..1e-1 --space loss=ns,rpgan")));
  replace(main, el("h1", { class: "hidden", text: "Tune" }), card("Searches for good settings", body, { command: "curvegan tune --help" }));
  draw(first);
  follow("/live/tunes/tune", draw);
}

const link = (study, text, soft) => el("a", { href: `/tune/${study.id}`, class: soft ? "soft" : null, text });
const COLUMNS = [
  { name: "Study", right: true, node: (study) => link(study, study.id) },
  { name: "Name", class: "name", node: (study) => link(study, study.name ?? "no name", !study.name) },
  { name: "Searches", spare: true, class: "asked", text: (study) => varied(study.axes) },
  { name: "Jobs ended", class: "bar", node: (study) => [el("progress", { max: study.jobs, value: study.ended, "aria-label": "jobs that have ended" }), el("small", { text: `${whole(study.ended)} / ${whole(study.jobs)}` })] },
  { name: "Age", spare: true, right: true, text: (study) => age(study.created_at) },
];
