/** A process as it was seen: pid, start time in the system's own form, command line. */
export interface Identity {
  pid: number;
  start: string;
  command: string;
}

/** The process with this pid as it is now; undefined when it is gone or a zombie. */
export function identify(pid: number): Identity | undefined;

/** The same, read with ps; what `identify` does where there is no /proc. */
export function fromPs(pid: number): Identity | undefined;

/** Whether the process that was seen still runs (same pid, same start time). */
export function isSame(known: Pick<Identity, 'pid' | 'start'>): boolean;
