/** When notices are held back. `from` and `to` are "HH:MM" on the wall clock of `timezone` (IANA); `to` may be on the next day. */
export interface QuietHours {
  readonly from: string;
  readonly to: string;
  readonly timezone: string;
}

interface WallTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly minutes: number;
}

/** Whether Node knows this IANA time zone. */
export function isTimeZone(timezone: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: timezone }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}

/**
 * The instant until which a notice waits, or null when it may go out now. The quiet period begins at the instant of
 * `from` and ends before that of `to`; a wall time that the clock change skips counts as that much later, one that
 * happens twice as its first time.
 */
export function quietUntil(now: Date, { from, to, timezone }: QuietHours): Date | null {
  const today = wallTimeAt(now, timezone);
  const crossesMidnight = toMinutes(to) <= toMinutes(from);
  for (const startDay of crossesMidnight ? [-1, 0] : [0]) {
    const start = instantOf({ ...today, day: today.day + startDay, minutes: toMinutes(from) }, timezone);
    const endDay = startDay + (crossesMidnight ? 1 : 0);
    const end = instantOf({ ...today, day: today.day + endDay, minutes: toMinutes(to) }, timezone);
    if (start <= now.getTime() && now.getTime() < end) return new Date(end);
  }
  return null;
}

function toMinutes(time: string): number {
  const [hours = '0', minutes = '0'] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

function wallTimeAt(instant: Date, timeZone: string): WallTime {
  const parts = new Intl.DateTimeFormat('en', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  }).formatToParts(instant);
  const read = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value);
  return { year: read('year'), month: read('month'), day: read('day'), minutes: read('hour') * 60 + read('minute') };
}

/** The instant at which the day of a moment began. */
export function dayStart(now: Date, timezone: string): Date {
  return new Date(instantOf({ ...wallTimeAt(now, timezone), minutes: 0 }, timezone));
}

const asUtc = ({ year, month, day, minutes }: WallTime) => Date.UTC(year, month - 1, day, 0, minutes);

/** How far the zone is ahead of UTC at an instant, in ms. */
function offsetAt(instant: number, timezone: string): number {
  return asUtc(wallTimeAt(new Date(instant), timezone)) - Math.floor(instant / 60_000) * 60_000;
}

function instantOf(wall: WallTime, timezone: string): number {
  const utc = asUtc(wall);
  const before = utc - offsetAt(utc - 86_400_000, timezone);
  const after = utc - offsetAt(utc + 86_400_000, timezone);
  const holds = (instant: number) => instant + offsetAt(instant, timezone) === utc;
  if (holds(before)) return before;
  return holds(after) ? after : before;
}
