// A filter's text and the ranges that are brushed on axes are the same thing: one is read from the other.
// A range is {low, high} of a number, or {names} of words; what the text says besides stays as it is.
const BOUND = /^(\S+?)\s*(>=|<=|=)\s*([^\s()]+)$/, LIST = /^(\S+)\s+in\s*\(([^()]*)\)$/;

export function read(text, axes) {
  const rest = [], ranges = {};
  const terms = /\bor\b|\bnot\b/i.test(text) ? [text] : text.split(/\s+and\s+/i);
  for (const term of terms.map((one) => one.trim()).filter(Boolean)) {
    const bound = BOUND.exec(term), list = LIST.exec(term), name = (bound ?? list)?.[1];
    if (!axes.includes(name)) rest.push(term);
    else if (list) ranges[name] = { ...ranges[name], names: list[2].split(",").map((word) => word.trim()) };
    else if (bound[2] === "=") ranges[name] = { ...ranges[name], names: [bound[3]] };
    else ranges[name] = { ...ranges[name], [bound[2] === ">=" ? "low" : "high"]: Number(bound[3]) };
  }
  return { rest, ranges };
}

export function written({ rest, ranges }) {
  const alone = rest.length && Object.keys(ranges).length;
  return [...rest.map((term) => (alone && /\bor\b/i.test(term) && !/^\(.*\)$/.test(term) ? `(${term})` : term)), ...Object.entries(ranges).flatMap(([name, range]) => terms(name, range))].join(" and ");
}

function terms(name, { low, high, names }) {
  if (names) return [names.length === 1 ? `${name}=${names[0]}` : `${name} in (${names.join()})`];
  return [low === undefined ? "" : `${name}>=${low}`, high === undefined ? "" : `${name}<=${high}`].filter(Boolean);
}

export function holds(range, value) {
  if (!range) return true;
  if (value === null || value === undefined) return false;
  if (range.names) return range.names.some((name) => name === String(value) || Number(name) === Number(value));
  return (range.low === undefined || Number(value) >= range.low) && (range.high === undefined || Number(value) <= range.high);
}
