// Chooses what draws the page: each has a module of its name, which exports a function of that name.
import { el, replace } from "./dom.js";

const main = document.getElementById("main"), name = document.documentElement.dataset.page;
const data = JSON.parse(document.getElementById("data").textContent);
document.getElementById("theme").addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", next);
  document.documentElement.dataset.theme = next;
  dispatchEvent(new Event("theme"));
});
if (data.error && name !== "jobs") replace(main, el("section", { class: "card" }, el("p", { class: "problem", role: "alert", text: data.error })));
else (await import(`./${name}.js`))[name](main, data);
performance.mark("drawn");
document.documentElement.dataset.drawn = "true";
