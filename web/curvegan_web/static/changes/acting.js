// What can be done to a job: a button each, and below them its fields, the command that does the same, what is refused.
import { copyable, el, fetched, quoted, replace } from "./dom.js";
import { field, later, placed, posted } from "./fields.js";

const LIVE = ["queued", "running", "lost"];
const FORCE = { name: "force", kind: "switch", meaning: "take it from its worker at once: what was not stored yet is lost", bounds: "" };
const VERBS = {
  cancel: { text: "Cancel", when: (job) => LIVE.includes(job.state), about: "A queued job is stopped at once, a running one within seconds, after its checkpoint is stored.", fields: (job) => [{ name: "reason", kind: "text", meaning: "kept with the job", bounds: "" }, ...(job.state === "queued" ? [] : [FORCE])] },
  resume: { text: "Resume", when: (job) => ["failed", "cancelled"].includes(job.state), about: "It goes on from its last checkpoint; its results are kept.", fields: () => [] },
  retry: { text: "Retry", when: (job) => !LIVE.includes(job.state), about: "It runs again from the start. Its results so far are deleted.", fields: () => [] },
  extend: { text: "Extend", when: (job) => job.state === "succeeded", about: "It is trained further; its results are kept.", fields: (job) => [{ name: "steps", kind: "whole", meaning: "how many steps in total", bounds: `above ${job.step}` }] },
};

// The buttons of the page of a job; call what is returned with the job as it is now.
export function acting(host) {
  const buttons = el("div", { class: "row acts", role: "group", "aria-label": "What can be done to it" }), panel = el("div");
  let drawn = "", newest = null;
  host.append(buttons, panel);
  return (job) => {
    newest = job;
    const now = `${job.state} ${job.step > 0}`;
    if (now === drawn) return;
    drawn = now;
    replace(panel);
    const verbs = Object.entries(VERBS).filter(([, verb]) => verb.when(job)).map(([name, verb]) => opening(verb.text, panel, () => asking(name, verb, job)));
    replace(buttons, verbs, job.step ? opening("Fork", panel, () => forking(job, () => newest.step, (done) => location.assign(`/jobs/${done.job}`))) : null,
      el("a", { class: "button", href: `/submit?from=${job.id}`, text: "Submit one like it" }));
  };
}

// Above the picture of a job on the stage: a fork at the step of the slider, asked for below it.
export function forkHere(stage, job) {
  const controls = document.querySelector(".controls"), panel = document.querySelector(".forking") ?? el("div", { class: "forking" }), at = () => Math.min(job.step, Number(document.documentElement.dataset.step ?? job.step));
  const done = (told) => [el("a", { class: "button", href: `/jobs/${told.job}`, text: `Job ${told.job}` }), el("a", { class: "button main", href: `/theatre?job=${job.id}&beside=${told.job}&step=${at()}`, text: "Side by side" })];
  stage.querySelector(".card-head").append(opening("Fork here", panel, () => forking(job, at, done)));
  controls.after(panel);
}

function opening(text, panel, made) {
  const button = el("button", { type: "button", class: "opens", text, "aria-expanded": "false" });
  button.addEventListener("click", () => {
    const open = button.getAttribute("aria-expanded") === "true";
    for (const other of document.querySelectorAll(".opens")) other.setAttribute("aria-expanded", "false");
    button.setAttribute("aria-expanded", String(!open));
    replace(panel, open ? null : made());
    if (!open) panel.querySelector("input, select, .main")?.focus();
  });
  return button;
}

function asking(name, verb, job) {
  const typed = new Map(), command = el("div", { class: "command" }), problem = el("p", { class: "problem", role: "alert" });
  const fields = verb.fields(job).map((spec) => field(spec, (key, text) => { text && text !== "false" ? typed.set(key, text) : typed.delete(key); show(); }));
  const words = () => [`curvegan ${name} ${job.id}`, ...[...typed].map(([key, text]) => (key === "force" ? "--force" : `--${key} ${quoted(text)}`))].join(" ");
  const show = (wrong = []) => { fields.forEach((one) => one.show(one.spec.name === "steps" ? String(2 * job.steps) : "", typed.get(one.spec.name), one.spec.name === "steps" ? String(2 * job.steps) : "", wrong)); replace(command, copyable(words())); };
  const act = async () => {
    const said = Object.fromEntries([...typed].map(([key, text]) => [key, key === "force" ? "yes" : text]));
    await posted(`/changes/jobs/${job.id}/${name}`, said);
    location.reload();
  };
  if (name === "extend") typed.set("steps", String(2 * job.steps));
  show();
  // A refusal stands beside the one field there is, else below the command.
  return framed(verb.about, [el("div", { class: "fields" }, fields.map((one) => one.node)), command, problem], `${verb.text} job ${job.id}`, act, (text) => { if (fields.length === 1) show([text]); else problem.textContent = text; });
}

function framed(about, body, text, act, refused) {
  const send = el("button", { type: "submit", class: "main", text });
  const submitted = async (event) => {
    event.preventDefault();
    send.disabled = true;
    try { await act(); } catch (error) { refused(error.message); }
    send.disabled = false;
  };
  return el("form", { class: "panel", novalidate: true, onsubmit: submitted, "aria-label": text }, about ? el("p", { class: "soft about", text: about }) : null, body, el("div", { class: "row" }, send));
}

// A fork: keys are added one by one, and each says what it is in the job that is forked.
function forking(job, at, finished) {
  const typed = new Map(), fields = new Map(), rows = el("div", { class: "fields" }), command = el("div", { class: "command" });
  const takes = el("p", { class: "takes" }), general = el("p", { class: "problem", role: "alert" }), told = el("div", { class: "row done", role: "status" });
  const choice = el("select", { "aria-label": "A key to change", onchange: () => { add(choice.value); choice.value = ""; } }, el("option", { value: "", text: "another key …" }));
  let plan = null, known = new Map();
  const change = (name, text) => { text ? typed.set(name, text) : typed.delete(name); show(); ask(); };
  const query = () => new URLSearchParams([...typed, ["at", String(at())]]);
  const ask = later(async (mine, newest) => {
    try {
      const next = await fetched(`/api/plan/jobs/${job.id}?${query()}`);
      if (newest(mine)) { plan = next; general.textContent = ""; show(); }
    } catch (error) { if (newest(mine)) general.textContent = error.message; }
  });
  const add = (key, focus = true) => {
    const spec = known.get(key);
    if (!spec || fields.has(`key.${key}`)) return;
    const one = field({ ...spec, label: key, name: `key.${key}` }, change, { short: true });
    fields.set(`key.${key}`, one);
    rows.insertBefore(one.node, name.node);
    [...choice.options].find((option) => option.value === key).disabled = true;
    if (focus) one.input.focus();
    show();
  };
  const show = () => {
    if (!plan) return;
    // A fork that has nothing left to do is told so where more steps can be given.
    if (plan.problems.some((one) => one.field === "steps") && !fields.has("key.steps") && known.has("steps")) return add("steps", false);
    const wrong = placed(plan.problems.map((one) => ({ ...one, field: ["name", "tags", "at"].includes(one.field) ? one.field : `key.${one.field}` })), fields);
    for (const [name, one] of fields) { const key = name.replace("key.", ""); one.show(plan.base[key], typed.get(name), plan.values[key] ?? "", wrong.get(name) ?? []); }
    replace(general, (wrong.get("") ?? []).map((text) => el("span", { text })));
    replace(command, copyable(plan.command));
    takes.textContent = plan.time ? `${plan.time[0].toUpperCase()}${plan.time.slice(1)}.` : "";
    send.textContent = `Fork job ${job.id} at step ${at()}`;
  };
  const act = async () => {
    if (plan?.problems.length) return [...fields.values()].find((one) => one.input.getAttribute("aria-invalid") === "true")?.input.focus();
    const done = await posted(`/changes/jobs/${job.id}/fork`, Object.fromEntries(query()));
    replace(told, el("span", { text: done.text }), done.remarks.map((text) => el("span", { class: "soft", text })), finished(done));
  };
  const form = framed(`The new job has the bits of job ${job.id} up to the step, and from there its own config.`, [rows, command, takes, general, told], "Fork", act, (text) => { general.textContent = text; });
  const send = form.querySelector("[type=submit]"), name = field({ name: "name", kind: "text", meaning: "a name to know the new job by", bounds: "" }, change, { short: true });
  fields.set("name", name);
  rows.append(name.node, el("div", { class: "field" }, choice));
  new MutationObserver((_, observer) => (form.isConnected ? (show(), ask()) : observer.disconnect())).observe(document.documentElement, { attributeFilter: ["data-step"] });
  fetched("/api/fields").then(({ groups }) => {
    known = new Map(groups.flatMap((group) => group.fields).filter((spec) => !spec.fixed).map((spec) => [spec.name, spec]));
    for (const key of known.keys()) choice.append(el("option", { value: key, text: key }));
    for (const key of ["loss", "lr"]) add(key, form.contains(document.activeElement));
    ask();
  });
  return form;
}
