import { readQuantity } from '../../contracts/quantity-words.ts';
import type { Token } from './tokens.ts';

/** One sentence or line, cut at commas and "and". */
export interface Sentence {
  readonly clauses: readonly (readonly Token[])[];
  readonly bullet: boolean;
  readonly question: boolean;
  /** Offset after its last sign. */
  readonly end: number;
}

const closing = new Set(['.', '!', '?', ';', '…']);
const bullets = new Set(['-', '*', '•', '–', '—', '·', '+', '☐', '◦']);
const joining = new Set([',', '&', '+']);
const joiningWords = new Set(['and', 'but', 'plus', 'then']);

/** A full stop ends a sentence only where a space, the end or another closing sign follows. */
function closes(body: string, token: Token): boolean {
  if (token.kind === 'newline') return true;
  if (token.kind !== 'mark' || !closing.has(token.lower)) return false;
  return token.lower === ';' || /^(?:$|[\s.!?…"”)])/u.test(body.slice(token.end, token.end + 1));
}

/** "[ ]" and "[x]". */
function boxLength(line: readonly Token[], at: number): number {
  if (line[at + 1]?.lower === ']') return 2;
  return line[at + 2]?.lower === ']' ? 3 : 0;
}

/** How many tokens at the beginning of a line are its bullet: "-", "[ ]", "1.", "2)". */
function bulletLength(line: readonly Token[], at: number): number {
  const [first, second, third] = [line[at], line[at + 1], line[at + 2]];
  if (first?.lower === '[') return boxLength(line, at);
  if (first?.kind === 'mark' && bullets.has(first.lower))
    return second?.lower === '[' ? 1 + boxLength(line, at + 1) : 1;
  const numbered = first?.kind === 'number' && /^\d{1,3}$/.test(first.lower);
  return numbered && (second?.lower === '.' || second?.lower === ')') && third?.kind !== 'newline' ? 2 : 0;
}

function joins(tokens: readonly Token[], at: number): boolean {
  const token = tokens[at];
  if (token === undefined) return false;
  if (token.kind === 'mark') return joining.has(token.lower);
  if (!joiningWords.has(token.lower)) return false;
  const half = tokens[at + 1]?.lower === 'a' && tokens[at + 2]?.lower === 'half';
  return !(half && at > 0 && readQuantity([tokens[at - 1]?.lower ?? '']) !== null);
}

/** Cuts at every token that `isBorder` names, which belongs to no part; empty parts are left out. */
export function cutAt(tokens: readonly Token[], isBorder: (at: number) => boolean): Token[][] {
  const parts: Token[][] = [[]];
  for (const [at, token] of tokens.entries()) {
    if (isBorder(at)) parts.push([]);
    else parts.at(-1)?.push(token);
  }
  return parts.filter((part) => part.length > 0);
}

/** Sentences and lines in order, each with the clauses it has; those without any are left out. */
export function sentencesOf(body: string, tokens: readonly Token[]): Sentence[] {
  const sentences: Sentence[] = [];
  let from = 0;
  let lineBegins = true;
  let bullet = false;
  while (from < tokens.length) {
    const skipped: number = lineBegins ? bulletLength(tokens, from) : 0;
    bullet = lineBegins ? skipped > 0 : bullet;
    let to: number = from + skipped;
    for (let next = tokens[to]; next !== undefined && !closes(body, next); next = tokens[to]) to += 1;
    const own = tokens.slice(from + skipped, to);
    const border: Token | undefined = tokens[to];
    const clauses = cutAt(own, (at) => joins(own, at));
    const question = border?.lower === '?';
    const end = border === undefined || border.kind === 'newline' ? (own.at(-1)?.end ?? 0) : border.end;
    if (clauses.length > 0) sentences.push({ clauses, bullet, question, end });
    lineBegins = border?.kind === 'newline';
    from = to + 1;
  }
  return sentences;
}
