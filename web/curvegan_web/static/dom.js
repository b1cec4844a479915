// Elements and words. Text becomes text and never markup: nothing here parses HTML.

const PROPERTIES = new Set(["value", "checked", "disabled", "max", "min", "step", "type", "open", "selected", "readOnly", "htmlFor"]);

export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || value === null || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (PROPERTIES.has(name)) node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(9).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

export function number(value, digits = 4) {
  if (value === null || value === undefined) return "–";
  if (typeof value !== "number") return String(value);
  return String(Number(value.toPrecision(digits)));
}

export function whole(value) {
  return value === null || value === undefined ? "–" : value.toLocaleString("en").replaceAll(",", "\u202f");
}

export function duration(seconds) {
  for (const [unit, length] of [["d", 86400], ["h", 3600], ["min", 60]]) if (seconds >= 2 * length) return `${Math.round(seconds / length)} ${unit}`;
  return `${Math.max(0, Math.round(seconds))} s`;
}

export function age(time) {
  return time ? duration((Date.now() - Date.parse(time)) / 1000) : "–";
}

export function shown(value) {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") return number(value, 8);
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

// A word of the shell: quoted where the shell would read more into it.
export function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${String(text).replaceAll("'", "'\\''")}'`;
}

export function copyable(command) {
  const button = el("button", { class: "copy", type: "button", title: "Copy as command", "aria-label": `Copy as command: ${command}` }, el("code", { text: command }));
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(command);
    button.classList.add("done");
    setTimeout(() => button.classList.remove("done"), 1200);
  });
  return button;
}

export function card(title, body, { command, more, wide, id } = {}) {
  const head = el("div", { class: "card-head" }, el("h2", { text: title }), more ?? null, command ? copyable(command) : null);
  return el("section", { class: `card${wide ? " wide" : ""}`, id, "aria-label": title }, head, body);
}

export function state(word) {
  return el("span", { class: `state ${word}` }, el("i", { "aria-hidden": "true" }), word);
}

export function verdict(text) {
  return text ? el("span", { class: `verdict ${text.split(" ")[0]}`, text }) : "–";
}

// columns: [{name, text(row), node(row), right, sort, spare}], of which a phone leaves out the spare ones; onsort is called with a key of the catalogue.
export function table(columns, rows, { caption, sort, onsort } = {}) {
  const heads = columns.map((column) => {
    const by = sort?.replace("-", "") === column.sort && column.sort;
    const word = column.sort && onsort ? el("button", { type: "button", text: column.name, onclick: () => onsort(column.sort) }) : column.name;
    return el("th", { scope: "col", class: [column.right && "right", column.spare && "spare"].filter(Boolean).join(" ") || null, "aria-sort": by ? (sort.startsWith("-") ? "descending" : "ascending") : null }, word);
  });
  const lines = rows.map((row) => el("tr", {}, columns.map((column) =>
    el("td", { class: [column.right && "right", column.spare && "spare", column.class].filter(Boolean).join(" ") || null }, column.node ? column.node(row) : column.text(row)))));
  return el("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": caption ?? "Table" },
    el("table", {}, caption ? el("caption", { class: "hidden", text: caption }) : null, el("thead", {}, el("tr", {}, heads)), el("tbody", {}, lines)));
}

export function pairs(entries) {
  return el("dl", {}, entries.map(([name, value]) => [el("dt", { text: name }), el("dd", {}, value instanceof Node ? value : shown(value))]));
}

export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

export function replace(host, ...children) {
  host.replaceChildren(...children.flat(9).filter(Boolean));
}

export async function fetched(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" } });
  const data = await answer.json();
  if (!answer.ok) throw new Error(data.error ?? answer.statusText);
  return data;
}
