import type { Logger as TemporalLogger, LogLevel, LogMetadata } from '@temporalio/common';
import { type DestinationStream, type Logger, pino, stdSerializers } from 'pino';
import { createRedactor, type Redactor } from './redact.ts';

export { createRedactor, type Redactor } from './redact.ts';
export type { Logger } from 'pino';

/** What a process logs, and what it must not. */
export interface LoggerOptions {
  /** The process: `worker`, `api`, `supervisor`. */
  readonly name: string;
  /** `trace`, `debug`, `info`, `warn`, `error`, `fatal` or `silent`; `info` by default. */
  readonly level?: string;
  /** Knows the secret values; may learn more while the logger is in use. */
  readonly redactor?: Redactor;
  /** Standard output by default. */
  readonly destination?: DestinationStream;
}

/**
 * JSON lines, each redacted as a whole just before it is written: fields of child loggers, nested objects, messages and
 * stacks of errors alike.
 */
export function createLogger(options: LoggerOptions): Logger {
  const redactor = options.redactor ?? createRedactor();
  return pino(
    {
      name: options.name,
      level: options.level ?? 'info',
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: stdSerializers.errWithCause, error: stdSerializers.errWithCause },
      hooks: { streamWrite: (line) => `${JSON.stringify(redactor.value(JSON.parse(line)))}\n` },
    },
    options.destination ?? pino.destination(1),
  );
}

const levels = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const;

/** The logger that Temporal's `Runtime.install({ logger })` takes; its lines become lines of ours. */
export function temporalLogger(logger: Logger): TemporalLogger {
  const log = (level: LogLevel, message: string, meta?: LogMetadata): void =>
    logger[levels[level]]({ ...meta }, message);
  return {
    log,
    trace: (message, meta) => log('TRACE', message, meta),
    debug: (message, meta) => log('DEBUG', message, meta),
    info: (message, meta) => log('INFO', message, meta),
    warn: (message, meta) => log('WARN', message, meta),
    error: (message, meta) => log('ERROR', message, meta),
  };
}
