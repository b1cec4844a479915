// A stored generator, evaluated here: linear layers with norms and activations, as curvegan_core.networks does it.

const erf = (x) => {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const tail = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t * Math.exp(-x * x);
  return Math.sign(x) * (1 - tail);
};
const ACTIVATIONS = {
  relu: (h) => Math.max(h, 0),
  leaky_relu: (h, slope) => Math.max(h, slope * h),
  tanh: Math.tanh,
  elu: (h) => (h > 0 ? h : Math.expm1(h)),
  silu: (h) => h * (0.5 + 0.5 * Math.tanh(0.5 * h)),
  gelu: (h) => 0.5 * h * (1 + erf(h / Math.SQRT2)),
};
const EPS = 1e-5;

function decoded(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)), view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length / 4 }, (_, at) => view.getFloat32(4 * at, true));
}

// Returns the function from a latent to a curve in units of y.
export function generator(stored) {
  const numbers = decoded(stored.numbers), activate = ACTIVATIONS[stored.activation];
  let taken = 0;
  const take = (count) => numbers.subarray(taken, (taken += count));
  const layers = stored.layers.map(({ inputs, outputs }, at) => {
    const layer = { inputs, outputs, last: at === stored.layers.length - 1, weight: take(inputs * outputs), bias: take(outputs) };
    if (stored.norm !== "none" && !layer.last) Object.assign(layer, { scale: take(outputs), shift: take(outputs) });
    if (stored.norm === "batch" && !layer.last) Object.assign(layer, { mean: take(outputs), variance: take(outputs) });
    return layer;
  });
  return (z) => restored(stored, layers.reduce((row, layer) => forward(layer, row, activate, stored.slope), z));
}

function forward(layer, row, activate, slope) {
  let out = Array.from({ length: layer.outputs }, (_, o) => {
    let sum = layer.bias[o];
    for (let i = 0; i < layer.inputs; i++) sum += layer.weight[o * layer.inputs + i] * row[i];
    return sum;
  });
  if (layer.last) return out;
  if (layer.scale) out = normalised(layer, out);
  return out.map((h) => activate(h, slope));
}

function normalised({ scale, shift, mean, variance }, row) {
  const average = row.reduce((sum, h) => sum + h, 0) / row.length, spread = row.reduce((sum, h) => sum + (h - average) ** 2, 0) / row.length;
  return row.map((h, at) => ((h - (mean ? mean[at] : average)) / Math.sqrt((variance ? variance[at] : spread) + EPS)) * scale[at] + shift[at]);
}

function restored({ front, unit }, row) {
  const curve = front ? front.mean.map((mean, p) => mean + row.reduce((sum, score, k) => sum + score * front.scale[k] * front.basis[k][p], 0)) : row;
  return unit ? curve.map((value) => value * unit[0] + unit[1]) : curve;
}

// Latents like those of the training, from a seed: mulberry32, and of two uniform numbers a normal one. Where labels are
// learnt, with a one behind them at the number of a label, drawn as often as the rows have it.
export function latents({ latent, noise, labels }, seed) {
  let state = seed | 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const normal = () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  const drawn = Array.from({ length: latent }, () => (noise === "normal" ? normal() : 2 * uniform() - 1));
  let left = uniform() * labels.reduce((sum, rows) => sum + rows, 0);
  const chosen = labels.findIndex((rows) => (left -= rows) < 0);
  return drawn.concat(labels.map((_, at) => Number(at === chosen)));
}

// A closed way through two latents: of normal ones a circle, all of it as likely as they are; else there and back. The
// label stays the first one's.
export function walk({ latent, noise }, [first, second], share) {
  const angle = 2 * Math.PI * share, there = 0.5 - 0.5 * Math.cos(angle);
  const [a, b] = noise === "normal" ? [Math.cos(angle), Math.sin(angle)] : [1 - there, there];
  return first.map((value, at) => (at < latent ? a * value + b * second[at] : value));
}
