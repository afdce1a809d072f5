/** A text that is not a duration. */
export class DurationError extends Error {
  override readonly name = 'DurationError';
}

const UNITS = { w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const;
const SHAPE = /^(?:(\d{1,4})w)?(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,8})s)?$/;

/** Ten years of 365 days, in ms: longer waits are a mistake in the text. */
export const LONGEST_DURATION_MS = 3650 * UNITS.d;

/**
 * "48h", "3d", "15m", "1h30m" → milliseconds, more than zero. Units: w d h m s, the largest first; a day has 24 hours.
 * @throws DurationError
 */
export function parseDuration(text: string): number {
  const match = SHAPE.exec(text);
  if (!match || text === '') {
    throw new DurationError('A duration is a number with a unit of w, d, h, m or s, such as "48h", "3d" or "1h30m".');
  }
  const ms = Object.values(UNITS).reduce((sum, size, index) => sum + Number(match[index + 1] ?? 0) * size, 0);
  if (ms === 0 || ms > LONGEST_DURATION_MS)
    throw new DurationError('A duration is more than zero and at most ten years.');
  return ms;
}

/** Whole seconds as the shortest text that `parseDuration` reads back: 5_400_000 → "1h30m". Below a second: "0s". */
export function formatDuration(ms: number): string {
  let rest = Math.floor(ms / 1000) * 1000;
  let text = '';
  for (const [unit, size] of Object.entries(UNITS)) {
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text || '0s';
}
