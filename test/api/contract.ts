import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'vitest';
import type { createApp } from '../../api/app.ts';

interface Media {
  schema: object;
  example?: unknown;
  examples?: Record<string, { value: unknown }>;
}
interface Operation {
  responses: Record<string, { content?: Record<string, Media> }>;
  requestBody?: { content: Record<string, Media> };
}
export interface ApiDocument {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, object> };
}

/** Holds answers against the OpenAPI document that the app itself gives. */
export function contractOf(app: ReturnType<typeof createApp>) {
  const info = { title: 'test', version: '1' };
  const document: ApiDocument = JSON.parse(JSON.stringify(app.getOpenAPI31Document({ openapi: '3.1.0', info })));
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema({ $id: 'api', ...document });
  const validators = new Map<object, ReturnType<typeof ajv.compile>>();

  /** What is wrong with a value by a schema of the document; empty when nothing is. */
  function errors(schema: object, value: unknown): string[] {
    const validate = validators.get(schema) ?? ajv.compile(withBase(schema));
    validators.set(schema, validate);
    return validate(value) ? [] : (validate.errors ?? []).map((error) => `${error.instancePath} ${error.message}`);
  }

  return {
    document,
    errors,
    check(method: string, path: string, response: Response, body: unknown): void {
      const operation = operationOf(document, method, path);
      if (operation === undefined) return;
      const documented = operation.responses[String(response.status)]?.content;
      expect(documented, `${method} ${path} answers ${response.status}, which is not documented`).toBeDefined();
      const media = documented?.[(response.headers.get('content-type') ?? '').split(';')[0] ?? ''];
      expect(media, `${method} ${path} answers ${response.status} as another media type`).toBeDefined();
      if (media !== undefined) expect(errors(media.schema, body), `${method} ${path} ${response.status}`).toEqual([]);
    },
  };
}

function operationOf(document: ApiDocument, method: string, target: string): Operation | undefined {
  const path = target.split('?')[0] ?? '';
  const match = Object.keys(document.paths)
    .filter((template) => new RegExp(`^${template.replaceAll(/\{[^}]+\}/g, '[^/]+')}$`).test(path))
    .sort((a, b) => a.split('{').length - b.split('{').length)[0];
  return match === undefined ? undefined : document.paths[match]?.[method.toLowerCase()];
}

/** References of the document are meant within it. */
function withBase(schema: object): object {
  const within: object = JSON.parse(JSON.stringify(schema).replaceAll('"#/components', '"api#/components'));
  return within;
}
