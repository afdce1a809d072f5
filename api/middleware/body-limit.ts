import type { MiddlewareHandler } from 'hono';
import { largestBody } from '../../contracts/api.ts';
import { Problem } from '../problem.ts';

/**
 * Refuses bodies above 256 kB, by their stated length or while they arrive. Not hono's own: it copies a request whose body
 * has no stated length, which fails for the requests that our server makes.
 */
export function limitedBody(): MiddlewareHandler {
  return async ({ req }, next) => {
    const stated = req.header('transfer-encoding') === undefined ? req.header('content-length') : undefined;
    if (Number(stated) > largestBody) throw tooLarge();
    if (stated === undefined && req.raw.body !== null) {
      const { method, headers, body } = req.raw;
      req.raw = new Request(req.url, { method, headers, body: await whole(body) });
    }
    await next();
  };
}

async function whole(body: ReadableStream<Uint8Array>): Promise<Buffer<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read().catch(() => {
      throw new Problem('malformed-json', 'The body ended early.');
    });
    if (done) return Buffer.concat(chunks);
    size += value.length;
    if (size > largestBody) throw tooLarge();
    chunks.push(value);
  }
}

const tooLarge = () => new Problem('body-too-large', `A body has at most ${largestBody} bytes.`);
