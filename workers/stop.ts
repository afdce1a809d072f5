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

/** The end of a process that cannot start: the stack is for the log, the last line is what the supervisor shows. */
export function giveUp(error: unknown): never {
  console.error(error);
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}
