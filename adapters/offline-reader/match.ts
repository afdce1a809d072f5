import type { Phrase, Phrases } from './words.ts';

/** The longest phrase that the words hold from `at` on, or null. */
export function phraseAt<T>(phrases: Phrases<T>, words: readonly string[], at: number): Phrase<T> | null {
  const candidates = phrases.get(words[at] ?? '');
  return candidates?.find((each) => each.words.every((word, index) => words[at + index] === word)) ?? null;
}
