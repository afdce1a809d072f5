import type { ZodType } from 'zod';
import { approvalContracts } from '../api/routes/approvals.ts';
import { eventContracts } from '../api/routes/events.ts';
import { keyContracts } from '../api/routes/keys.ts';
import { messageContracts } from '../api/routes/messages.ts';
import { pipelineContracts } from '../api/routes/pipelines.ts';
import { webUiLinkContracts } from '../api/routes/web-ui-links.ts';

/** Every route that the client can call, as the house documents it. */
export const routes = [
  ...eventContracts,
  ...messageContracts,
  ...pipelineContracts,
  ...approvalContracts,
  ...keyContracts,
  ...webUiLinkContracts,
];

const known = routes.map(({ method, path, responses }) => ({
  method,
  path: new RegExp(`^${path.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`),
  // A template with fewer names is the nearer one: `/keys/current` before `/keys/{id}`.
  names: path.split('{').length,
  answers: new Map(Object.entries(responses)),
}));
known.sort((one, other) => one.names - other.names);

/** The schema of a documented JSON answer, by the path below `/api/v1`; undefined when none is documented. */
export function schemaOf(method: string, path: string, status: number): ZodType | undefined {
  const route = known.find((each) => each.method === method.toLowerCase() && each.path.test(path));
  const documented = route?.answers.get(String(status));
  const content = documented !== undefined && 'content' in documented ? documented.content : undefined;
  const schema = content?.['application/json']?.schema;
  return isSchema(schema) ? schema : undefined;
}

function isSchema(value: unknown): value is ZodType {
  return typeof value === 'object' && value !== null && 'safeParse' in value;
}
