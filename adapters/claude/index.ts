import { Agent } from 'undici';
import type { ModelState, Reader, ReaderInput, ReaderOptions, Reading } from '../../contracts/reader.ts';
import { createAnswer } from './answer.ts';
import { createBreaker, type BreakerOptions } from './breaker.ts';
import { createClient } from './client.ts';
import { modelError } from './errors.ts';
import { extractionRequest } from './request.ts';
import type { ClaudeSettings } from './settings.ts';

/** What can be changed; durations are milliseconds. */
export interface ClaudeOptions extends Partial<BreakerOptions> {
  /** From the first packet until the connection stands, TLS included; 5 s. */
  readonly connectTimeoutMs?: number;
  /** From the call until the end of the answer; 120 s. */
  readonly requestTimeoutMs?: number;
}

/** Claude as a reader. */
export interface ClaudeReader extends Reader {
  /** What the breaker of this process knows of the service. */
  state(): ModelState;
  /** Closes its connections; calls under way are cut. */
  close(): Promise<void>;
}

/** Reads messages with Claude; the breaker and the connections live as long as the reader. */
export function createClaudeReader(settings: ClaudeSettings, options: ClaudeOptions = {}): ClaudeReader {
  const requestTimeoutMs = options.requestTimeoutMs ?? 120_000;
  const dispatcher = new Agent({
    connect: { timeout: options.connectTimeoutMs ?? 5_000 },
    headersTimeout: requestTimeoutMs,
    bodyTimeout: requestTimeoutMs,
  });
  const secrets = Object.values(settings.credential);
  const breaker = createBreaker({
    failures: options.failures ?? 5,
    halfOpenAfterMs: options.halfOpenAfterMs ?? 60_000,
    onStateChange: options.onStateChange ?? (() => undefined),
  });

  const call = async (input: ReaderInput, { signal, onProgress }: ReaderOptions): Promise<Reading> => {
    const answer = createAnswer();
    const deadline = AbortSignal.timeout(requestTimeoutMs);
    const both = AbortSignal.any([signal, deadline]);
    try {
      const request = extractionRequest(settings.extractionModel, input);
      const client = createClient(settings, dispatcher, onProgress);
      const stream = await client.messages.create(request, { signal: both, timeout: requestTimeoutMs });
      for await (const event of stream) answer.take(event);
      both.throwIfAborted();
      return answer.finish(input.body);
    } catch (error) {
      const { begun, usage } = answer;
      throw modelError(error, { cancelled: signal.aborted, timedOut: deadline.aborted, begun, usage }, secrets);
    }
  };

  return {
    label: settings.extractionModel,
    read: (input, readOptions) => breaker.run(() => call(input, readOptions)),
    state: () => breaker.state(),
    close: () => dispatcher.destroy(),
  };
}
