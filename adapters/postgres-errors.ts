/** The database could not be reached, closed the connection or did not answer in time; the same call may work later. */
export class DatabaseUnavailable extends Error {
  override name = 'DatabaseUnavailable';
  readonly retryable = true;
  /** SQLSTATE or system error code, where there is one. */
  readonly code: string | undefined;

  constructor(code: string | undefined, cause: unknown) {
    super(`The database is unavailable${code ? ` (${code})` : ''}.`, { cause });
    this.code = code;
  }
}

const systemCodes = new Set([
  'EAI_AGAIN',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
  'ENOTFOUND',
  'EPIPE',
  'ETIMEDOUT',
]);
/**
 * SQLSTATE (Postgres manual, appendix A): 08 connection exceptions, 53 out of connections, memory or disk, 57P01 to 57P03
 * shutdown and start, 57014 statement timeout, 25P03 and 57P05 idle timeouts.
 */
const sqlStates = /^(08...|53...|57P0[1235]|57014|25P03)$/;
/** Messages of node-postgres 8 for failures to which it gives no code. */
const messages =
  /^(Connection terminated|timeout expired|timeout exceeded when trying to connect|Query read timeout|Client has encountered a connection error)/;

/** The error that a caller sees: DatabaseUnavailable for failures of the connection, the error itself otherwise. */
export function databaseError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const unavailable = code === undefined ? messages.test(error.message) : systemCodes.has(code) || sqlStates.test(code);
  return unavailable ? new DatabaseUnavailable(code, error) : error;
}
