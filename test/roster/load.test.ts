import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadRoster, RosterError, type RosterProblem } from '../../roster/load.ts';

const source = readFileSync(new URL('../../roster/household/butler.toml', import.meta.url), 'utf8');
const household = { 'butler.toml': source, 'MANIFESTO.md': 'What it is for.', 'CLAUDE.md': 'How it behaves.' };
type Files = Record<string, Record<string, string>>;

function rosterOf(butlers: Files): string {
  const home = mkdtempSync(join(tmpdir(), 'roster-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  for (const [name, files] of Object.entries(butlers)) {
    mkdirSync(join(home, 'roster', name), { recursive: true });
    for (const [file, text] of Object.entries(files)) writeFileSync(join(home, 'roster', name, file), text);
  }
  return join(home, 'roster');
}

function problemsOf(butlers: Files, env: Record<string, string> = {}): readonly RosterProblem[] {
  try {
    loadRoster({ directory: rosterOf(butlers), env });
  } catch (error) {
    if (error instanceof RosterError) return error.problems;
    throw error;
  }
  return [];
}

/** The household's file with some texts replaced; each must stand in it. */
function changed(...replacements: Array<[string, string]>): Files {
  const text = replacements.reduce((rest, [from, to]) => {
    expect(rest).toContain(from);
    return rest.replace(from, to);
  }, source);
  return { household: { ...household, 'butler.toml': text } };
}

const lineOf = (text: string, part: string) => text.slice(0, text.indexOf(part)).split('\n').length;

describe('the roster of the house', () => {
  it('loads', () => {
    const [butler, ...others] = loadRoster({ directory: 'roster', env: {} });
    expect(others).toEqual([]);
    expect(butler).toMatchObject({
      name: 'household',
      port: 40_105,
      runtime: { type: 'claude', model: 'haiku', maxConcurrentSessions: 1, maxQueuedSessions: 100 },
      db: { name: 'majordomo', schema: 'household' },
      modules: {
        approvals: { expiresAfterMs: 48 * 3_600_000, gatedTools: {} },
        groceries: {
          channel: 'owner',
          budgetPerWeek: { minor: 12_000, currency: 'EUR' },
          defaultPrice: { minor: 400, currency: 'EUR' },
          deadlines: { capturedWithinMs: 900_000, boughtWithinMs: 259_200_000 },
          quietHours: { from: '22:00', to: '07:00', timezone: 'UTC' },
        },
      },
    });
    expect(butler?.modules.groceries).not.toHaveProperty('shopEmail');
    expect(butler?.modules.groceries?.regulars[0]).toEqual({
      name: 'milk',
      quantity: { amount: '1', unit: 'l' },
      price: { minor: 129, currency: 'EUR' },
    });
    expect(butler?.prompt).toContain('span');
    expect(butler?.manifesto).toContain('household');
  });

  it('orders by e-mail when the environment says so', () => {
    const env = {
      MAJORDOMO_SHOP_CHANNEL: 'email',
      MAJORDOMO_SHOP_EMAIL: 'orders@shop.test',
      MAJORDOMO_TIMEZONE: 'Europe/Vienna',
    };
    const [butler] = loadRoster({ directory: 'roster', env });
    expect(butler?.modules.groceries).toMatchObject({
      channel: 'email',
      shopEmail: 'orders@shop.test',
      timezone: 'Europe/Vienna',
    });
    expect(butler?.modules.email?.bot.password_env).toBe('MAJORDOMO_SMTP_PASSWORD');
  });
});

describe('a roster with mistakes', () => {
  it.each<[string, string, string, string]>([
    ['port = 40105', 'port = 40199', 'butler.port', '40105'],
    ['port = 40105', 'port = 40100', 'butler.port', 'switchboard'],
    ['port = 40105', 'port = "40105"', 'butler.port', 'number'],
    ['name = "household"', 'name = "other"', 'butler.name', 'folder'],
    ['name = "household"', 'name = "House-hold"', 'butler.name', 'lower-case'],
    ['schema = "household"', 'schema = "core"', 'butler.db.schema', 'house'],
    ['max_queued_sessions = 100', 'max_queued_sessions = 1.5', 'butler.runtime.max_queued_sessions', 'int'],
    ['type = "claude"', 'type = "cloud"', 'runtime.type', '"claude"'],
    ['description = "Keeps', 'descriptoin = "Keeps', 'butler.descriptoin', 'spelling'],
    ['expires_after = "48h"', 'expires_after = "48 hours"', 'modules.approvals.expires_after', 'duration'],
    [
      'expires_after = "48h"',
      'gated_tools = { "Send-It" = {} }',
      'modules.approvals.gated_tools.Send-It',
      'lower-case',
    ],
    [
      'password_env = "MAJORDOMO_SMTP_PASSWORD"',
      'password_env = "open sesame"',
      'modules.email.bot.password_env',
      'never the value',
    ],
    ['currency = "EUR"', 'currency = "eur"', 'modules.groceries.currency', 'ISO 4217'],
    ['budget_per_week = "120.00"', 'budget_per_week = "120.005"', 'modules.groceries.budget_per_week', 'decimals'],
    ['budget_per_week = "120.00"', 'budget_per_week = 120.0', 'modules.groceries.budget_per_week', 'string'],
    ['budget_per_week = "120.00"', 'budget_per_week = "-1"', 'modules.groceries.budget_per_week', '12.40'],
    ['MAJORDOMO_SHOP_CHANNEL:-owner', 'MAJORDOMO_SHOP_CHANNEL:-fax', 'modules.groceries.channel', '"owner", "email"'],
    ['MAJORDOMO_SHOP_CHANNEL:-owner', 'MAJORDOMO_SHOP_CHANNEL:-email', 'modules.groceries.shop_email', 'is missing'],
    ['MAJORDOMO_SHOP_EMAIL:-', 'MAJORDOMO_SHOP_EMAIL:-nobody', 'modules.groceries.shop_email', 'e-mail'],
    ['MAJORDOMO_TIMEZONE:-UTC', 'MAJORDOMO_TIMEZONE:-Vienna', 'modules.groceries.timezone', 'Europe/Vienna'],
    ['MAJORDOMO_TIMEZONE:-UTC', 'MAJORDOMO_TIMEZONE', 'modules.groceries.timezone', 'MAJORDOMO_TIMEZONE'],
    ['MAJORDOMO_TIMEZONE:-UTC', 'timezone', 'modules.groceries.timezone', 'reference'],
    ['from = "22:00"', 'from = "24:00"', 'modules.groceries.quiet_hours.from', '22:00'],
    ['to = "07:00"', 'to = "22:00"', 'modules.groceries.quiet_hours.to', 'equals'],
    ['captured_within = "15m"', '', 'modules.groceries.deadlines.captured_within', 'is missing'],
    ['name = "eggs"', 'name = "Milk"', 'modules.groceries.regulars[1].name', 'twice'],
    ['unit = "l"', 'unit = "litres"', 'modules.groceries.regulars[0].unit', '"l"'],
    ['quantity = 10', 'quantity = 0', 'modules.groceries.regulars[1].quantity', 'more than zero'],
    ['quantity = 10', 'quantity = 0.0005', 'modules.groceries.regulars[1].quantity', 'three decimals'],
    ['price = "1.29"', 'price = "1.299"', 'modules.groceries.regulars[0].price', 'decimals'],
    ['[modules.email.bot]', '[modules.fax]', 'modules.fax', 'spelling'],
    [
      '[modules.approvals]',
      '[[butler.schedule]]\nname = "Weekly"\ncron = "0 7 *"\ndispatch_mode = "job"\n[modules.approvals]',
      'butler.schedule[0].dispatch_mode',
      'job_name',
    ],
    ['[modules.approvals]', '[modules.approvals]\napi_token = "x"', 'modules.approvals.api_token', 'environment'],
    [
      '[modules.approvals]',
      '[modules.approvals]\napi_token = "${MAJORDOMO_TOKEN:-x}"',
      'modules.approvals.api_token',
      'environment',
    ],
  ])('%s → %s', (from, to, field, advice) => {
    const files = changed([from, to]);
    const found = problemsOf(files).find((problem) => problem.field === field);
    expect(found?.message).toContain(advice);
    expect(found?.file).toBe('roster/household/butler.toml');
    const text = files['household']?.['butler.toml'] ?? '';
    const inPlace = !to.includes('\n') && to !== '' && advice !== 'is missing';
    expect(found?.line).toSatisfy((line) => !inPlace || line === lineOf(text, to));
  });

  it('says everything of every file at once', () => {
    const files: Files = {
      ...changed(
        ['port = 40105', 'port = 1'],
        ['shop_email = "${MAJORDOMO_SHOP_EMAIL:-}"', 'shop_mail = "x@y.test"'],
        ['MAJORDOMO_SHOP_CHANNEL:-owner', 'MAJORDOMO_SHOP_CHANNEL:-email'],
        ['budget_per_week = "120.00"', 'budget_per_week = "12.345"'],
        ['from = "22:00"', 'from = 22'],
        ['unit = "kg"', 'unit = "stone"'],
      ),
      broken: { 'butler.toml': 'a = \n', 'MANIFESTO.md': ' ' },
      empty: {},
    };
    files['twin'] = {
      ...household,
      'butler.toml': (files['household']?.['butler.toml'] ?? '').replace('"household"', '"twin"'),
    };
    const found = problemsOf(files).map(({ file, field }) => `${file} ${field}`.trim());
    for (const field of [
      'household/butler.toml butler.port',
      'household/butler.toml modules.groceries.shop_mail',
      'household/butler.toml modules.groceries.shop_email',
      'household/butler.toml modules.groceries.budget_per_week',
      'household/butler.toml modules.groceries.quiet_hours.from',
      'household/butler.toml modules.groceries.regulars[4].unit',
      'broken/butler.toml',
      'broken/MANIFESTO.md',
      'broken/CLAUDE.md',
      'empty/butler.toml',
      'twin/butler.toml butler.port',
      'twin/butler.toml butler.db.schema',
    ]) {
      expect(found).toContain(`roster/${field}`);
    }
  });

  it('has one line per problem: file, line, field, what to do', () => {
    const directory = rosterOf(changed(['max_queued_sessions = 100', 'max_queued_sessions = -1']));
    const line = lineOf(source, 'max_queued_sessions');
    expect(() => loadRoster({ directory, env: {} })).toThrow(
      new RegExp(
        `^The roster has a problem:\\nroster/household/butler\\.toml:${line} butler\\.runtime\\.max_queued_sessions — `,
      ),
    );
  });

  it('refuses an empty roster', () => {
    const directory = mkdtempSync(join(tmpdir(), 'roster-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    expect(() => loadRoster({ directory, env: {} })).toThrow(RosterError);
  });

  it('refuses a second database', () => {
    const files = changed();
    files['twin'] = {
      ...household,
      'butler.toml': source
        .replaceAll('"household"', '"twin"')
        .replace('"majordomo"', '"other"')
        .replace('40105', '40106'),
    };
    expect(problemsOf(files)).toEqual([
      expect.objectContaining({ file: 'roster/twin/butler.toml', field: 'butler.db.name' }),
    ]);
  });

  it('wants a gate for what spends', () => {
    const text = source.replace(/\[modules\.approvals\][\s\S]*?(?=\[modules\.email)/, '');
    const found = problemsOf({ household: { ...household, 'butler.toml': text } });
    expect(found.map(({ field }) => field)).toEqual(['modules.groceries']);
    expect(found[0]?.message).toContain('gate');
  });
});

describe('a secret in the roster', () => {
  const secrets = [
    ['sk', 'ant-api03', 'A'.repeat(24)].join('-'),
    `12345678:${'B'.repeat(35)}`,
    ['-----BEGIN', 'PRIVATE KEY-----'].join(' '),
    ['postgres://house', 'opensesame@db.test/x'].join(':'),
    ['ghp', 'C'.repeat(36)].join('_'),
    ['eyJhbGciOiJIUzI1NiJ9', 'eyJzdWIiOiIxIn0', 'sig'].join('.'),
  ];

  it.each(secrets)('is refused wherever it stands, and never shown', (secret) => {
    for (const files of [
      changed(['description = "Keeps', `description = "${secret} Keeps`]),
      changed(['# owner: the list', `# ${secret}: the list`]),
      changed(['description = "Keeps', `description = ${secret} "Keeps`]),
      changed(['[runtime]', `["${secret}"]\nx = 1\n[runtime]`]),
      { household: { ...household, 'CLAUDE.md': `The key is ${secret}.` } },
    ]) {
      const found = problemsOf(files);
      expect(found.some(({ message }) => message.includes('move it to the environment'))).toBe(true);
      expect(JSON.stringify(found)).not.toContain(secret);
    }
  });

  it('may be a reference, in a URL too', () => {
    const files = changed(['description = "Keeps', 'description = "postgres://house:${HOUSE_PASSWORD}@db.test Keeps']);
    expect(problemsOf(files, { HOUSE_PASSWORD: 'x' })).toEqual([]);
    expect(problemsOf(files)).toEqual([expect.objectContaining({ field: 'butler.description' })]);
  });

  it('of the environment does not come back in an error', () => {
    const files = changed(['currency = "EUR"', 'currency = "${HOUSE_CURRENCY}"']);
    const found = problemsOf(files, { HOUSE_CURRENCY: 'opensesame' });
    expect(found).toHaveLength(1);
    expect(JSON.stringify(found)).not.toContain('opensesame');
  });
});
