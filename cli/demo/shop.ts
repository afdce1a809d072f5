import { SMTPServer } from 'smtp-server';
import type { Arrivals } from './story.ts';

/** A shop that takes orders by e-mail. */
export interface Shop {
  /** What a house needs to order here. */
  env: NodeJS.ProcessEnv;
  /** The orders that came in, by their Message-ID. */
  arrivals: Arrivals;
  close: () => Promise<void>;
}

/** The domain of the house's sender, which ends the Message-ID of every order. */
export const senderDomain = 'home.example';

/** What a house needs to order by e-mail at a shop that listens on a port of loopback. */
export const shopSettings = (port: number): NodeJS.ProcessEnv => ({
  MAJORDOMO_SHOP_CHANNEL: 'email',
  MAJORDOMO_SHOP_EMAIL: 'orders@shop.example',
  MAJORDOMO_SMTP_HOST: '127.0.0.1',
  MAJORDOMO_SMTP_PORT: String(port),
  MAJORDOMO_SMTP_SECURE: 'none',
  MAJORDOMO_SMTP_FROM: `Majordomo <house@${senderDomain}>`,
});

/** Opens a shop's mail server on loopback; it takes everything and keeps the Message-IDs. */
export async function openShop(): Promise<Shop> {
  const orders: string[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS'],
    // What it takes is acknowledged only when it is kept.
    onData(stream, _session, next) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.once('end', () => {
        orders.push(/^message-id:\s*(\S+)/im.exec(Buffer.concat(chunks).toString('utf8'))?.[1] ?? 'without Message-ID');
        next(null, 'The order is taken');
      });
    },
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.server.address();
  if (address === null || typeof address === 'string') throw new Error('The shop listens on no port.');
  return {
    env: shopSettings(address.port),
    arrivals: {
      at: 'e-mail at the shop',
      count: async (messageId) => orders.filter((order) => order === messageId).length,
    },
    close: () => new Promise((resolve) => server.close(resolve)),
  };
}
