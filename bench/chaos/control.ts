import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { json } from 'node:stream/consumers';
import { z } from 'zod';
import { type Point, points } from './points.ts';

const arrivalSchema = z.strictObject({ point: z.enum(points), intentId: z.uuid() });

/** Holds flows at one point at a time; everything else goes on at once. */
export async function openControl() {
  let armed: Point | null = null;
  const held = new Map<string, ServerResponse[]>();
  async function arrive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { point, intentId } = arrivalSchema.parse(await json(request));
    if (point === armed) held.set(intentId, [...(held.get(intentId) ?? []), response]);
    else response.end();
  }
  const server = createServer((request, response) => {
    // A request that its worker's death cut short needs no answer.
    arrive(request, response).catch(() => response.destroy());
  });
  // A flow may be held for longer than a request usually takes.
  server.requestTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The control listens on no port.');
  return {
    url: `http://127.0.0.1:${address.port}/`,
    arm(point: Point) {
      armed = point;
    },
    /** How many flows stand at the point. */
    arrived: () => held.size,
    /** Lets all go on, also those that come from now on. */
    release() {
      armed = null;
      for (const responses of held.values()) for (const response of responses) response.end();
      held.clear();
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

export type Control = Awaited<ReturnType<typeof openControl>>;
