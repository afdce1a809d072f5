import type { Target } from './line.ts';

/** Nothing, or more than one thing, is meant; the message says what to write. */
export class UnclearChoice extends Error {
  override readonly name = 'UnclearChoice';
}

/**
 * The things of one kind that the owner can answer. Each gets a number when it is first shown and keeps it: a number
 * that was read on the screen never comes to mean another thing.
 */
export function createChoices(words: { one: string; none: string }) {
  const shown: string[] = [];
  const open = new Set<string>();

  function onlyOne(command: string): string {
    const [first, ...others] = open;
    if (first === undefined) throw new UnclearChoice(words.none);
    if (others.length === 0) return first;
    const ways = [...open].map((id) => `${command} ${numberOf(id)}`).join(' or ');
    throw new UnclearChoice(`More than one ${words.one} is open: write ${ways}.`);
  }

  function byStart(start: string): string {
    const found = shown.filter((id) => id.startsWith(start));
    if (found.length === 1 && found[0] !== undefined) return found[0];
    if (found.length > 1) throw new UnclearChoice(`More than one ${words.one} begins with ${start}: write more of it.`);
    throw new UnclearChoice(`No ${words.one} that was shown here begins with ${start}.`);
  }

  const numberOf = (id: string): number => shown.indexOf(id) + 1;

  return {
    /** Opens a thing, or opens it again; returns its number. */
    show(id: string): number {
      if (!shown.includes(id)) shown.push(id);
      open.add(id);
      return numberOf(id);
    },
    /** Whether it was ever shown. */
    knows: (id: string): boolean => shown.includes(id),
    close: (id: string): void => void open.delete(id),
    open: (): readonly string[] => [...open],
    numberOf,
    /**
     * The id that is meant; one that is closed too when it is named, for the house knows what became of it. `command` is
     * what to write before a number. Throws UnclearChoice.
     */
    pick(target: Target, command: string): string {
      if (target.by === 'only') return onlyOne(command);
      if (target.by === 'id') return byStart(target.id);
      const id = shown[target.number - 1];
      if (id === undefined) throw new UnclearChoice(`There is no ${words.one} ${target.number} here.`);
      return id;
    },
  };
}

export type Choices = ReturnType<typeof createChoices>;
