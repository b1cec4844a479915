// A training at any step, replayed exactly on the server; two of them side by side are locked to one step.
import { bundle, key } from "./bundle.js";
import { lineChart } from "./charts.js";
import { card, colour, copyable, el, renew, replace, state, table, verdict, whole } from "./dom.js";
import { follow, unfollow } from "./live.js";

const LIVE = ["queued", "running", "lost"];
const SPEEDS = [1, 2, 5, 10, 25, 50, 100, 250];

export function theatre(main, data) {
  let last = Math.max(0, ...data.jobs.map((job) => job.step));
  const live = () => data.jobs.some((job) => LIVE.includes(job.state));
  const asked = new URLSearchParams(location.search);
  let step = Math.min(last, Number(asked.get("step") ?? last)), half = 0, playing = false, walk = false, flight = null, slow = null;
  // At the end of what is still training the picture goes on with it, until somebody moves the slider.
  let tail = live() && step === last;
  const slider = el("input", { type: "range", min: 0, max: last, step: 1, value: step, class: "steps", "aria-label": "Step", oninput: () => moved(Number(slider.value)) });
  const shown = el("input", { type: "number", min: 0, max: last, value: step, "aria-label": "Step", onchange: () => moved(Number(shown.value)) });
  const of = el("span", { class: "soft" });
  const following = el("button", { type: "button", class: "live", text: "Live", title: "Show the newest step as it comes", onclick: () => { if (!tail) return moved(last); tail = false; bounds(); } });
  const speed = el("select", { "aria-label": "Steps a frame" }, SPEEDS.map((one) => el("option", { value: one, text: one === 1 ? "1 step a frame" : `${one} steps a frame`, selected: one === 25 })));
  const play = el("button", { type: "button", class: "main", text: "▶ Play", onclick: () => (playing ? stop() : begin()) });
  const button = (text, title, onclick) => el("button", { type: "button", text, title, "aria-label": title, onclick });
  const walking = el("button", { type: "button", text: "Latent walk", "aria-pressed": "false", onclick: () => { walk = !walk; walking.setAttribute("aria-pressed", String(walk)); go(step, half); } });
  const halves = data.jobs.every((job) => job.stage.halves);
  const stages = data.jobs.map((job) => stage(job));
  if (document.documentElement.dataset.changes) import("./acting.js").then(({ forkHere }) => data.jobs.forEach((job, at) => forkHere(stages[at].node, job)));
  const problem = el("p", { class: "problem", role: "alert" });

  const stop = () => { playing = false; play.textContent = "▶ Play"; };
  const moved = (to, between = 0) => {
    stop();
    tail = live() && to >= last;
    return go(to, between);
  };
  const bounds = () => {
    slider.max = shown.max = last;
    of.textContent = `of ${whole(last)}`;
    following.hidden = !live();
    following.setAttribute("aria-pressed", String(tail));
  };
  const begin = async () => {
    playing = true;
    tail = false;
    play.textContent = "❚❚ Pause";
    if (step >= last) step = -Number(speed.value);
    while (playing && step < last) {
      const started = performance.now();
      await go(Math.min(last, step + Number(speed.value)));
      await new Promise((done) => setTimeout(done, Math.max(0, 33 - (performance.now() - started))));
    }
    stop();
  };
  const arrived = () => { slow?.forEach(clearTimeout); slow = null; };
  // One flight at a time: who drags the slider sees the newest place, and what he left is given up.
  const go = async (to, between = 0) => {
    step = Math.max(0, Math.min(last, to));
    half = between && step < last ? 1 : 0;
    bounds();
    slider.value = shown.value = step;
    flight?.abort();
    const mine = (flight = new AbortController());
    slow ??= [[200, "Replaying …"], [3000, "Replaying … The first replay on a machine compiles the engine's kernel, 10 to 30 s"]].map(([wait, text]) => setTimeout(() => stages.forEach((one) => one.say(text)), wait));
    try {
      const started = performance.now();
      const frames = await Promise.all(data.jobs.map((job) => frame(job, Math.min(step, job.step), half && step < job.step, walk, mine.signal)));
      if (mine.signal.aborted) return;
      arrived();
      problem.textContent = "";
      frames.forEach((one, at) => stages[at].draw(one));
      document.documentElement.dataset.step = String(step);
      document.documentElement.dataset.took = String(Math.round(performance.now() - started));
      history.replaceState(null, "", `/theatre?${new URLSearchParams({ ...Object.fromEntries(new URLSearchParams(location.search)), step })}`);
    } catch (error) {
      if (mine.signal.aborted) return;
      arrived();
      stop();
      stages.forEach((one) => one.say("This step was not replayed."));
      problem.textContent = error.message;
    }
  };
  const forward = () => (halves && !half ? moved(step, 1) : moved(step + 1));
  const grown = (newer) => {
    newer.jobs.forEach((job, at) => stages[at].renew(Object.assign(data.jobs[at], job)));
    last = Math.max(0, ...data.jobs.map((job) => job.step));
    if (tail || step > last) go(last);
    else bounds();
    if (!live()) unfollow();
  };
  addEventListener("keydown", (event) => {
    if (/INPUT|SELECT|TEXTAREA/.test(event.target.tagName) && event.target !== slider) return;
    if (event.key === " " && event.target.tagName !== "BUTTON") { event.preventDefault(); play.click(); }
    if (event.target === slider) return;
    if (event.key === "ArrowRight") moved(step + (event.shiftKey ? 100 : 1));
    if (event.key === "ArrowLeft") moved(step - (event.shiftKey ? 100 : 1));
    if (event.key === ".") forward();
  });
  const choose = (name, current, none) => el("select", { "aria-label": name, onchange: (event) => {
    const query = new URLSearchParams(location.search);
    event.target.value ? query.set(name, event.target.value) : query.delete(name);
    if (!query.get("job") && data.jobs[0]) query.set("job", data.jobs[0].id);
    location.search = query;
  } }, none ? el("option", { value: "", text: none }) : null, data.choice.map((job) => el("option", { value: job.id, selected: job.id === current }, `${job.id} `, job.name.slice(0, 44))));
  const controls = el("section", { class: "card controls", "aria-label": "Controls" },
    el("div", { class: "row" }, play, button("|‹", "To the start", () => moved(0)), button("‹", "A step back", () => moved(step - 1)),
      halves ? button("D · G ›", "A single update: first of D, then of G", forward) : null, button("›", "A step on", () => moved(step + 1)), button("›|", "To the end", () => moved(last)),
      speed, el("label", { class: "stepbox" }, "step", shown, of), walking, following,
      el("span", { class: "push" }, choose("job", data.jobs[0]?.id), choose("beside", data.jobs[1]?.id, "one job alone"))),
    slider, problem);
  replace(main, el("h1", { class: "hidden", text: "Theatre" }), data.jobs.length ? [controls, el("div", { class: `stages n${stages.length}` }, stages.map((one) => one.node))] : el("section", { class: "card nothing" }, el("p", { text: "No job has trained yet." }), copyable("curvegan submit --lr 1e-4")));
  if (data.jobs.length) go(step);
  if (live()) follow(`/live/theatre/theatre?${data.jobs.map((job, at) => `${at ? "beside" : "job"}=${job.id}`).join("&")}`, grown);
}

async function frame(job, step, half, walk, signal) {
  const answer = await fetch(`/frames/${job.id}?step=${step}&half=${half ? 1 : 0}&walk=${walk ? 1 : 0}`, { signal });
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error);
  return data;
}

// One job: its curves, D's view, who is where, and the losses with the place of the slider.
function stage(job) {
  const set = job.stage, curves = el("div"), view = el("div"), plot = el("div"), share = el("div");
  const exact = el("span", { class: "exact", role: "status", text: "Replaying …" }), height = Math.max(330, Math.min(640, innerHeight - 440));
  const picture = bundle(curves, { height }), plane = set.plane && set.kind === "curves" ? bundle(view, { height: height - 30, label: "What the discriminator thinks of curves" }) : null;
  const chart = lineChart(plot, { series: [{ label: "G", colour: "gen" }, { label: "D", colour: "dis" }], height: 150, lines: [{ y: job.equilibrium.g_loss, label: "G settles", tone: "gen" }, { y: job.equilibrium.d_loss, label: "D settles", tone: "dis" }], sync: `theatre${job.id}` });
  const shares = set.modes ? occupancy(share, job) : null;
  let range = null;
  const head = el("div", { class: "title" });
  const told = () => {
    chart.set([job.losses.steps, job.losses.g_loss, job.losses.d_loss]);
    renew(head, el("h2", {}, el("a", { href: `/jobs/${job.id}`, text: `Job ${job.id}` }), " ", job.name ?? ""), state(job.state), job.verdict ? verdict(job.verdict) : null, el("span", { class: "soft", text: `${job.loss}, seed ${job.seed}` }));
  };
  told();
  const legend = el("span", { class: "key" }, key(), el("i", { class: "dis" }), "D’s pull");
  const node = el("div", { class: "stage" },
    el("section", { class: "card" }, head, exact, el("div", { class: "card-head" }, el("h2", { text: set.kind === "points" ? "Points, over what D thinks of each place" : "Curves, and D’s pull on every point" }), legend, scale(set), copyable(`curvegan animate ${job.id}`)), curves),
    plane ? card(`D’s view along ${set.plane.names[0]} and ${set.plane.names[1]}`, view, { more: scale({ kind: "points", plane: true }), command: `curvegan fetch-checkpoint ${job.id}` }) : null,
    shares ? card("Share of each mode over the steps", share, { command: `curvegan metrics ${job.id}` }) : null,
    card("Losses", plot, { command: `curvegan losses ${job.id}` }));
  const draw = (one) => {
    const scene = { kind: set.kind, x: set.x, titles: set.titles, real: set.real, generated: one.walk ?? one.generated };
    if (set.kind === "points" && set.plane) { scene.field = { x: set.plane.x, y: set.plane.y, values: one.field }; scene.range = { x: set.plane.x, y: set.plane.y }; }
    if (one.walk) scene.tones = one.walk.map((_, at) => `hsl(${(360 * at) / one.walk.length} 70% 50%)`);
    else if (one.pull) Object.assign(scene, { gradient: one.pull, logits: one.logits, pull: scaled(one.pull, set.kind === "points" ? set.plane.x : spanned(set.real)) });
    if (set.kind !== "points") { range = wide(range, scene); scene.range = range; }
    picture.set(scene);
    plane?.set({ kind: "points", titles: set.plane.names, real: set.plane.real, generated: one.placed, logits: one.logits, range: { x: set.plane.x, y: set.plane.y }, field: { x: set.plane.x, y: set.plane.y, values: one.field } });
    chart.mark(one.step);
    shares?.(one);
    const { held, differ, stored } = one.exact;
    exact.className = `exact ${differ ? "bad" : held ? "good" : ""}`;
    exact.textContent = differ ? `Replay differs from the stored records at ${whole(differ)} of ${whole(held)} steps` : held ? `Replay equals the stored losses to the last bit: ${whole(held)} of ${whole(stored)} records held so far` : "State at hand: no record was replayed yet";
    if (one.half) exact.textContent += ` · between updates: D has moved, G not yet`;
  };
  const say = (text) => { exact.className = "exact"; exact.textContent = text; };
  return { node, draw, renew: told, say };
}

// Arrows as long as can be seen: the longest is a tenth of the picture.
function scaled(pull, [low, high]) {
  const most = Math.max(1e-9, ...pull.flat().map(Math.abs)), factor = (0.1 * (high - low)) / most;
  return pull.map((row) => row.map((value) => value * factor));
}

function spanned(rows) {
  const values = rows.flat();
  return [Math.min(...values), Math.max(...values)];
}

function wide(range, scene) {
  const [low, high] = spanned(scene.real.length ? scene.real : scene.generated), room = (high - low || 1) * 0.35;
  return range ?? { x: scene.kind === "numbers" ? [low - room, high + room] : [scene.x[0], scene.x.at(-1)], y: scene.kind === "numbers" ? [-0.02, 1.02] : [low - room, high + room] };
}

function scale(set) {
  return set.plane && set.kind === "points" ? el("div", { class: "belief soft" }, el("span", { text: "D: generated" }), el("i", { "aria-hidden": "true" }), el("span", { text: "real" })) : null;
}

// Stacked shares at the snapshots, and the share now as bars at the right.
function occupancy(host, job) {
  const canvas = el("canvas", { class: "bundle", role: "img", "aria-label": "Share of generated curves near each mode, over the steps" }), words = el("p", { class: "soft" });
  canvas.style.height = "110px";
  const behind = el("details", { class: "behind" }, el("summary", { text: "Table" }));
  behind.addEventListener("toggle", () => behind.open && renew(behind, behind.firstChild, table([{ name: "step", right: true, text: ([step]) => whole(step) }, ...Array.from({ length: job.stage.modes }, (_, mode) => ({ name: `mode ${mode + 1}`, right: true, text: ([, shares]) => `${Math.round(100 * shares[mode])} %` }))], job.occupancy, { caption: "Share of each mode" })));
  host.append(canvas, words, behind);
  const tone = (mode, of) => `hsl(${(mode * 360) / of + 200} 62% 55%)`;
  const paint = (now) => {
    const width = canvas.clientWidth, height = 110, dpr = devicePixelRatio, ctx = canvas.getContext("2d");
    if (!width) return;
    canvas.width = width * dpr;
    canvas.height = height * dpr;
    ctx.scale(dpr, dpr);
    const room = width - 70, at = (step) => 44 + ((room - 44) * step) / Math.max(1, job.steps), of = job.stage.modes;
    let below = job.occupancy.map(() => 0);
    for (let mode = 0; mode < of; mode++) {
      const above = job.occupancy.map(([, shares], n) => below[n] + shares[mode]);
      ctx.fillStyle = tone(mode, of);
      ctx.beginPath();
      job.occupancy.forEach(([step], n) => ctx.lineTo(at(step), height - 4 - (height - 8) * above[n]));
      [...job.occupancy].reverse().forEach(([step], n) => ctx.lineTo(at(step), height - 4 - (height - 8) * below[job.occupancy.length - 1 - n]));
      ctx.fill();
      below = above;
    }
    let low = 0;
    now.occupancy.forEach((part, mode) => { ctx.fillStyle = tone(mode, of); ctx.fillRect(width - 50, height - 4 - (height - 8) * (low + part), 40, (height - 8) * part); low += part; });
    ctx.fillStyle = colour("ink");
    ctx.font = "11px system-ui";
    ctx.fillText("now", width - 41, height / 2 + 4);
    ctx.fillRect(at(now.step) - 0.75, 2, 1.5, height - 4);
    const there = now.occupancy.filter((part) => part > 0.01).length;
    words.textContent = `${there} of ${of} modes have generated curves at step ${whole(now.step)}`;
  };
  let newest = null;
  new ResizeObserver(() => newest && paint(newest)).observe(canvas);
  return (now) => { newest = now; paint(now); };
}
