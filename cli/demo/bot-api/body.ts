import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { badRequest } from './refusal.ts';

/** Fields that hold objects: in a form they are JSON. */
const inJson = new Set(['reply_markup', 'reply_parameters', 'link_preview_options', 'reaction']);

/** The parameters of a call, sent as JSON or as a form with files. Throws Refusal. */
export async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const body = await buffer(request);
  const type = request.headers['content-type'] ?? '';
  const boundary = /^multipart\/form-data;\s*boundary="?([^";]+)/.exec(type)?.[1];
  if (boundary !== undefined) return readForm(body, boundary);
  if (body.length === 0) return {};
  if (!type.startsWith('application/json')) throw badRequest('unsupported content type');
  return objectIn(body.toString('utf8'));
}

function objectIn(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  } catch {
    // Told below.
  }
  throw badRequest("can't parse JSON object");
}

interface Part {
  name: string;
  filename: string | undefined;
  content: string;
}

/** `attach://<name>` in a field stands for the file of that name (Bot API, sending files). */
function readForm(body: Buffer, boundary: string): Record<string, unknown> {
  const parts = partsOf(body, boundary);
  const files = new Map(parts.filter(({ filename }) => filename !== undefined).map((part) => [part.name, part]));
  const fields = parts.filter(({ filename }) => filename === undefined);
  return Object.fromEntries(
    fields.map(({ name, content }) => {
      const attached = /^attach:\/\/(.+)$/.exec(content)?.[1];
      if (attached === undefined) return [name, inJson.has(name) ? objectIn(content) : content];
      const file = files.get(attached);
      if (file === undefined) throw badRequest('the attached file is missing');
      return [name, { name: file.filename, content: file.content }];
    }),
  );
}

function partsOf(body: Buffer, boundary: string): Part[] {
  const pieces = body.toString('latin1').split(`--${boundary}`);
  if (!pieces.at(-1)?.startsWith('--')) throw badRequest('the form ends early');
  return pieces.slice(1, -1).map((piece) => {
    const end = piece.indexOf('\r\n\r\n');
    const head = piece.slice(0, end);
    const name = /name="([^"]+)"/.exec(head)?.[1];
    if (end === -1 || name === undefined) throw badRequest('a part of the form has no name');
    const content = Buffer.from(piece.slice(end + 4, -2), 'latin1').toString('utf8');
    return { name, filename: /filename="?([^"\r\n]+)"?/.exec(head)?.[1], content };
  });
}
