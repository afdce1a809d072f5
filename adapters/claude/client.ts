import Anthropic from '@anthropic-ai/sdk';
import { type Agent, fetch, Response } from 'undici';
import type { ClaudeSettings } from './settings.ts';

/** The same response, with `onChunk` called for everything that arrives, the service's pings included. */
function watched(response: Response, onChunk: () => void): Response {
  if (response.body === null) return response;
  const body = response.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        onChunk();
        controller.enqueue(chunk);
      },
    }),
  );
  return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers });
}

/**
 * A client for one call that retries nothing, logs nothing, and follows no redirect, which would carry the key along.
 * `onChunk` hears of every chunk of bytes: the SDK keeps pings to itself, and the input of a tool arrives in large
 * pieces with only pings between them. undici's own `fetch` goes with its `Agent`; Node's belongs to another version.
 */
export function createClient(settings: ClaudeSettings, dispatcher: Agent, onChunk: () => void): Anthropic {
  return new Anthropic({
    ...settings.credential,
    baseURL: settings.baseUrl,
    webhookKey: null,
    maxRetries: 0,
    logLevel: 'off',
    openTelemetry: false,
    fetch: async (url, { method = 'GET', headers, body, signal } = {}) => {
      const address = url instanceof Request ? url.url : url;
      // The body of a JSON request is a string; the SDK's other kinds belong to uploads.
      const text = typeof body === 'string' ? body : null;
      const init = { method, headers: [...new Headers(headers)], body: text, signal: signal ?? null };
      return watched(await fetch(address, { ...init, dispatcher, redirect: 'manual' }), onChunk);
    },
  });
}
