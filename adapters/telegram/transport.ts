import { buffer } from 'node:stream/consumers';
import { Agent, buildConnector, fetch } from 'undici';

/** The connection did not come about, so no byte of the request left. The message is the reason's code alone. */
export class NothingSent extends Error {
  override readonly name = 'NothingSent';
}

/** Milliseconds to reach Telegram: name, connection and TLS together. */
const connectMs = 10_000;

/** What grammY hands over of a request. */
interface Outgoing {
  headers: Record<string, string>;
  body: string | NodeJS.ReadableStream;
}

/**
 * grammY's way to the network, for one call. A call has a connection of its own: one that is reused may be closed by the
 * other side at that moment, and then nobody knows whether the request arrived. Nothing leaves before the connection
 * (with TLS) stands, so a failure before that is certain. The signal ends it.
 */
export function createTransport(signal: AbortSignal) {
  return async (url: string, { headers, body }: Outgoing) => {
    let stands = false;
    const connect = buildConnector({ timeout: connectMs });
    const agent = new Agent({
      // The signal is the one time limit.
      bodyTimeout: 0,
      headersTimeout: 0,
      connect: (options, callback) =>
        connect(options, (...result) => {
          stands ||= result[0] === null;
          callback(...result);
        }),
    });
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': headers['content-type'] ?? 'application/json' },
        body: typeof body === 'string' ? body : await buffer(body),
        signal,
        dispatcher: agent,
        redirect: 'error',
      });
      const text = await response.text();
      return { json: async (): Promise<unknown> => JSON.parse(text) };
    } catch (error) {
      throw stands ? error : new NothingSent(codeOf(error));
    } finally {
      void agent.destroy();
    }
  };
}

/** `ECONNREFUSED` and its like; never the message, which may hold an address. */
function codeOf(error: unknown): string {
  const cause = error instanceof Error ? (error.cause ?? error) : error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? cause.code : undefined;
  return typeof code === 'string' ? code : 'no connection';
}
