import { z } from 'zod';
import { approvalStatuses } from './approvals.ts';
import { moment } from './api.ts';

/** The event streams of the REST API: what is in their `data`, as JSON. */

/** Something happened to an item of the chain. */
export const boardEventSchema = z
  .strictObject({
    kind: z.enum(['stage', 'invariant']),
    item_id: z.uuid(),
    stage: z.string(),
    event: z
      .string()
      .meta({ description: '`entered`, `claimed`, `done`, `cancelled`, `merged`; of an invariant `break`.' }),
    at: moment,
  })
  .meta({ id: 'BoardEvent' });
export type BoardEvent = z.infer<typeof boardEventSchema>;

/** Something happened to a gate. */
export const approvalEventSchema = z
  .strictObject({
    approval_id: z.uuid(),
    event: z.string().meta({ description: 'As in the record of the approval: `requested`, `asked`, `approved`, …' }),
    status: z.enum(approvalStatuses).meta({ description: 'As it stands when the event is read.' }),
    verdict: z.enum(['approve', 'reject']).nullable(),
    via: z.string().nullable(),
    at: moment,
  })
  .meta({ id: 'ApprovalEvent' });
export type ApprovalEvent = z.infer<typeof approvalEventSchema>;

/** Where a stream begins when it is not told: with what happens from now on. `start` is everything there is. */
export const eventsQuery = z.strictObject({
  after: z
    .string()
    .regex(/^[\w-]{1,200}$/)
    .optional()
    .meta({
      description: 'The id of the last event seen, or `start` for all; the header `Last-Event-ID` goes before it.',
    }),
});
