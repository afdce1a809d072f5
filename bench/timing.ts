/** Milliseconds of rest before something is measured, so that what went before does not share the processor with it. */
export const quietMs = 100;

/** From and to, in milliseconds since the epoch. */
export interface Window {
  from: number;
  to: number;
}

/** Runs `work` and says how many milliseconds it took. */
export async function timed<Result>(work: () => Promise<Result>): Promise<[ms: number, result: Result]> {
  const begun = performance.now();
  const result = await work();
  return [performance.now() - begun, result];
}

/** A clock that is started now; each call says the milliseconds since. */
export function stopwatch(): () => number {
  const begun = performance.now();
  return () => performance.now() - begun;
}
