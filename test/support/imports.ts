import { parseSync, Visitor } from 'oxc-parser';

/** One import, export-from or `import()` of a file. */
export interface Import {
  /** As it is written; undefined when it is computed. */
  specifier: string | undefined;
  /** `type` leaves nothing at run time; with verbatimModuleSyntax that is the whole statement's word, not a name's. */
  kind: 'type' | 'value';
  /** From 1. */
  line: number;
}

/** Everything that a source imports, static or not. Throws when it cannot be parsed. */
export function importsOf(file: string, source: string): Import[] {
  const { program, errors } = parseSync(file, source);
  if (errors[0] !== undefined) throw new Error(`${file}: ${errors[0].message}`);
  const found: Import[] = [];
  const add = (specifier: string | undefined, kind: Import['kind'], start: number) =>
    found.push({ specifier, kind, line: source.slice(0, start).split('\n').length });
  new Visitor({
    ImportDeclaration: ({ source: from, importKind, start }) => add(from.value, importKind ?? 'value', start),
    ExportAllDeclaration: ({ source: from, exportKind, start }) => add(from.value, exportKind ?? 'value', start),
    ExportNamedDeclaration({ source: from, exportKind, start }) {
      if (from !== null) add(from.value, exportKind ?? 'value', start);
    },
    TSImportType: ({ source: from, start }) => add(from.value, 'type', start),
    TSExternalModuleReference: ({ expression, start }) => add(expression.value, 'value', start),
    ImportExpression: ({ source: from, start }) => add(literal(from), 'value', start),
    CallExpression({ callee, arguments: [first], start }) {
      if (callee.type === 'Identifier' && callee.name === 'require') add(first && literal(first), 'value', start);
    },
  }).visit(program);
  return found;
}

/** A string that stands in the source, also one in backquotes. */
function literal(node: {
  type: string;
  value?: unknown;
  quasis?: { value: { cooked: string | null } }[];
}): string | undefined {
  if (node.type === 'Literal' && typeof node.value === 'string') return node.value;
  return node.type === 'TemplateLiteral' && node.quasis?.length === 1
    ? (node.quasis[0]?.value.cooked ?? undefined)
    : undefined;
}
