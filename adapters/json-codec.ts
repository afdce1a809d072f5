import type { Payload, PayloadCodec } from '@temporalio/common';

/** A payload as Temporal's JSON has it: bytes in base64. */
interface JsonPayload {
  metadata?: Record<string, string> | undefined;
  data?: string | undefined;
}

/** A payload codec over the JSON form of payloads, as Temporal's Web UI speaks to a codec server. */
export function createJsonCodec(codec: PayloadCodec) {
  return {
    /** What cannot be read (another key, altered) comes back as it is: the rest of the page stays readable. */
    decode: (payloads: readonly JsonPayload[]): Promise<JsonPayload[]> =>
      Promise.all(
        payloads.map(async (payload) => {
          const [decoded] = await codec.decode([fromJson(payload)]).catch(() => []);
          return decoded === undefined ? payload : { ...payload, ...toJson(decoded) };
        }),
      ),
    encode: async (payloads: readonly JsonPayload[]): Promise<JsonPayload[]> =>
      (await codec.encode(payloads.map(fromJson))).map(toJson),
  };
}

const mapValues = <From, To>(record: Record<string, From>, map: (value: From) => To): Record<string, To> =>
  Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

const fromJson = ({ metadata, data }: JsonPayload): Payload => ({
  metadata: mapValues(metadata ?? {}, (value) => Buffer.from(value, 'base64')),
  data: Buffer.from(data ?? '', 'base64'),
});

const toJson = ({ metadata, data }: Payload): JsonPayload => ({
  metadata: mapValues(metadata ?? {}, (value) => Buffer.from(value).toString('base64')),
  data: Buffer.from(data ?? []).toString('base64'),
});
