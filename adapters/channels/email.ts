import type { EffectTool } from '../../contracts/effect-tool.ts';
import { toolNames } from '../../contracts/names.ts';
import { renderOrder } from '../../contracts/order.ts';
import { format } from '../../contracts/quantity.ts';
import { purchaseArgsSchema } from '../../contracts/purchase-args.ts';
import { MailError } from '../smtp-error.ts';
import type { OrderMailer } from '../smtp.ts';

/**
 * The order goes to the shop by e-mail. Unkeyed: no mail server deduplicates by Message-ID, so a send that did not
 * report back is unknown.
 */
export function createEmailChannel({ mailer, from }: { mailer: OrderMailer; from: string }): EffectTool {
  return {
    name: toolNames.purchaseByEmail,
    version: 1,
    riskTier: 'medium',
    keyed: false,
    async send({ args, account }, signal) {
      if (account !== from) {
        return { sent: false, retryable: false, detail: 'It was approved to be sent from another address.' };
      }
      const { purchase_id, shop, shop_address, lines } = purchaseArgsSchema.parse(args);
      if (shop_address === null) {
        return { sent: false, retryable: false, detail: 'The shop has no e-mail address.' };
      }
      const things = lines.map(({ name, quantity, unit }) => ({ name, quantity: format({ amount: quantity, unit }) }));
      const order = renderOrder({ shop, lines: things, purchaseId: purchase_id, from });
      try {
        const { response } = await mailer.send({ ...order, to: shop_address, from }, { signal });
        return { sent: true, providerId: order.messageId, detail: response };
      } catch (error) {
        if (error instanceof MailError && error.certainlyNotSent) {
          return { sent: false, retryable: error.retryable, detail: error.message };
        }
        throw error;
      }
    },
  };
}
