import { circuitBreaker, CircuitState, ConsecutiveBreaker, handleWhen } from 'cockatiel';
import { ModelError, type ModelErrorKind, type ModelState } from '../../contracts/reader.ts';

/** How the breaker behaves; both values stand in the design: five failures, sixty seconds. */
export interface BreakerOptions {
  /** Failures in a row that open it. */
  readonly failures: number;
  /** Milliseconds that it stays open before one call is let through as a trial. */
  readonly halfOpenAfterMs: number;
  /** Told of every change, with the state then; `open` has passed by itself when `retryAfterMs` is over. */
  readonly onStateChange: (state: ModelState) => void;
}

/** Lets calls through while the service answers. */
export interface Breaker {
  state(): ModelState;
  /** Runs the call, or throws ModelError `unavailable` at once while open or while a trial is under way. */
  run<T>(call: () => Promise<T>): Promise<T>;
}

/**
 * The service is down or out of reach. A 429 is an answer and says when to come back; a 4xx is about our request; a
 * malformed answer is about the model.
 */
const down: ReadonlySet<ModelErrorKind> = new Set(['overloaded', 'unreachable', 'timeout']);

/** A call that comes while the trial is under way is asked to wait this long: a usual answer takes less. */
const trialMs = 5_000;

function unavailable(retryAfterMs: number): ModelError {
  const message = 'The model has failed several times in a row and is left alone for a while.';
  return new ModelError(message, { kind: 'unavailable', retryable: true, retryAfterMs });
}

/** A breaker that opens after so many failures in a row. */
export function createBreaker(options: BreakerOptions): Breaker {
  let openedAt = 0;
  const counts = (error: Error) =>
    error instanceof ModelError &&
    (down.has(error.kind) || (error.kind === 'cancelled' && policy.state === CircuitState.HalfOpen));
  const policy = circuitBreaker(handleWhen(counts), {
    breaker: new ConsecutiveBreaker(options.failures),
    halfOpenAfter: options.halfOpenAfterMs,
  });
  const state = (): ModelState => {
    if (policy.state === CircuitState.Closed) return { state: 'closed', retryAfterMs: 0 };
    const left = openedAt + options.halfOpenAfterMs - Date.now();
    if (policy.state === CircuitState.Open && left > 0) return { state: 'open', retryAfterMs: left };
    return { state: 'half-open', retryAfterMs: 0 };
  };
  policy.onStateChange((now) => {
    if (now === CircuitState.Open) openedAt = Date.now();
    options.onStateChange(state());
  });
  return {
    state,
    run: async (call) => {
      const now = state();
      if (now.state === 'open') throw unavailable(now.retryAfterMs);
      if (policy.state === CircuitState.HalfOpen) throw unavailable(Math.min(trialMs, options.halfOpenAfterMs));
      return policy.execute(call);
    },
  };
}
