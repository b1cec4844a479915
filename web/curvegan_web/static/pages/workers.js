// Who trains, what the doctor finds, and why each waiting job waits.
import { age, card, copyable, el, fetched, renew, replace, state, table, whole } from "./dom.js";
import { follow } from "./live.js";

const RANK = ["training", "idle", "starting", "failing", "lost", "stopped"];

export function workers(main, first) {
  let data = first;
  const live = el("div"), waiting = el("div"), found = el("div", {}, el("p", { class: "soft", text: "The doctor is trying everything …" }));
  const again = el("button", { type: "button", text: "Examine again", onclick: () => examine() });
  const examine = async () => {
    again.disabled = true;
    try { renew(found, findings((await fetched("/api/doctor")).findings)); } catch (error) { replace(found, el("p", { class: "problem", role: "alert", text: error.message })); }
    again.disabled = false;
  };
  const draw = () => { renew(live, machines(data)); renew(waiting, queue(data)); };
  replace(main, el("h1", { class: "hidden", text: "Workers" }), el("div", { class: "grid top" },
    card("Workers", live, { command: "curvegan workers", wide: true }),
    card("Why jobs wait", waiting, { command: "curvegan status --state queued", wide: true }),
    card("Doctor", found, { command: "curvegan doctor", more: again, wide: true })));
  draw();
  examine();
  setInterval(draw, 5000);
  follow("/live/workers/workers", (newer) => { data = newer; draw(); });
}

function machines(data) {
  const known = [...data.workers].sort((a, b) => RANK.indexOf(a.state) - RANK.indexOf(b.state));
  const there = known.filter((one) => one.state !== "stopped"), gone = known.filter((one) => one.state === "stopped");
  const columns = [
    { name: "Worker", class: "name", node: (one) => el("b", { text: one.label }) },
    { name: "State", node: (one) => [state(one.state), one.error ? el("div", { class: "why", text: one.error }) : null] },
    { name: "Trains", class: "trains", node: (one) => trains(one, data.jobs) },
    { name: "Devices", spare: true, text: (one) => one.devices.filter((device) => !["auto", "cuda"].includes(device)).join(" ") || "–" },
    { name: "Engines", spare: true, text: (one) => one.engines.join(" ") || "–" },
    { name: "Version", spare: true, class: "soft", text: (one) => one.version || "–" },
    { name: "Up", spare: true, right: true, text: (one) => (one.state === "stopped" ? "–" : age(one.started_at)) },
    { name: "Heard of", spare: true, right: true, text: (one) => `${age(one.beat_at)} ago` },
  ];
  return [
    there.length ? table(columns, there, { caption: "Workers" }) : el("div", { class: "nothing" }, el("p", { text: "No worker lives." }), copyable("curvegan worker")),
    gone.length ? el("details", { class: "behind" }, el("summary", { text: `${whole(gone.length)} stopped` }), table(columns, gone, { caption: "Stopped workers" })) : null,
  ];
}

function trains(worker, jobs) {
  const shown = worker.jobs.slice(0, 8).map((id) => {
    const job = jobs[id];
    return el("div", { class: "bar" }, el("a", { href: `/jobs/${id}` }, job?.name ? [`${id} `, job.name] : `job ${id}`), " ",
      job ? el("progress", { max: job.steps, value: job.step, "aria-label": `steps done by job ${id}` }) : null,
      job?.steps_per_second ? el("small", { text: `${whole(Math.round(job.steps_per_second))} steps/s` }) : null);
  });
  return shown.length ? [shown, worker.jobs.length > 8 ? el("small", { text: `and ${worker.jobs.length - 8} more` }) : null] : "–";
}

function queue({ waiting, waits }) {
  if (!waits) return el("p", { class: "soft", text: "No job waits." });
  const kinds = new Map();
  for (const job of waiting) kinds.set(job.meaning, (kinds.get(job.meaning) ?? 0) + 1);
  const columns = [
    { name: "Job", right: true, node: (job) => el("a", { href: `/jobs/${job.id}`, text: job.id }) },
    { name: "Name", class: "name", text: (job) => job.name ?? "" },
    { name: "State", spare: true, node: (job) => state(job.state) },
    { name: "Wants", spare: true, text: (job) => job.device },
    { name: "Why it waits", class: "reasons", node: (job) => [el("span", { text: job.text }), job.notes.map((note) => el("div", { class: "soft", text: note }))] },
    { name: "What to type", node: (job) => job.commands.slice(0, 2).map(copyable) },
    { name: "Age", spare: true, right: true, text: (job) => age(job.created) },
  ];
  return [
    el("div", { class: "chips" }, [...kinds].map(([meaning, count]) => el("span", { class: "chip" }, meaning, el("b", { text: whole(count) })))),
    table(columns, waiting, { caption: "Waiting jobs" }),
    el("div", { class: "foot" }, el("span", { text: `${whole(waiting.length)} of ${whole(waits)}` }), waits > waiting.length ? el("a", { class: "button", href: "/?state=queued", text: "All that wait" }) : null),
  ];
}

function findings(found) {
  const columns = [
    { name: "Tried", node: (one) => el("b", { text: one.check }) },
    { name: "Came of it", node: (one) => el("span", { class: `state ${one.level}` }, el("i", { "aria-hidden": "true" }), one.level) },
    { name: "What was found", class: "reasons", text: (one) => one.text },
    { name: "What to type", node: (one) => (one.command ? copyable(one.command) : "") },
  ];
  return table(columns, found, { caption: "Findings of the doctor" });
}
