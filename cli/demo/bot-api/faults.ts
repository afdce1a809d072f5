import { z } from 'zod';

/** What is to go wrong with the next calls of a method. */
export const faultSchema = z.discriminatedUnion('kind', [
  /** 429 with retry_after, or any other answer that does nothing. */
  z.strictObject({
    kind: z.literal('answer'),
    code: z.number().int(),
    description: z.string().optional(),
    retry_after: z.number().int().optional(),
  }),
  /** The request arrives and nothing comes back, until the caller leaves. */
  z.strictObject({ kind: z.literal('hang') }),
  /** It is done, and the connection is cut before the answer. */
  z.strictObject({ kind: z.literal('lost') }),
  /** Nothing is done, and the connection is cut. */
  z.strictObject({ kind: z.literal('reset') }),
  /** It is done, and the answer is no JSON. */
  z.strictObject({ kind: z.literal('garbage') }),
]);
export type Fault = z.input<typeof faultSchema>;

/** Faults in the order in which they were scripted, each used once. */
export function createFaults() {
  const scripted: Array<{ method: string; fault: Fault }> = [];
  return {
    script(method: string, fault: Fault, times: number): void {
      scripted.push(...Array.from({ length: times }, () => ({ method, fault })));
    },
    next(method: string): Fault | undefined {
      const index = scripted.findIndex((each) => each.method === method);
      return index === -1 ? undefined : scripted.splice(index, 1)[0]?.fault;
    },
    clear(): void {
      scripted.length = 0;
    },
  };
}
