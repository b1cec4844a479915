// The form of a job: what is typed, the command that says the same, what is wrong and where, how long it takes.
import { bundle } from "./bundle.js";
import { card, copyable, el, fetched, replace } from "./dom.js";
import { field, later, placed, posted } from "./fields.js";

const BESIDE = [
  { name: "name", kind: "text", meaning: "a name to know it by", bounds: "" },
  { name: "tags", kind: "text", meaning: "words to find it by, with commas between them", bounds: "" },
  { name: "priority", kind: "whole", meaning: "high goes first", bounds: "from -1000 to 1000" },
];
const START = { name: "from", label: "job", kind: "text", meaning: "a job whose config to start from: 17, last or a name", bounds: "" };

export function submit(main, data) {
  const typed = new Map(Object.entries(data.asked)), fields = new Map();
  let plan = data.plan, family = null;
  const change = (name, text) => { text ? typed.set(name, text) : typed.delete(name); show(); ask(); };
  const keyed = (specs, options) => specs.map((spec) => made({ ...spec, label: spec.name, name: `key.${spec.name}` }, options));
  const made = (spec, options) => { const one = field(spec, change, options); fields.set(spec.name, one); return one.node; };

  const presets = el("div", { class: "chips", role: "group", "aria-label": "Presets", "aria-describedby": "purpose preset-problem" }, data.presets.map((one) =>
    el("button", { type: "button", class: "chip", "data-preset": one.name, text: one.name, title: one.purpose, onclick: () => change("preset", typed.get("preset") === one.name ? "" : one.name) })));
  const purpose = el("p", { class: "soft purpose", id: "purpose" });
  const sets = el("select", { id: "data", "aria-describedby": "data-problem", onchange: () => { drop("key.curve"); change("data", sets.value); } }, el("option", { value: "", text: "none" }), data.sets.map((name) => el("option", { value: name, text: name })));
  const problems = { preset: el("p", { class: "problem", id: "preset-problem", role: "status" }), data: el("p", { class: "problem", id: "data-problem", role: "status" }) };
  const own = el("div", { class: "field" }, el("label", { htmlFor: "data", text: "your own curves" }), sets, el("small", { text: "a data set to learn, in place of a family" }), problems.data);
  const parameters = el("div", { class: "fields parameters" });
  const drop = (start) => { for (const name of [...typed.keys()]) if (name.startsWith(start)) typed.delete(name); };

  const [usual, ...others] = data.groups;
  const [curve, ...rest] = usual.fields;
  const meaning = el("p", { class: "soft about" });
  const groups = others.map((group) => {
    const count = el("span", { class: "count" });
    const node = el("details", { class: "card group" }, el("summary", {}, el("h2", { text: group.title }), count, el("small", { text: group.fields.map((one) => one.name).join(", ") })), el("div", { class: "fields" }, keyed(group.fields)));
    return { node, count, names: group.fields.map((one) => `key.${one.name}`) };
  });
  const finder = el("input", { type: "search", id: "find", placeholder: "learning, r1, seed …", autocomplete: "off", spellcheck: "false", oninput: () => narrow(finder.value.trim().toLowerCase()) });
  finder.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
  const narrow = (words) => {
    for (const one of fields.values()) one.node.hidden = !!words && !`${one.spec.name.replace("key.", "")} ${one.spec.meaning}`.toLowerCase().includes(words);
    for (const group of groups) { const some = group.names.some((name) => !fields.get(name).node.hidden); group.node.hidden = !some; if (words) group.node.open = some; }
  };

  const sketch = el("div"), picture = bundle(sketch, { height: 190, label: "What is to be learned" });
  const title = el("h2", { text: "What is to be learned" });
  const command = el("div", { class: "command" }), takes = el("p", { class: "takes" }), remarks = el("div"), general = el("p", { class: "problem", role: "alert" });
  const told = el("p", { class: "done", role: "status" });
  const worker = el("input", { type: "checkbox", id: "worker", onchange: () => change("worker", worker.checked ? "" : "no") });
  const send = el("button", { type: "submit", class: "main send", text: "Submit" });
  const summary = el("div", { class: "wrong", "aria-live": "polite" });

  const query = () => new URLSearchParams([...typed].filter(([, text]) => text));
  const ask = later(async (mine, newest) => {
    history.replaceState(null, "", `/submit${typed.size ? `?${query()}` : ""}`);
    try {
      const next = await fetched(`/api/plan?${query()}`);
      if (newest(mine)) { plan = next; general.textContent = ""; show(); }
    } catch (error) { if (newest(mine)) general.textContent = error.message; }
  });
  const wrongs = () => placed(plan.problems.map((one) => ({ ...one, field: ["preset", "data"].includes(one.field) || BESIDE.some((b) => b.name === one.field) || one.field === "from" ? one.field : `key.${one.field}` })), new Map([...fields, ["preset"], ["data"]]));
  const show = () => {
    const wrong = wrongs();
    grow(plan.values.curve);
    for (const [name, one] of fields) {
      const key = name.replace("key.", ""), isKey = name !== key;
      one.show(isKey ? plan.base[key] : "", typed.get(name), isKey ? plan.values[key] ?? "" : "", wrong.get(name) ?? []);
    }
    for (const name of ["preset", "data"]) replace(problems[name], (wrong.get(name) ?? []).map((text) => el("span", { text })));
    for (const button of presets.children) button.setAttribute("aria-pressed", String(button.dataset.preset === typed.get("preset")));
    purpose.textContent = data.presets.find((one) => one.name === typed.get("preset"))?.purpose ?? "the defaults, or a preset: keys worth starting from";
    sets.value = typed.get("data") ?? "";
    fields.get("key.curve").input.disabled = !!typed.get("data");
    worker.checked = typed.get("worker") !== "no";
    for (const group of groups) { const some = group.names.filter((name) => typed.has(name) || wrong.has(name)); group.count.textContent = some.length ? `${some.length} set` : ""; if (some.some((name) => wrong.has(name))) group.node.open = true; }
    replace(command, copyable(plan.command));
    takes.textContent = plan.time ? `${plan.time[0].toUpperCase()}${plan.time.slice(1)}; ${plan.engine}.` : "";
    replace(remarks, (plan.remarks ?? []).map((text) => el("p", { class: "note soft", text })));
    const places = [...wrong.keys()];
    replace(summary, places.length ? [el("span", { text: `${places.length === 1 ? "One thing is" : `${places.length} things are`} to be mended: ` }), places.map((name) => el("button", { type: "button", class: "chip", text: name.replace("key.", "") || "below", onclick: () => goTo(name) })), (wrong.get("") ?? []).map((text) => el("p", { class: "problem", text }))] : null);
    if (plan.scene) { picture.set({ ...plan.scene, titles: ["x", "y"], generated: [] }); title.textContent = typed.get("data") || plan.values.curve; }
    document.documentElement.dataset.command = plan.command;
  };
  // The parameters of the family that is chosen.
  const grow = (name) => {
    if (name === family) return;
    const focused = document.activeElement;
    for (const key of [...fields.keys()]) if (key.startsWith("key.curve.")) fields.delete(key);
    family = name;
    const known = data.families[name] ?? { about: "", fields: [] };
    meaning.textContent = known.about;
    replace(parameters, keyed(known.fields));
    if (document.contains(focused)) focused.focus();
  };
  const goTo = (name) => {
    const there = fields.get(name)?.input ?? (name === "data" ? sets : presets.firstElementChild);
    const group = there.closest("details");
    if (group) group.open = true;
    there.scrollIntoView({ block: "center" });
    there.focus({ preventScroll: true });
  };
  const submitted = async (event) => {
    event.preventDefault();
    const [first] = wrongs().keys();
    if (first !== undefined) return goTo(first);
    if (send.disabled) return; // it is on its way
    send.disabled = true;
    try {
      const done = await posted("/changes/submit", Object.fromEntries(query()));
      if (!done.remarks.length) return location.assign(`/jobs/${done.job}`);
      replace(told, el("a", { href: `/jobs/${done.job}`, text: done.text }), done.remarks.map((text) => el("span", { class: "note soft", text })));
    } catch (error) { general.textContent = error.message; }
    send.disabled = false;
  };

  const chosenCurve = made({ ...curve, label: "curve", name: "key.curve" });
  fields.get("key.curve").input.addEventListener("change", () => { drop("key.curve."); });
  const form = el("form", { class: "submit", onsubmit: submitted, "aria-label": "A job to submit", novalidate: true },
    el("div", { class: "asked" },
      card("Start from", [presets, purpose, problems.preset, el("div", { class: "fields" }, made(START), own)], { command: "curvegan config > job.toml" }),
      card(usual.title, [el("div", { class: "fields" }, chosenCurve, keyed(rest)), el("div", { class: "family" }, meaning, parameters)], { more: el("label", { class: "filter find", htmlFor: "find" }, el("span", { text: "find a key" }), finder) }),
      groups.map((group) => group.node),
      card("What it is called", el("div", { class: "fields" }, BESIDE.map((spec) => made(spec))))),
    el("aside", { "aria-label": "What comes of it" },
      el("section", { class: "card sketch" }, el("div", { class: "card-head" }, title, el("span", { class: "key" }, el("i", { class: "real" }), "real")), sketch),
      el("section", { class: "card sending", "aria-label": "The command, and how long it takes" }, el("h2", { text: "The same as a command" }), command, takes, remarks, summary, general, told,
        el("div", { class: "row" }, send, el("label", { class: "soft check", htmlFor: "worker" }, worker, "start a worker where none lives")))));
  addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    if (event.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(event.target.tagName)) { event.preventDefault(); finder.focus(); }
  });
  replace(main, el("h1", { class: "hidden", text: "Submit a job" }), form);
  show();
}
