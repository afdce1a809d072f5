import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { DataConverter, Payload, PayloadCodec } from '@temporalio/common';
import proto from '@temporalio/proto';
import type { Keyring } from './keyring.ts';

const encoding = 'binary/encrypted';
const algorithm = 'aes-256-gcm';
/** Bytes of the IV, new for every payload, and of the tag (NIST SP 800-38D). */
const ivLength = 12;
const tagLength = 16;
const { Payload: PayloadMessage } = proto.temporal.api.common.v1;

/** An encrypted payload was altered, cut or made with another key of the same id. */
export class PayloadUnreadable extends Error {
  override name = 'PayloadUnreadable';
  readonly keyId: string;

  constructor(keyId: string, cause: unknown) {
    super(`A payload that claims the key "${keyId}" cannot be decrypted.`, { cause });
    this.keyId = keyId;
  }
}

/** What client, worker and replay are given, and what the bundle's failure converter path is taken from. */
export interface HouseDataConverter extends DataConverter {
  readonly failureConverterPath: string;
  readonly payloadCodecs: PayloadCodec[];
}

/** The data converter of the house: payloads encrypted, messages and stacks of failures among them. */
export function dataConverter(keyring: Keyring): HouseDataConverter {
  return { payloadCodecs: [payloadCodec(keyring)], failureConverterPath };
}

/** Path of the module that worker, client, bundler and replay load the failure converter from. */
export const failureConverterPath = fileURLToPath(new URL('./failure-converter.ts', import.meta.url));

/**
 * AES-256-GCM over the whole payload, its metadata included; data is IV, ciphertext, tag; the key's id stands in the
 * metadata. Plain payloads pass through decode: the Web UI and the CLI send signals that nobody encrypted.
 * @throws UnknownKey, PayloadUnreadable on decode
 */
export function payloadCodec(keyring: Keyring): PayloadCodec {
  const keys = new Map<string, Buffer>();
  const keyOf = (id: string): Buffer => {
    const key = keys.get(id) ?? keyring.derive('temporal-payload', id);
    keys.set(id, key);
    return key;
  };
  return {
    encode: (payloads) => Promise.resolve(payloads.map((payload) => encrypt(payload, keyring.current, keyOf))),
    decode: async (payloads) => payloads.map((payload) => (isEncrypted(payload) ? decrypt(payload, keyOf) : payload)),
  };
}

const text = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString('utf8');
const isEncrypted = (payload: Payload): boolean => text(payload.metadata?.encoding) === encoding;

function encrypt(payload: Payload, keyId: string, keyOf: (id: string) => Buffer): Payload {
  const iv = randomBytes(ivLength);
  const cipher = createCipheriv(algorithm, keyOf(keyId), iv, { authTagLength: tagLength });
  const sealed = Buffer.concat([
    iv,
    cipher.update(PayloadMessage.encode(payload).finish()),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return {
    metadata: { encoding: Buffer.from(encoding), 'encryption-key-id': Buffer.from(keyId) },
    data: sealed,
  };
}

function decrypt(payload: Payload, keyOf: (id: string) => Buffer): Payload {
  const keyId = text(payload.metadata?.['encryption-key-id']);
  const key = keyOf(keyId);
  const sealed = Buffer.from(payload.data ?? []);
  try {
    const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, ivLength), { authTagLength: tagLength });
    decipher.setAuthTag(sealed.subarray(-tagLength));
    return PayloadMessage.decode(
      Buffer.concat([decipher.update(sealed.subarray(ivLength, -tagLength)), decipher.final()]),
    );
  } catch (cause) {
    throw new PayloadUnreadable(keyId, cause);
  }
}
