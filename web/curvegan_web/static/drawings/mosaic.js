// Each job of a sweep a cell, in the colour of its verdict, or of its state where it has none; a row is a point.
import { el, number, whole } from "./dom.js";

const SIGNS = { converged: "✓", collapsed: "◔", oscillating: "∿", undertrained: "…", "equilibrium-but-wrong": "≈", diverged: "✗", failed: "✗", copies: "⧉", noise: "※", jagged: "⩘", running: "▸", queued: "", lost: "!", cancelled: "–" };

export const kind = (job) => (job.verdict ?? job.state).split(" ")[0];

export function mosaic(groups, { metric, most = 3000 }) {
  let left = most;
  const rows = groups.map((group) => {
    const jobs = group.jobs.slice(0, Math.max(0, left));
    left -= jobs.length;
    return jobs.length ? el("div", { class: "mosaic-row", role: "listitem" }, el("span", { class: "point", text: group.name || "all jobs" }), el("span", { class: "cells" }, jobs.map((job) => tile(job, metric)))) : null;
  });
  return el("div", { class: "mosaic", role: "list" }, rows);
}

function tile(job, metric) {
  const words = `job ${job.id}: ${job.verdict ?? job.state}, seed ${job.seed}${job.value === null ? "" : `, ${metric} ${number(job.value)}`}${job.state === "running" ? `, step ${whole(job.step)} of ${whole(job.steps)}` : ""}`;
  return el("a", { class: `tile ${kind(job)}`, href: `/jobs/${job.id}`, title: words, "aria-label": words, text: SIGNS[kind(job)] ?? "" });
}

// What the colours mean, with how many there are; each leads to those jobs.
export function legend(groups, sweep) {
  const counts = new Map();
  for (const job of groups.flatMap((group) => group.jobs)) counts.set(kind(job), { count: (counts.get(kind(job))?.count ?? 0) + 1, by: job.verdict ? "verdict" : "state" });
  return el("div", { class: "chips" }, [...counts].sort((a, b) => b[1].count - a[1].count).map(([word, { count, by }]) =>
    el("a", { class: "chip", href: `/?where=${encodeURIComponent(`sweep=${sweep} and ${by}=${word}`)}` }, el("i", { class: `tile ${word}`, "aria-hidden": "true", text: SIGNS[word] ?? "" }), word, el("b", { text: whole(count) }))));
}

// How many of a whole are in which state, as one bar.
export function parts(counts, label) {
  const known = Object.entries(counts).filter(([, count]) => count), all = known.reduce((sum, [, count]) => sum + count, 0);
  return el("span", { class: "parts", role: "img", "aria-label": `${label}: ${known.map(([word, count]) => `${count} ${word}`).join(", ")}` }, known.map(([word, count]) => {
    const part = el("i", { class: `tile ${word.split(" ")[0]}`, title: `${count} ${word}` });
    part.style.flexGrow = count / all;
    return part;
  }));
}
