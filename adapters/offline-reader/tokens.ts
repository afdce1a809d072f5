import { numberToken } from '../../contracts/quantity-words.ts';
import { unitOf } from '../../contracts/units.ts';

/** A piece of the message; `end` is after its last UTF-16 code unit. */
export interface Token {
  readonly kind: 'number' | 'word' | 'mark' | 'newline';
  /** Lower case, with a plain apostrophe. */
  readonly lower: string;
  readonly start: number;
  readonly end: number;
}

const pattern = new RegExp(
  [
    `(?<number>${numberToken.source})`,
    String.raw`(?<times>(?<![\p{L}\p{M}])[xX](?=\d))`,
    String.raw`(?<word>\p{L}[\p{L}\p{M}\p{N}]*(?:['’-][\p{L}\p{N}][\p{L}\p{M}\p{N}]*)*)`,
    String.raw`(?<newline>[\r\n]+)`,
    String.raw`(?<mark>\S)`,
  ].join('|'),
  'gu',
);

function kindOf(groups: Record<string, string | undefined>): Token['kind'] {
  if (groups.number !== undefined) return 'number';
  if (groups.word !== undefined || groups.times !== undefined) return 'word';
  return groups.newline === undefined ? 'mark' : 'newline';
}

/** "7up" and "3.5%" are words that begin with a number; "500g" and "3x" are a number and a word. */
function joins(before: Token, token: Token): boolean {
  if (before.kind !== 'number' || before.end !== token.start) return false;
  if (token.lower === '%') return true;
  return token.kind === 'word' && token.lower !== 'x' && unitOf(token.lower) === null;
}

/** Cuts a text into tokens in one pass; white space separates and is no token. */
export function tokenise(body: string): Token[] {
  const tokens: Token[] = [];
  for (const match of body.matchAll(pattern)) {
    const token: Token = {
      kind: kindOf(match.groups ?? {}),
      lower: match[0].toLowerCase().replaceAll('’', "'"),
      start: match.index,
      end: match.index + match[0].length,
    };
    const before = tokens.at(-1);
    if (before !== undefined && joins(before, token)) {
      tokens[tokens.length - 1] = { ...before, kind: 'word', lower: before.lower + token.lower, end: token.end };
    } else {
      tokens.push(token);
    }
  }
  return tokens;
}
