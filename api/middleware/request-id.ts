import { requestId } from 'hono/request-id';

/** Longest request id that is taken from a caller. */
const longest = 64;

/** Takes a caller's `x-request-id` of letters, digits, `-`, `_` and `=`, or makes a UUID; it comes back in every answer. */
export const requestIds = () => requestId({ limitLength: longest });
