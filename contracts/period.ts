/**
 * The Monday that begins the week of a moment in a time zone, as `YYYY-MM-DD` (ISO 8601 weeks).
 * Throws a RangeError on an unknown IANA zone.
 */
export function weekStart(moment: Date, timeZone: string): string {
  const parts = new Intl.DateTimeFormat('en-CA', { timeZone, year: 'numeric', month: '2-digit', day: '2-digit' });
  const day = new Date(`${parts.format(moment)}T00:00:00Z`);
  const daysSinceMonday = (day.getUTCDay() + 6) % 7;
  day.setUTCDate(day.getUTCDate() - daysSinceMonday);
  return day.toISOString().slice(0, 10);
}
