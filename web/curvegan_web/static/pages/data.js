// What can be learned: the families and your own sets, drawn, with what was trained on each.
import { bundle } from "./bundle.js";
import { card, copyable, el, fetched, quoted, replace, shown, whole } from "./dom.js";
import { parts } from "./mosaic.js";

export function data(main, found) {
  const panels = (items, make) => el("div", { class: "panels even" }, items.map(make));
  const own = found.sets.length ? panels(found.sets, dataset) : el("div", { class: "nothing" }, el("p", { text: "You have brought no curves yet." }), copyable("curvegan data add FILE --name NAME"));
  replace(main, el("h1", { class: "hidden", text: "Data and curves" }), el("div", { class: "grid top" },
    card("Your own", own, { command: "curvegan data list", wide: true, more: found.of > found.sets.length ? el("span", { class: "soft", text: `the newest ${found.sets.length} of ${found.of}` }) : null }),
    card("Families", panels(found.families, kind), { command: "curvegan curves", wide: true })));
  told();
}

// What was trained takes a look at all jobs: it comes when it is known.
async function told() {
  const trained = await fetched("/api/trained");
  for (const host of document.querySelectorAll("[data-trained]")) {
    const [where, name] = [host.dataset.where, host.dataset.trained], counts = (where === "data" ? trained.sets : trained.families)[host.dataset.counted] ?? {};
    const all = Object.values(counts).reduce((sum, count) => sum + count, 0);
    replace(host, all ? [parts(counts, "Verdicts"), el("a", { href: `/?where=${encodeURIComponent(`${where}=${/^\w+$/.test(name) ? name : `"${name}"`}`)}`, text: `${whole(all)} ${all === 1 ? "job" : "jobs"}` }), el("small", { text: Object.entries(counts).map(([word, count]) => `${count} ${word}`).join(", ") })] : el("small", { text: "nothing was trained on it yet" }));
  }
  document.documentElement.dataset.trained = "true";
}

function panel(title, about, scene, where, name, command, counted) {
  const host = el("figure", {}, el("figcaption", {}, el("b", { text: title }), el("div", { class: "soft", text: about })));
  bundle(host, { height: 150, label: title }).set({ ...scene, generated: [] });
  host.append(el("div", { class: "trained", "data-trained": name, "data-where": where, "data-counted": counted }), copyable(command));
  return host;
}

function kind(one) {
  const parameters = Object.entries(one.parameters).map(([name, value]) => `${name} ${shown(value)}`).join(", ");
  return panel(one.name, [one.about, one.modes ? `${one.modes} modes.` : "", parameters ? `Parameters: ${parameters}.` : ""].filter(Boolean).join(" "), one.curves, "curve", one.name, `curvegan submit --curve ${one.name}`, one.name);
}

function dataset(one) {
  return panel(one.name, [one.names.length > 1 ? `Also called ${one.names.slice(1).join(", ")}.` : "", `${whole(one.rows)} curves of ${whole(one.points)} points, ${one.hash}`].join(" "), one.curves, "data", one.name, `curvegan submit --data ${quoted(one.name)}`, one.hash);
}
