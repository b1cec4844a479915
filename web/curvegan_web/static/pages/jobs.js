// The table of jobs: counts, filter, sorting; what is in it is in the address too.
import { age, copyable, el, fetched, number, quoted, replace, state, table, verdict, whole } from "./dom.js";
import { follow } from "./live.js";

const picked = new Set();

export function jobs(main, first) {
  let data = first;
  const asked = () => new URLSearchParams(location.search);
  const chips = el("div", { class: "chips", role: "group", "aria-label": "States" });
  const filter = el("input", { type: "search", id: "where", spellcheck: "false", placeholder: "loss=ns and rmse<0.1", autocomplete: "off", value: first.shown?.where ?? "" });
  const problem = el("p", { class: "problem", role: "alert" });
  const body = el("div", {}), foot = el("div", { class: "foot" });

  const go = (changes) => {
    const query = asked();
    for (const [name, value] of Object.entries(changes)) value ? query.set(name, value) : query.delete(name);
    history.pushState(null, "", `/${query.size ? `?${query}` : ""}`);
    load();
  };
  const load = async () => {
    filter.value = asked().get("where") ?? "";
    try {
      data = await fetched(`/api/jobs?${asked()}`);
      draw();
      follow(`/live/jobs?${asked()}`, (newer) => { data = newer; draw(); });
    } catch (error) { problem.textContent = error.message; }
  };
  const draw = () => {
    problem.textContent = data.error ?? "";
    if (data.error) return;
    if (!data.rows) return replace(body, el("p", { class: "nothing", text: "Looking through all jobs …" }));
    const { state: only, sort } = data.shown;
    replace(chips, chip("all", data.jobs, !only, () => go({ state: "" })),
      Object.entries(data.states).map(([name, count]) => chip(name, count, only === name, () => go({ state: only === name ? "" : name }))));
    replace(body, data.rows.length ? table(columns(drawFoot), data.rows, { caption: "Jobs", sort, onsort: (by) => go({ sort: sort === `-${by}` ? by : sort === by ? "" : `-${by}` }) }) : nothing(data));
    drawFoot();
  };
  const drawFoot = () => {
    const { where, state: only, limit } = data.shown;
    const command = `curvegan status${where ? ` --where ${quoted(where)}` : ""}${only ? ` --state ${only}` : ""} --limit ${limit}`;
    const total = data.shown.state ? data.states[data.shown.state] : data.jobs;
    const ids = [...picked].sort((a, b) => a - b);
    replace(foot, el("span", { text: `${whole(data.rows.length)} of ${whole(total)}` }),
      data.rows.length < total && limit < 500 ? el("button", { type: "button", text: "Show 500", onclick: () => go({ limit: "500" }) }) : null,
      ids.length === 2 ? el("a", { class: "button", href: `/theatre?job=${ids[0]}&beside=${ids[1]}`, text: "Side by side in the theatre" }) : null,
      ids.length > 1 && ids.length < 9 ? el("a", { class: "button", href: `/compare?jobs=${ids.join()}`, text: `Compare ${ids.length} jobs` }) : null,
      copyable(command));
  };
  let wait = 0;
  filter.addEventListener("input", () => { clearTimeout(wait); wait = setTimeout(() => go({ where: filter.value }), 500); });
  filter.addEventListener("keydown", (event) => event.key === "Enter" && (clearTimeout(wait), go({ where: filter.value })));
  addEventListener("popstate", load);
  addEventListener("keydown", (event) => event.key === "/" && !/INPUT|TEXTAREA|SELECT/.test(event.target.tagName) && (event.preventDefault(), filter.focus()));

  replace(main, el("h1", { class: "hidden", text: "Jobs" }), el("div", { class: "toolbar" }, chips, el("label", { htmlFor: "where", class: "filter" }, el("span", { text: "where" }), filter)), problem, el("section", { class: "card wide jobs" }, body, foot));
  draw();
  if (data.rows) follow(`/live/jobs?${asked()}`, (newer) => { data = newer; draw(); });
  else if (!data.error) load();
}

function chip(name, count, current, onclick) {
  return el("button", { type: "button", class: `chip ${name}`, "aria-pressed": String(current), onclick, disabled: !count && !current && name !== "all" }, el("i", { "aria-hidden": "true" }), name, el("b", { text: whole(count) }));
}

function columns(onpick) {
  return [
    { name: "", spare: true, node: (row) => el("input", { type: "checkbox", checked: picked.has(row.id), "aria-label": `Choose job ${row.id} to compare`, onchange: (event) => { event.target.checked ? picked.add(row.id) : picked.delete(row.id); onpick(); } }) },
    { name: "Job", sort: "id", right: true, node: (row) => el("a", { href: `/jobs/${row.id}`, text: row.id }) },
    { name: "Name", sort: "name", class: "name", node: (row) => [el("a", { href: `/jobs/${row.id}`, text: row.name ?? row.asked.slice(0, 60) ?? "", class: row.name ? null : "soft" }), row.tags.map((tag) => el("span", { class: "tag", text: tag }))] },
    { name: "State", sort: "state", node: (row) => state(row.state) },
    { name: "Progress", sort: "step", spare: true, class: "bar", node: (row) => [el("progress", { max: row.steps, value: row.step, "aria-label": "steps done" }), el("small", { text: row.state === "succeeded" ? whole(row.steps) : `${whole(row.step)} / ${whole(row.steps)}` })] },
    { name: "steps/s", spare: true, right: true, text: (row) => (row.rate ? whole(Math.round(row.rate)) : "–") },
    { name: "RMSE", sort: "rmse", right: true, text: (row) => number(row.rmse, 3) },
    { name: "best", spare: true, right: true, class: "soft", text: (row) => number(row.best, 3) },
    { name: "Verdict", sort: "verdict", node: (row) => (row.verdict ? verdict(row.verdict) : row.why ? el("span", { class: "why", text: row.why }) : "–") },
    { name: "Asked for", spare: true, class: "asked", node: (row) => el("div", { class: "clamp", title: row.asked, text: row.asked || "the defaults" }) },
    { name: "Age", sort: "age", spare: true, right: true, node: (row) => el("time", { datetime: row.created, text: age(row.created) }) },
  ];
}

function nothing(data) {
  const words = data.shown.where || data.shown.state ? "No job is such a one." : "There is no job yet.";
  return el("div", { class: "nothing" }, el("p", { text: words }), data.jobs ? null : copyable("curvegan submit --lr 1e-4"));
}
