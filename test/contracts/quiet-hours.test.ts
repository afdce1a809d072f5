import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dayStart, isTimeZone, quietUntil } from '../../contracts/quiet-hours.ts';

const night = { from: '22:00', to: '07:00', timezone: 'Europe/Vienna' };
const until = (now: string, hours = night) => quietUntil(new Date(now), hours)?.toISOString() ?? null;

const offsetOf = (instant: Date, timeZone: string) =>
  new Intl.DateTimeFormat('en', { timeZone, timeZoneName: 'longOffset' })
    .formatToParts(instant)
    .find(({ type }) => type === 'timeZoneName')?.value;

describe('quietUntil', () => {
  it.each([
    ['2026-01-15T20:59:59Z', null],
    ['2026-01-15T21:00:00Z', '2026-01-16T06:00:00.000Z'],
    ['2026-01-16T02:00:00Z', '2026-01-16T06:00:00.000Z'],
    ['2026-01-16T05:59:59.999Z', '2026-01-16T06:00:00.000Z'],
    ['2026-01-16T06:00:00Z', null],
    ['2026-12-31T22:30:00Z', '2027-01-01T06:00:00.000Z'],
  ])('crosses midnight: %s → %s', (now, end) => {
    expect(until(now)).toBe(end);
  });

  it('has hours within one day', () => {
    const noon = { from: '13:00', to: '14:30', timezone: 'Asia/Kolkata' };
    expect(until('2026-06-01T07:29:00Z', noon)).toBeNull();
    expect(until('2026-06-01T07:30:00Z', noon)).toBe('2026-06-01T09:00:00.000Z');
    expect(until('2026-06-01T09:00:00Z', noon)).toBeNull();
  });

  it('ends at seven on the wall in the nights of the clock change', () => {
    expect(until('2026-03-28T21:30:00Z')).toBe('2026-03-29T05:00:00.000Z');
    expect(until('2026-10-24T20:30:00Z')).toBe('2026-10-25T06:00:00.000Z');
  });

  it('ends later when the clock skips the end, and at its first time when it happens twice', () => {
    const half = { ...night, to: '02:30' };
    expect(until('2026-03-29T00:45:00Z', half)).toBe('2026-03-29T01:30:00.000Z');
    expect(until('2026-10-25T00:15:00Z', half)).toBe('2026-10-25T00:30:00.000Z');
    expect(until('2026-10-25T01:15:00Z', half)).toBeNull();
  });

  it('ends after now, within 25 hours, on the wall time asked for, and is over then', () => {
    const clock = fc.integer({ min: 0, max: 1439 }).map((minutes) => {
      const [hours, rest] = [Math.floor(minutes / 60), minutes % 60].map((part) => String(part).padStart(2, '0'));
      return `${hours}:${rest}`;
    });
    const zone = fc.constantFrom('Europe/Vienna', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'UTC');
    const now = fc.date({ min: new Date('2020-01-01'), max: new Date('2035-01-01'), noInvalidDate: true });
    fc.assert(
      fc.property(clock, clock, zone, now, (from, to, timezone, instant) => {
        fc.pre(from !== to);
        const end = quietUntil(instant, { from, to, timezone });
        if (!end) return;
        expect(end.getTime()).toBeGreaterThan(instant.getTime());
        expect(end.getTime() - instant.getTime()).toBeLessThanOrEqual(25 * 3_600_000);
        expect(quietUntil(end, { from, to, timezone })).toBeNull();
        const wall = new Intl.DateTimeFormat('en-GB', {
          timeZone: timezone,
          hour: '2-digit',
          minute: '2-digit',
        }).format(end);
        const offsetNear = (days: number) => offsetOf(new Date(end.getTime() + days * 86_400_000), timezone);
        expect(wall === to || offsetNear(-1) !== offsetNear(1)).toBe(true);
      }),
    );
  });

  it('knows zones', () => {
    expect(['Europe/Vienna', 'UTC', 'Vienna', ''].map(isTimeZone)).toEqual([true, true, false, false]);
  });
});

describe('dayStart', () => {
  it.each([
    ['2026-11-21T12:00:00Z', 'UTC', '2026-11-21T00:00:00.000Z'],
    ['2026-11-21T23:30:00Z', 'Europe/Vienna', '2026-11-21T23:00:00.000Z'],
    ['2026-11-21T22:30:00Z', 'Europe/Vienna', '2026-11-20T23:00:00.000Z'],
    // On the day that the clock goes forward, and on that where midnight does not exist.
    ['2026-03-29T12:00:00Z', 'Europe/Vienna', '2026-03-28T23:00:00.000Z'],
    ['2024-04-26T12:00:00Z', 'Africa/Cairo', '2024-04-25T22:00:00.000Z'],
  ])('of %s in %s is %s', (now, timezone, start) => {
    expect(dayStart(new Date(now), timezone).toISOString()).toBe(start);
  });
});
