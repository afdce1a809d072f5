import type { MiddlewareHandler } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { largestBody } from '../../contracts/api.ts';
import { Problem } from '../problem.ts';

/** Refuses bodies above 256 kB, by their stated length or while they arrive. */
export function limitedBody(): MiddlewareHandler {
  return bodyLimit({
    maxSize: largestBody,
    onError: () => {
      throw new Problem('body-too-large', `A body has at most ${largestBody} bytes.`);
    },
  });
}
