import type { Caller } from './ports.ts';

/** What the middleware leaves for the routes. */
export interface ApiEnv {
  Variables: {
    requestId: string;
    /** Set behind the authentication, that is under `/api/v1` outside health. */
    caller: Caller;
  };
}
