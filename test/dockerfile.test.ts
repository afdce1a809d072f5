import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

interface Step {
  readonly instruction: string;
  readonly rest: string;
}

/** The steps of each stage, in order; continued lines are joined. Only what our Dockerfile uses. */
function stagesOf(dockerfile: string): Step[][] {
  const logical = dockerfile
    .replace(/^#.*\n/gm, '')
    .replace(/\\\n\s*/g, '')
    .split('\n')
    .filter(Boolean);
  const stages: Step[][] = [];
  for (const line of logical) {
    const [, instruction = '', rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? [];
    if (instruction === 'FROM') stages.push([]);
    stages.at(-1)?.push({ instruction, rest });
  }
  return stages;
}

const stages = stagesOf(readFileSync('Dockerfile', 'utf8'));
const [build = [], final = []] = stages;
const of = (steps: readonly Step[], instruction: string) =>
  steps.filter((step) => step.instruction === instruction).map(({ rest }) => rest);

/** What `COPY . .` brings: .dockerignore shuts everything out and lets these back in. */
const context = readFileSync('.dockerignore', 'utf8')
  .split('\n')
  .filter((line) => line.startsWith('!'))
  .map((line) => line.slice(1));

const command = z.array(z.string());
const compose = z
  .object({
    services: z.record(z.string(), z.looseObject({ build: z.string().optional(), command: command.optional() })),
  })
  .parse(parse(readFileSync('docker-compose.temporal.yml', 'utf8'), { merge: true }));

/** Runs one RUN step as Docker would, in a folder that stands for /app. Rejects with its output when it fails. */
function runStep(step: string, cwd: string): Promise<void> {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], npm_config_prefer_offline: 'true' };
  const child = spawn('/bin/sh', ['-c', step], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) =>
      code === 0 ? resolve() : reject(new Error(`${step} ended with ${code}:\n${output}`)),
    );
  });
}

function copyStep(step: string, app: string): void {
  const files = step === '. .' ? context : step.split(' ').slice(0, -1);
  for (const file of files) cpSync(file, join(app, file), { recursive: true });
}

describe('Dockerfile', () => {
  it('builds in one stage and runs in another, on the same pinned Node 20', () => {
    expect(stages).toHaveLength(2);
    const bases = stages.map(([from]) => from?.rest.split(' ')[0]);
    expect(bases[0]).toMatch(/^node:20\.\d+\.\d+-[a-z]+-slim$/);
    expect(bases[1]).toBe(bases[0]);
    expect(of(final, 'COPY')).toEqual(['--from=build /app ./']);
  });

  it('installs from the lock file, with the settings that forbid install scripts, before it copies the sources', () => {
    expect(build.map(({ instruction, rest }) => `${instruction} ${rest}`).slice(1)).toEqual([
      'WORKDIR /app',
      'COPY package.json package-lock.json .npmrc ./',
      'RUN npm ci --omit=dev',
      'COPY . .',
      'RUN npm run build',
    ]);
  });

  it('runs as somebody who is not root, on a state folder of its own', () => {
    const [state] = of(final, 'RUN');
    expect(state).toBe('mkdir -m 0700 /var/lib/majordomo && chown node:node /var/lib/majordomo');
    expect(of(final, 'ENV')).toContain('MAJORDOMO_HOME=/var/lib/majordomo');
    expect(final.findIndex(({ instruction }) => instruction === 'USER')).toBeGreaterThan(
      final.findIndex(({ instruction }) => instruction === 'RUN'),
    );
    expect(of(final, 'USER')).toEqual(['node']);
  });

  it('has a health check that is a program, not a shell line', () => {
    const [check = ''] = of(final, 'HEALTHCHECK');
    const [node, flag, script = ''] = command.parse(JSON.parse(check.slice(check.indexOf('['))));
    expect([node, flag]).toEqual(['node', '-e']);
    expect(() => new Script(script)).not.toThrow();
    expect(script).toContain('/api/v1/live');
  });

  it('leaves out state, secrets and tests', () => {
    expect(readFileSync('.dockerignore', 'utf8')).toMatch(/^\*$/m);
    for (const name of ['.env', '.git', 'node_modules', 'test', 'bench', 'docs', 'dist'])
      expect(context).not.toContain(name);
  });

  it('gives everything that its commands and those of the compose file need, in a clean folder', async () => {
    const app = mkdtempSync(join(tmpdir(), 'image-'));
    onTestFinished(() => rmSync(app, { recursive: true }));
    for (const { instruction, rest } of build.slice(2)) {
      if (instruction === 'RUN') await runStep(rest, app);
      else copyStep(rest, app);
    }
    const commands = [
      ...of(final, 'CMD').map((text) => command.parse(JSON.parse(text))),
      ...Object.values(compose.services).flatMap((each) => (each.build && each.command ? [each.command] : [])),
    ];
    const entries = new Set(commands.flatMap((words) => words.filter((word) => /\.(ts|mjs)$/.test(word))));
    expect(entries).toEqual(new Set(['workers/api.ts', 'workers/main.ts', 'cli/main.ts']));
    for (const entry of entries) expect([entry, existsSync(join(app, entry))]).toEqual([entry, true]);
    const [, verb] =
      commands.map((words) => words.slice(words.indexOf('cli/main.ts'))).find(([entry]) => entry === 'cli/main.ts') ??
      [];
    expect(existsSync(join(app, `cli/commands/${verb}.ts`))).toBe(true);
    expect(commands.some((words) => words.join(' ').startsWith('node --import tsx '))).toBe(true);
    expect(existsSync(join(app, 'node_modules/tsx'))).toBe(true);
    expect(existsSync(join(app, 'node_modules/vitest'))).toBe(false);
    expect(readdirSync(join(app, 'dist'))).toEqual([expect.stringMatching(/^workflows-[0-9a-f]+\.js$/)]);
  }, 240_000);
});
