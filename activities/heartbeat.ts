import { Context } from '@temporalio/activity';

/** Signs of life are due well inside the shortest heartbeat timeout in contracts/defaults.ts. */
const everyMs = 2_000;

/** Runs `work` and tells Temporal meanwhile that it is alive. `work` gets the signal that cancels the activity. */
export async function whileHeartbeating<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const context = Context.current();
  context.heartbeat();
  const beat = setInterval(() => context.heartbeat(), everyMs);
  try {
    return await work(context.cancellationSignal);
  } finally {
    clearInterval(beat);
  }
}
