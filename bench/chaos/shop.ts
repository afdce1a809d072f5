import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const program = fileURLToPath(new URL('../../test/support/smtp-sink.ts', import.meta.url));
const portSchema = z.object({ port: z.int() });
const mailSchema = z.object({ messageId: z.string().min(1), accepted: z.boolean() });

/**
 * The oracle: a shop in a process of its own, which is never killed and has every order on the disk before it says that it
 * took it.
 */
export async function openShop(log: string) {
  const child = spawn(process.execPath, ['--import', 'tsx', program, '--log', log], {
    stdio: ['pipe', 'pipe', 'inherit'],
    // Ctrl-C is for the house: the shop must outlive it.
    detached: true,
  });
  const [line] = await once(createInterface(child.stdout), 'line');
  const { port } = portSchema.parse(JSON.parse(String(line)));
  return {
    port,
    /** How often each order came in, by its Message-ID. */
    orders(): Map<string, number> {
      const counts = new Map<string, number>();
      for (const text of readFileSync(log, 'utf8').split('\n').filter(Boolean)) {
        const { messageId, accepted } = mailSchema.parse(JSON.parse(text));
        if (accepted) counts.set(messageId, (counts.get(messageId) ?? 0) + 1);
      }
      return counts;
    },
    async close() {
      child.stdin.end();
      if (child.exitCode === null) await once(child, 'exit');
    },
  };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;
