/** A median with its interval, and from how many values. */
export interface Estimate {
  median: number;
  low: number;
  high: number;
  n: number;
}

/** The share of samples whose interval holds the true median. */
const confidence = 0.95;

/** The middle value; between the two middle ones where their number is even. Throws RangeError without values. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[sorted.length >> 1];
  const lower = sorted[(sorted.length - 1) >> 1];
  if (upper === undefined || lower === undefined) throw new RangeError('Nothing has no median.');
  return (lower + upper) / 2;
}

/**
 * The median and the narrowest symmetric pair of order statistics that holds the true median in at least 95 % of samples,
 * whatever the distribution (David and Nagaraja, Order Statistics, 7.1). Below six values no pair does, and it is the
 * whole range.
 */
export function estimate(values: readonly number[]): Estimate {
  const sorted = values.toSorted((a, b) => a - b);
  const outside = beyond(sorted.length);
  const low = sorted[outside];
  const high = sorted[sorted.length - 1 - outside];
  if (low === undefined || high === undefined) throw new RangeError('Nothing has no median.');
  return { median: median(sorted), low, high, n: sorted.length };
}

/** How many values may lie outside at each end: the largest k with P(Binomial(n, ½) ≤ k) ≤ (1 − confidence) / 2, else none. */
function beyond(n: number): number {
  let logProbability = -n * Math.LN2;
  let below = Math.exp(logProbability);
  let k = 0;
  while (below <= (1 - confidence) / 2) {
    k += 1;
    logProbability += Math.log((n - k + 1) / k);
    below += Math.exp(logProbability);
  }
  return Math.max(0, k - 1);
}

/** The ratios of pairs that were measured side by side, as one estimate. */
export function pairedRatio(pairs: readonly (readonly [number, number])[]): Estimate {
  return estimate(pairs.map(([a, b]) => a / b));
}

/** What occurs most often; of several the first. Throws RangeError without values. */
export function mostFrequent(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [most] = [...counts].toSorted(([, a], [, b]) => b - a);
  if (most === undefined) throw new RangeError('Nothing occurs most often.');
  return most[0];
}
