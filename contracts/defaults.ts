/** Durations in milliseconds. Each is an input of the flow that waits, so that a test passes seconds. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** A question that nobody answers within this time means no. */
export const approvalExpiresAfter = 48 * hour;

/** One message is understood within this time, or its conversation says that it was not. */
export const messageDeadline = 10 * minute;

/** How long a door waits for a decision to be processed before it hands over a durable signal instead. */
export const decisionDeadline = 5 * second;

/** A send that shows no sign of life for this long is taken for dead, and its attempt is fenced. */
export const sendHeartbeat = 10 * second;

/** The longest that one send may take: above the mail server's own limits. */
export const sendDeadline = 2 * minute;

/** How often the house compares what Postgres calls open with what Temporal runs. */
export const reconcileEvery = 5 * minute;

/** A row younger than this may still be on its way to its workflow; the reconcile leaves it alone. */
export const reconcileGrace = 30 * second;

/** Temporal keeps a closed history this long; Postgres keeps what matters for ever. */
export const historyRetentionDays = 30;

/** How many times a send that was certainly not sent is tried. */
export const sendAttempts = 3;

/** The longest that one message to Telegram may take, a document included; after it a claim is given back. */
export const deliveryDeadline = minute;

/** Between two looks for messages that must be shown: the other processes write some too. */
export const relayEvery = second;
