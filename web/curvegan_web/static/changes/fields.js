// Fields of a config, made from what its schema says: each with its meaning, bounds, and what is wrong, bound to it.
import { el, replace } from "./dom.js";

const WORDS = { whole: "a whole number" };
let count = 0;

// spec: {name, kind, choices, meaning, bounds}. `change(name, text)` hears what is typed; an empty text takes it back.
export function field(spec, change, { short = false } = {}) {
  const id = `field-${(count += 1)}`, problem = el("p", { class: "problem", id: `${id}-problem`, role: "status" });
  const says = [spec.meaning, [WORDS[spec.kind], spec.bounds].filter(Boolean).join(" ")].filter(Boolean).join("; ");
  const meaning = el("small", { id: `${id}-meaning`, text: says, class: short ? "hidden" : null });
  const described = { id, "aria-describedby": `${id}-meaning ${id}-problem`, title: short ? says : null };
  const input = made(spec, described, (text) => change(spec.name, text));
  const back = el("button", { type: "button", class: "back", text: "↺", title: "Take it back", "aria-label": `Take ${spec.label ?? spec.name} back`, onclick: () => { change(spec.name, ""); input.focus(); } });
  const node = el("div", { class: `field ${spec.kind}`, "data-key": spec.name }, el("label", { htmlFor: id, text: spec.label ?? spec.name }), el("span", { class: "entry" }, input, back), meaning, problem);
  let base = "";
  // What it is without a word, what is typed, what it comes to, and what is wrong with that.
  const show = (without, typed, comes, wrong) => {
    base = without ?? "";
    const here = typed !== undefined && typed !== "";
    node.classList.toggle("typed", here);
    back.hidden = !here;
    replace(problem, wrong.map((text) => el("span", { text })));
    input.setAttribute("aria-invalid", String(wrong.length > 0));
    if (spec.kind === "switch") input.checked = (here ? typed : comes) === "true";
    else if (spec.kind === "choice") chosen(input, spec, here ? typed : comes ?? "");
    else { input.placeholder = comes ?? base; if (document.activeElement !== input || !here) input.value = here ? typed : document.activeElement === input ? input.value : ""; }
  };
  const picked = ["choice", "switch"].includes(spec.kind);
  input.addEventListener(picked ? "change" : "input", () => {
    const text = spec.kind === "switch" ? String(input.checked) : input.value;
    change(spec.name, picked && text === base ? "" : text);
  });
  return { node, input, show, spec };
}

function made(spec, described) {
  if (spec.kind === "switch") return el("input", { type: "checkbox", ...described });
  if (spec.kind === "choice") return el("select", described, spec.choices.map((one) => el("option", { value: one, text: one })));
  return el("input", { type: "text", spellcheck: "false", autocomplete: "off", inputmode: spec.kind === "text" ? null : "decimal", ...described });
}

// A value that is none of the choices, such as a family that comes with a data set, is shown for as long as it is there.
function chosen(select, spec, value) {
  const own = [...select.options].find((option) => !spec.choices.includes(option.value));
  if (own && own.value !== value) own.remove();
  if (!spec.choices.includes(value) && own?.value !== value) select.prepend(el("option", { value, text: value }));
  select.value = value;
}

// Sends a change; what is refused is an error with the server's own sentence.
export async function posted(path, said) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(said) });
  const text = await answer.text();
  let told = null;
  try { told = JSON.parse(text); } catch { /* a refusal of the doors is a line of text */ }
  if (!answer.ok) throw new Error(told?.error ?? (text.trim() || answer.statusText));
  return told;
}

// Asks once typing rests, and drops answers that are late.
export function later(ask, wait = 120) {
  let timer = 0, newest = 0;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(() => ask((newest += 1), (one) => one === newest), wait);
  };
}

// The problems by field, and those that no field has.
export function placed(problems, fields) {
  const by = new Map();
  for (const { field: name, text } of problems) by.set(fields.has(name) ? name : "", [...(by.get(fields.has(name) ? name : "") ?? []), text]);
  return by;
}
