import { v5 } from 'uuid';

/** The house's own namespace of UUIDv5; changing it would make every derived id another one. */
const namespace = '5b1cf0a4-6a53-4d3e-9d0c-3f6f2f1f7c1e';

/**
 * A UUIDv5 of the parts: the same parts always give the same id, so that a repeated step writes the same row. Parts are
 * kept apart: ("a", "bc") and ("ab", "c") have two ids.
 */
export function deriveId(...parts: readonly [string, ...string[]]): string {
  return v5(JSON.stringify(parts), namespace);
}
