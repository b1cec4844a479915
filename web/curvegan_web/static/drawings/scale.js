// An axis for values of any kind: numbers, by decades where they are above 0 and span one, or words in their order.
import { ticks } from "./bundle.js";
import { number } from "./dom.js";

// Of few values each is a tick, unless they are to be round.
export function scale(values, { log, round } = {}) {
  const known = [...new Set(values.filter((value) => value !== null && value !== undefined))];
  if (!known.length || !known.every((value) => typeof value !== "boolean" && value !== "" && Number.isFinite(Number(value)))) return words(known.map(String));
  const numbers = known.map(Number).sort((a, b) => a - b), low = numbers[0], high = numbers.at(-1), least = numbers.find((value) => value > 0);
  const decades = log ?? (low >= 0 && high >= 10 * least);
  // Zero, which has no logarithm, lies a little below the smallest that has one.
  const to = decades ? (value) => (value > 0 ? Math.log10(value) : Math.log10(least) - 0.7) : (value) => value, span = to(high) - to(low);
  const at = (share) => { const mapped = to(low) + share * span; return !decades ? mapped : low === 0 && mapped < Math.log10(least) - 0.35 ? 0 : 10 ** mapped; };
  const place = (value) => (value === null || value === undefined ? null : span ? (to(Number(value)) - to(low)) / span : 0.5);
  return { numeric: true, place, at, ticks: numbers.length < (round ? 2 : 7) ? numbers : decades ? [...(low === 0 ? [0] : []), ...powers(least, high)] : ticks([low, high], 5) };
}

function powers(low, high) {
  const first = Math.ceil(Math.log10(low)), count = Math.floor(Math.log10(high)) - first + 1, every = Math.ceil(count / 6);
  return count < 2 ? [low, Math.sqrt(low * high), high] : Array.from({ length: Math.ceil(count / every) }, (_, n) => 10 ** (first + n * every));
}

function words(names) {
  const place = (value) => (value === null || value === undefined ? null : names.length > 1 ? names.indexOf(String(value)) / (names.length - 1) : 0.5);
  return { numeric: false, names, place, at: (share) => names[Math.round(share * (names.length - 1))], ticks: names.length > 24 ? [names[0], names.at(-1)] : names };
}

// Of ticks along an axis those whose words do not overlap: `room(tick)` is how much one takes around its place.
export function fitting(ticks, place, room) {
  let end = -Infinity;
  return ticks.filter((tick) => {
    const from = place(tick) - room(tick) / 2, fits = from >= end;
    if (fits) end = from + room(tick);
    return fits;
  });
}

// A tick in few letters.
export function brief(value) {
  if (typeof value !== "number") return String(value).slice(0, 12);
  return value && Math.abs(value) < 1e-3 ? Number(value.toPrecision(2)).toExponential() : number(value, 3);
}
