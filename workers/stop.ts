/**
 * Calls `stop` once when the process is told to end: SIGTERM, SIGINT, or, under the supervisor, the end of stdin, which
 * comes also when the supervisor was killed.
 */
export function untilToldToStop(env: NodeJS.ProcessEnv, stop: () => unknown): void {
  let told = false;
  const once = (): void => {
    if (!told) {
      told = true;
      stop();
    }
  };
  process.on('SIGTERM', once);
  process.on('SIGINT', once);
  if (env['MAJORDOMO_SUPERVISED'] === '1') {
    // Unreferenced: after SIGTERM an open stdin must not keep the process alive.
    process.stdin.on('end', once).on('error', once).resume().unref();
  }
}
