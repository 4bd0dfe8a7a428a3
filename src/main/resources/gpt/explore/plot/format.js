// Numbers and labels as text.

/** A probability in percent, with two or three significant digits. */
export function percent(p) {
  const value = 100 * p;
  if (value === 0) return "0 %";
  if (value >= 99.95 && value < 100) return "> 99.9 %";
  if (value >= 10) return value.toFixed(1) + " %";
  if (value >= 0.001) return value.toPrecision(value >= 1 ? 3 : 2) + " %";
  return value.toExponential(1) + " %";
}

/** A length in CSS: a share of the parent's. */
export const share = (x) => `${(100 * x).toFixed(3)}%`;

/** The label above a bar: percent without the sign. */
export function brief(p) {
  if (p > 0 && p < 1e-4) return "<0.01";
  return percent(p).replace(" %", "");
}

export const count = (n) => n.toLocaleString("en");

/** A count with its noun. */
export const counted = (n, noun) => `${count(n)} ${noun}${n === 1 ? "" : "s"}`;

/** A number that may be negative. */
export function signed(x, places) {
  if (!Number.isFinite(x)) return x < 0 ? "−∞" : "∞";
  return x.toFixed(places).replace("-", "−");
}

/** The entropy of the probabilities of these ids, in bits. */
export function entropy(probabilities, ids = probabilities.keys()) {
  let sum = 0;
  for (const id of ids) {
    const p = probabilities[id];
    if (p > 0) sum -= p * Math.log2(p);
  }
  return sum;
}

/** A class of the colour scale for a number from 0 to 1. */
export const LEVELS = 32;
export const level = (value) => "v" + Math.max(0, Math.min(LEVELS - 1, Math.floor(value * LEVELS)));
