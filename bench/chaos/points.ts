/** The named moments of a purchase at which a part of the house is killed, in their order. */
export const points = ['before-attempt', 'before-send', 'after-send', 'before-completion'] as const;
/**
 * `before-attempt`: the owner said yes, nothing is claimed. `before-send`: `sending` is committed, no byte is out.
 * `after-send`: the shop has the order, no receipt is written. `before-completion`: the receipt is committed, Temporal has
 * not heard of it.
 */
export type Point = (typeof points)[number];

/** What is killed; `all` is everything but the supervisor, at once. */
export const targets = ['worker', 'api', 'temporal', 'postgres', 'all'] as const;
export type Target = (typeof targets)[number];

/** Environment variable that tells the worker of a fault test where to ask whether it may go on. */
export const controlVariable = 'CHAOS_CONTROL_URL';
