// One file to share: a sweep, or any jobs, as one page that asks nobody. `curvegan.generate(id, z)` is for the console.
import { bundle } from "./bundle.js";
import { lineChart } from "./charts.js";
import { card, colour, el, number, pairs, replace, table, verdict, whole } from "./dom.js";
import { generator, latents, walk } from "./generator.js";

const TRAIL = 24;
const main = document.getElementById("main");
const data = JSON.parse(document.getElementById("data").textContent);
const generators = new Map(data.best.filter((one) => one.generator).map((one) => [one.id, generator(one.generator)]));
window.curvegan = Object.freeze({ data, generate: (id, z) => generators.get(id)(z) });

document.getElementById("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  dispatchEvent(new Event("theme"));
});

const row = (id) => data.jobs.find((job) => job.id === id);
const count = (things, name) => `${whole(things)} ${name}${things === 1 ? "" : "s"}`;

function hero() {
  return [
    el("div", { class: "title" }, el("h1", { text: data.title })),
    el("p", { class: "reason", text: `${count(data.jobs.length, "job")}, as of ${data.made}, told by curvegan ${data.version}` }),
    el("div", { class: "figures" }, Object.entries(data.verdicts).map(([word, jobs]) => el("div", { class: "figure" }, el("small", {}, verdict(word)), el("b", { text: whole(jobs) })))),
  ];
}

// The better the darker; the number stands in each cell.
function heat({ x, y, columns, rows, cells }) {
  const known = cells.flat().filter((value) => value !== null), low = Math.min(...known), high = Math.max(...known);
  const logarithmic = low > 0 && high > 10 * low, place = (value) => (logarithmic ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low || 1));
  const shade = (value) => { const cell = el("span", { text: number(value, 3) }); if (value !== null) { const share = data.smaller ? 1 - place(value) : place(value); cell.style.background = `color-mix(in srgb, var(--fake) ${Math.round(55 * share)}%, transparent)`; cell.style.padding = "2px 8px"; cell.style.borderRadius = "5px"; } return cell; };
  const heads = [{ name: `${y} \\ ${x}`, text: (line) => rows[line] }, ...columns.map((name, at) => ({ name, right: true, node: (line) => shade(cells[line][at]) }))];
  return table(heads, rows.map((_, at) => at), { caption: `Median ${data.metric} over ${x} and ${y}` });
}

function groups() {
  const said = (counts) => Object.entries(counts).map(([word, jobs]) => `${jobs} ${word}`).join(", ");
  return table([
    { name: "Point", class: "name", text: (one) => one.name }, { name: "Jobs", right: true, text: (one) => whole(one.jobs) },
    { name: `Median ${data.metric}`, right: true, text: (one) => number(one.median) }, { name: "Quartiles", right: true, text: (one) => `${number(one.q25)} to ${number(one.q75)}` },
    { name: "Verdicts", class: "asked", text: (one) => said(one.verdicts) },
  ], data.groups, { caption: "Points" });
}

function fans() {
  return data.fans.map((one) => {
    const host = el("div");
    const series = [{ label: "a quarter below", colour: "line" }, { label: "median", colour: "gen", width: 2 }, { label: "a quarter above", colour: "line" }];
    series.bands = [[3, 1]];
    lineChart(host, { series, log: true, height: 170, sync: "fans" }).set([one.steps, ...one.quartiles]);
    return card(one.name, host);
  });
}

function best(one) {
  const job = row(one.id), losses = el("div"), curves = el("div"), settled = one.equilibrium;
  lineChart(losses, { series: [{ label: "G", colour: "gen" }, { label: "D", colour: "dis" }], height: 170, sync: `job ${one.id}` })
    .set([one.losses.steps, one.losses.g_loss, one.losses.d_loss], { lines: [{ y: settled.g_loss, label: "G settles", tone: "gen" }, { y: settled.d_loss, label: "D settles", tone: "dis" }] });
  if (one.curves) bundle(curves, { height: 220, label: `Curves of job ${one.id}` }).set({ ...one.curves, generated: one.curves.generated.at(-1).curves });
  const title = [`Job ${one.id}`, job.name ? [", ", job.name] : "", `: ${data.metric} ${number(one.value)}`];
  const facts = el("details", { class: "behind" }, el("summary", { text: "What is known" }), pairs(one.facts));
  const config = el("details", { class: "behind" }, el("summary", { text: "Config" }), el("pre", { class: "log", text: one.config }));
  return card(title, [verdict(job.verdict), el("p", { class: "soft", text: job.asked || "the defaults" }), curves, losses, one.generator && one.curves ? latentWalk(one) : el("p", { class: "soft", text: "Its generator is not in this file." }), facts, config]);
}

// The walk is computed here: the slider goes round a circle of latents, and each place is a curve of the generator.
function latentWalk(one) {
  const host = el("div"), make = generators.get(one.id), picture = bundle(host, { height: 200, label: `Latent walk of job ${one.id}` });
  let seed = 1, playing = null;
  const slider = el("input", { class: "steps", type: "range", min: 0, max: 359, step: 1, value: 0, "aria-label": `Latent walk of job ${one.id}` });
  const draw = () => {
    const ends = [latents(one.generator, seed), latents(one.generator, seed + 1)], at = Number(slider.value);
    const places = one.curves.kind === "curves" ? Array.from({ length: TRAIL }, (_, n) => at - 3 * (TRAIL - 1 - n)) : Array.from({ length: 120 }, (_, n) => at - n);
    const tones = places.map((_, n) => (n === places.length - 1 ? colour("ink") : `${colour("fake")}${Math.round(200 * (n / places.length) + 20).toString(16).padStart(2, "0")}`));
    picture.set({ ...one.curves, generated: places.map((angle) => make(walk(one.generator, ends, angle / 360))), tones });
  };
  const step = () => { slider.value = (Number(slider.value) + 2) % 360; draw(); };
  const play = el("button", { type: "button", text: "Play", "aria-pressed": "false", onclick: () => {
    playing = playing ? clearInterval(playing) : setInterval(step, 40);
    play.textContent = playing ? "Pause" : "Play";
    play.setAttribute("aria-pressed", String(Boolean(playing)));
  } });
  slider.addEventListener("input", draw);
  addEventListener("theme", draw);
  draw();
  return el("div", {}, el("p", { class: "soft", text: `Latent walk, computed here from the generator of step ${whole(one.generator.step)}` }), host, slider, play, " ", el("button", { type: "button", text: "Other latents", onclick: () => { seed += 2; draw(); } }));
}

function jobs() {
  return table([
    { name: "ID", right: true, text: (job) => String(job.id) }, { name: "Name", class: "name", text: (job) => job.name ?? "" }, { name: "State", text: (job) => job.state },
    { name: "Verdict", node: (job) => verdict(job.verdict) }, { name: data.metric, right: true, text: (job) => number(job.value) }, { name: "Steps", right: true, text: (job) => whole(job.step) },
    { name: "Seed", right: true, text: (job) => job.seed }, { name: "Asked for", class: "asked", text: (job) => job.asked || "the defaults" },
  ], data.jobs, { caption: "All jobs" });
}

function again() {
  const forks = data.jobs.filter((job) => !job.command).length;
  const install = `pip install 'curvegan[worker]==${data.version}'`;
  const commands = el("details", { class: "behind" }, el("summary", { text: "A command for each job, with its engine and the hash of its config" }),
    table([{ name: "ID", right: true, text: (job) => String(job.id) }, { name: "Command", node: (job) => el("code", { text: job.command || "a fork: its start is in the store" }) }, { name: "Engine", text: (job) => job.engine || "–" }, { name: "Config", node: (job) => el("code", { text: job.hash.slice(0, 16), title: job.hash }) }], data.jobs, { caption: "Commands" }));
  const stored = table([{ name: "Job", right: true, text: (one) => String(one.id) }, { name: "Step", right: true, text: (one) => whole(one.checkpoint.step) }, { name: "SHA-256 of the checkpoint", node: (one) => el("code", { text: one.checkpoint.sha256 }) }], data.best.filter((one) => one.checkpoint), { caption: "Checkpoints" });
  return [
    el("p", { class: "soft", text: `The same config gives the same numbers, bit for bit, on the same kind of device and the same version of the engine.${data.jobs.some((job) => job.command.includes("--data")) ? " Data sets have to be there: curvegan data add." : ""}${forks ? ` Forks need the store: ${count(forks, "job")}.` : ""}` }),
    el("pre", { class: "log", text: [install, data.again || (data.jobs.length === 1 ? data.jobs[0].command : "")].filter(Boolean).join("\n") }), commands, stored];
}

replace(main, hero(),
  el("div", { class: "grid" },
    data.groups.length ? card("Summary", groups(), { wide: !data.heat }) : null,
    data.heat ? card(`Median ${data.metric}`, heat(data.heat)) : null),
  data.jobs.length > 1 && data.fans.length ? [el("h2", { class: "soft", text: "RMSE over the steps, median and quartiles" }), el("div", { class: "grid" }, fans())] : null,
  el("h2", { class: "soft", text: data.jobs.length > 1 ? "Best jobs" : "The job" }), el("div", { class: "grid" }, data.best.map(best)),
  el("div", { class: "grid" }, card("All jobs", jobs(), { wide: true }), card("Run it again", again(), { wide: true })));
document.documentElement.dataset.drawn = "true";
