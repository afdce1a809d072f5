import type { z, ZodType } from 'zod';
import { problemSchema } from '../contracts/problems.ts';
import { schemaOf } from './answers.ts';
import { HouseRefused, HouseUnreachable } from './errors.ts';

/** Milliseconds for one request: above the 5 s that the house itself waits for a decision. */
const requestMs = 15_000;

/**
 * A fetch for the client: refusals are thrown, answers are checked, and a request has its time; a stream has it for its
 * beginning alone. Throws HouseRefused, HouseUnreachable, or the signal's reason.
 */
export function checkedFetch({ address, signal }: { address: string; signal: AbortSignal }) {
  const stranger = (cause?: unknown) =>
    new HouseUnreachable(`What answers at ${address} does not speak as this house does.`, { cause });

  function read<Shape extends ZodType>(shape: Shape, text: string): z.infer<Shape> {
    try {
      return shape.parse(JSON.parse(text));
    } catch (error) {
      throw stranger(error);
    }
  }

  return async (url: string | URL | Request, init: RequestInit = {}): Promise<Response> => {
    const target = new Request(url, init);
    const { response, text } = await exchange(target);
    if (text === undefined) return response;
    const { status, headers } = response;
    if (status >= 300 && status < 400) {
      throw new HouseUnreachable(`What answers at ${address} leads elsewhere, and the key goes nowhere else.`);
    }
    if (status >= 400) throw new HouseRefused(read(problemSchema, text));
    const path = new URL(target.url).pathname.slice(new URL(`${address}/api/v1`).pathname.length);
    const shape = schemaOf(target.method, path, status);
    if (shape === undefined) throw stranger();
    return new Response(JSON.stringify(read(shape, text)), { status, headers });
  };

  async function exchange(request: Request): Promise<{ response: Response; text?: string }> {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(new Error('late')), requestMs);
    try {
      const response = await fetch(request, {
        signal: AbortSignal.any([signal, patience.signal]),
        // A redirect that is followed takes x-api-key along to whatever place it names.
        redirect: 'manual',
      });
      const isStream = response.ok && response.headers.get('content-type')?.startsWith('text/event-stream');
      return isStream ? { response } : { response, text: await response.text() };
    } catch (cause) {
      signal.throwIfAborted();
      throw new HouseUnreachable(`The house does not answer at ${address}.`, { cause });
    } finally {
      clearTimeout(timer);
    }
  }
}
