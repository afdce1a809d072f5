import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/** File in a state folder that was restored and not started since. */
export const restoredFile = (home: string): string => join(home, 'restored.json');

const marker = z.strictObject({ id: z.uuid(), takenAt: z.iso.datetime() });

/** A restore that the house has not heard of yet. */
export type Restored = z.infer<typeof marker>;

/** The marker is there and says nothing; the house must not start without it. */
export class MarkerInvalid extends Error {
  override name = 'MarkerInvalid';
}

/** The text of a new marker. */
export const markerText = (takenAt: string): string => `${JSON.stringify({ id: randomUUID(), takenAt })}\n`;

/** The marker of a house; undefined when it was not restored, or knows it already. Throws MarkerInvalid. */
export function readMarker(home: string): Restored | undefined {
  const file = restoredFile(home);
  if (!existsSync(file)) return undefined;
  try {
    return marker.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new MarkerInvalid(`${file} must be {"id": "<a UUID>", "takenAt": "<time of the backup, ISO 8601, UTC>"}.`, {
      cause,
    });
  }
}

export const removeMarker = (home: string): Promise<void> => rm(restoredFile(home), { force: true });
