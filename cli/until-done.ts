/** Work that was told to stop, and has cleaned up. */
export class Stopped extends Error {
  override name = 'Stopped';
}

/** Does work that a signal to this process ends; then throws Stopped once it has cleaned up after itself. */
export async function untilDone<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const told = () => stop.abort(new Stopped('Stopped; nothing was written.'));
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  for (const signal of signals) process.on(signal, told);
  try {
    return await work(stop.signal);
  } finally {
    for (const signal of signals) process.off(signal, told);
  }
}
