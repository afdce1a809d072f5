import { WrongUsage } from './commands/command.ts';

const whole = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const beginning = /^[0-9a-f][0-9a-f-]{3,}$/;

/** As people see an id. */
export const shortId = (id: string): string => id.slice(0, 8);

/**
 * The id that is meant by its first digits, four at least; a whole id is taken as it is, without a look at the others.
 * Throws WrongUsage, which says what to write.
 */
export async function pickId(
  given: string | undefined,
  { one, list, all }: { one: string; list: string; all: () => Promise<readonly string[]> },
): Promise<string> {
  const start = (given ?? '').toLowerCase();
  if (whole.test(start)) return start;
  if (!beginning.test(start))
    throw new WrongUsage(`${given} is no id: write at least its first four digits; see ${list}`);
  const found = [...new Set(await all())].filter((id) => id.startsWith(start));
  const [id, ...others] = found;
  if (id === undefined) throw new WrongUsage(`No ${one} begins with ${start}; see ${list}`);
  if (others.length > 0)
    throw new WrongUsage(`More than one ${one} begins with ${start}: write more of ${found.join(' or ')}`);
  return id;
}
