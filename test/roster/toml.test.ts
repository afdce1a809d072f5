import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type FieldPath, fieldLocator, LONGEST_TOML, parseToml, TomlSyntaxError } from '../../roster/toml.ts';

function mistakeLine(source: string): number | 'none' {
  try {
    parseToml(source);
    return 'none';
  } catch (error) {
    if (error instanceof TomlSyntaxError) return error.line;
    throw error;
  }
}

const lineOf = (source: string, ...path: Array<string | number>) => fieldLocator(source)(path);

describe('fieldLocator', () => {
  const source = [
    '# a comment with x = 1', // 1
    'x = 1', // 2
    '', // 3
    '[a."b.c"]', // 4
    'text = """', // 5
    'y = 2', // 6
    '"""', // 7
    'list = [', // 8
    '  1, # [z]', // 9
    '  2,', // 10
    ']', // 11
    'd.e = { f = 1, g = [ { h = 2 } ] }', // 12
    '[[rows]]', // 13
    'n = 1', // 14
    '[[rows]]', // 15
    "n = '''", // 16
    "[[rows]]'''", // 17
  ].join('\n');

  it.each<[FieldPath, number]>([
    [['x'], 2],
    [['a'], 4],
    [['a', 'b.c'], 4],
    [['a', 'b.c', 'text'], 5],
    [['a', 'b.c', 'list'], 8],
    [['a', 'b.c', 'list', 1], 8],
    [['a', 'b.c', 'd', 'e', 'g', 0, 'h'], 12],
    [['rows', 0], 13],
    [['rows', 0, 'n'], 14],
    [['rows', 1], 15],
    [['rows', 1, 'n'], 16],
  ])('finds %j', (path, line) => {
    expect(lineOf(source, ...path)).toBe(line);
    expect(lineOf(source.replaceAll('\n', '\r\n'), ...path)).toBe(line);
  });

  it('gives a missing field the line of the table around it', () => {
    expect(lineOf(source, 'rows', 1, 'missing')).toBe(15);
    expect(lineOf(source, 'missing')).toBe(1);
    expect(lineOf(source, 'y')).toBe(1);
  });

  it('finds every field of any document where it was written', () => {
    const key = fc.stringMatching(/^[a-z]{1,6}$/);
    const value = fc.oneof(
      fc.integer().map(String),
      fc.string().map((text) => JSON.stringify(text).replaceAll('\u007f', '')),
      fc.constantFrom('[\n  1,\n  2,\n]', '"""\nq = 1\n[t]\n"""', "'''\n# x\n'''", '{ i = 1 }'),
    );
    const filler = fc.constantFrom('', '# k = 1', '\n\n', '# [table]');
    const table = fc.record({
      filler,
      fields: fc.uniqueArray(fc.record({ key, value, filler }), { selector: (each) => each.key }),
    });
    fc.assert(
      fc.property(fc.array(table, { maxLength: 5 }), (tables) => {
        const lines: string[] = [];
        const expected: Array<[FieldPath, number]> = [];
        const push = (text: string) => lines.push(...text.split('\n'));
        for (const [index, { filler: before, fields }] of tables.entries()) {
          push(before);
          expected.push([['rows', index], lines.length + 1]);
          push('[[rows]]');
          for (const field of fields) {
            push(field.filler);
            expected.push([['rows', index, field.key], lines.length + 1]);
            push(`${field.key} = ${field.value}`);
          }
        }
        const locate = fieldLocator(lines.join('\n'));
        for (const [path, line] of expected) expect(locate(path)).toBe(line);
      }),
      { numRuns: 50 },
    );
  });
});

describe('parseToml', () => {
  it('names the line of a mistake and quotes nothing', () => {
    const secret = 'opensesame';
    expect(() => parseToml(`a = 1\nb = "${secret}\n`)).toThrow(
      expect.objectContaining({ name: 'TomlSyntaxError', line: 2 }),
    );
    expect(() => parseToml(`a = 1\nb = ${secret}\n`)).not.toThrow(secret);
  });

  it.each(['a = 1\na = 2', '__proto__ = 1', 'a = 99999999999999999999', `#${'x'.repeat(LONGEST_TOML)}`])(
    'refuses %.30s',
    (source) => {
      expect(() => parseToml(source)).toThrow(TomlSyntaxError);
    },
  );

  it('either parses a text or says which line it is', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '=', '[', ']', '"', '\n', '1', '.', '{', '}', "'", ' ') }),
        (source) => {
          expect(mistakeLine(source)).toSatisfy((line) => line === 'none' || line > 0);
        },
      ),
    );
  });
});
