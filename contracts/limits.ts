/** What is counted apart for each key: what costs a call of the model, and everything else. */
export const limitKinds = ['queries', 'requests'] as const;
export type LimitKind = (typeof limitKinds)[number];

/** Most requests that a key may make in a minute. */
export type Limits = Readonly<Record<LimitKind, number>>;

export const defaultLimits: Limits = { queries: 60, requests: 600 };

/** Milliseconds for which requests are counted together. */
export const limitWindow = 60_000;

/** Milliseconds after which an event stream ends by itself; its reader resumes. */
export const defaultStreamMs = 300_000;
