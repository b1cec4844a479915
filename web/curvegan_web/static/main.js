// Chooses what draws the page.
import { el, replace } from "./dom.js";
import { job } from "./job.js";
import { jobs } from "./jobs.js";
import { theatre } from "./theatre.js";

const PAGES = { jobs, job, theatre };

const main = document.getElementById("main");
const data = JSON.parse(document.getElementById("data").textContent);
document.getElementById("theme").addEventListener("click", () => {
  const next = document.documentElement.dataset.theme === "dark" ? "light" : "dark";
  localStorage.setItem("theme", next);
  document.documentElement.dataset.theme = next;
  dispatchEvent(new Event("theme"));
});
const draw = PAGES[document.documentElement.dataset.page];
if (draw && !(data.error && document.documentElement.dataset.page !== "jobs")) draw(main, data);
else replace(main, el("section", { class: "card" }, el("p", { class: "problem", role: "alert", text: data.error })));
performance.mark("drawn");
document.documentElement.dataset.drawn = "true";
