import { z } from 'zod';

/** Version of the archive's layout; a house refuses what is newer than its own. */
export const archiveFormat = 1;

/** What the archive must hold beside the manifest, and what each is. */
export const parts = {
  temporal: 'temporal/temporal.db',
  base: 'postgres/base.tar',
  wal: 'postgres/pg_wal.tar',
} as const;

const manifestSchema = z.strictObject({
  format: z.literal(archiveFormat),
  /** Version of the house that made it. */
  house: z.string(),
  /** Everything until then is in it; ISO 8601. */
  takenAt: z.iso.datetime(),
  postgresMajor: z.int().positive(),
  /** Applied in its database, as `chain/file`. */
  migrations: z.array(z.string()).min(1),
  files: z
    .array(
      z.strictObject({
        // Only names that cannot lead out of the folder.
        path: z.string().regex(/^(?:keys|temporal|postgres)\/[\w.-]*\w$/),
        bytes: z.int().nonnegative(),
        sha256: z.string().regex(/^[0-9a-f]{64}$/),
      }),
    )
    .refine((files) => Object.values(parts).every((part) => files.some(({ path }) => path === part))),
});

/** What an archive says about itself. */
export type Manifest = z.infer<typeof manifestSchema>;

/** The archive cannot be used; says which and why. Nothing was touched. */
export class ArchiveInvalid extends Error {
  override name = 'ArchiveInvalid';
}

/** Reads a manifest. Throws ArchiveInvalid. */
export function parseManifest(text: string): Manifest {
  const { data: any } = jsonObject.safeParse(parseJson(text));
  if (any !== undefined && any.format > archiveFormat)
    throw new ArchiveInvalid(
      `The archive has format ${any.format}, and this version of Majordomo knows none above ${archiveFormat}: update it first.`,
    );
  const { data } = manifestSchema.safeParse(any);
  if (data === undefined) throw new ArchiveInvalid('The archive is damaged: its manifest.json is not one.');
  return data;
}

const jsonObject = z.looseObject({ format: z.number() });

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
