import { fileURLToPath } from 'node:url';
import { ensureFirstKey, firstKeyPath } from '../adapters/first-key.ts';
import { loadKeyring } from '../adapters/keyring.ts';
import { createLogger, createRedactor } from '../adapters/log.ts';
import { dataConverter } from '../adapters/payload-codec.ts';
import { connectPostgres } from '../adapters/postgres.ts';
import { rolePassword } from '../adapters/role-password.ts';
import { createSmtpMailer } from '../adapters/smtp.ts';
import { smtpSettings } from '../adapters/smtp-settings.ts';
import { createKeyStore } from '../adapters/store/keys.ts';
import { telegramSettings } from '../adapters/telegram/settings.ts';
import { openTemporal } from '../adapters/workflow-gateway.ts';
import { createApp } from '../api/app.ts';
import { taskQueue } from '../contracts/names.ts';
import { loadRoster } from '../roster/load.ts';
import { apiEnvironment } from './api-environment.ts';
import { createDoors } from './doors.ts';
import { houseEnvironment, secretValues } from './environment.ts';
import { HouseIncomplete } from './house.ts';
import { serveHttp } from './http.ts';
import { giveUp, untilToldToStop } from './stop.ts';
import { openTelegram, settleAccounts } from './telegram.ts';

const rosterDirectory = fileURLToPath(new URL('../roster', import.meta.url));

async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const house = houseEnvironment(env);
  const { host, port, allowedHosts, webUi, limits, streamMs } = apiEnvironment(env);
  const log = createLogger({ name: 'api', level: house.logLevel, redactor: createRedactor(secretValues(env)) });
  const keyring = loadKeyring({ env, home: house.home });
  const roleOf = (role: string) =>
    connectPostgres({ url: house.databaseUrl, env, role, password: rolePassword(keyring, role) });
  const core = roleOf('majordomo_core');
  const household = roleOf('majordomo_household');
  const temporal = openTemporal({
    address: house.temporalAddress,
    namespace: house.temporalNamespace,
    dataConverter: dataConverter(keyring),
  });
  const butler = loadRoster({ directory: rosterDirectory, env }).find(({ name }) => name === 'household');
  if (butler === undefined) throw new HouseIncomplete('The roster has no butler named household.');
  const account =
    butler.modules.groceries?.channel === 'email' ? smtpSettings(env, butler.modules.email?.bot) : undefined;
  const mailer = account === undefined ? undefined : createSmtpMailer(account);

  if (await ensureFirstKey(createKeyStore(core), house.home))
    log.info({ path: firstKeyPath(house.home) }, 'The first API key was made');
  const ending = new AbortController();
  const parts = {
    core,
    household,
    temporal,
    taskQueue,
    keyring,
    butler,
    webUi,
    allowedHosts,
    limits,
    streamMs,
    ending: ending.signal,
    log,
  };
  const doors = createDoors({ ...parts, ...(mailer && { mailer }) });
  const bot = telegramSettings(env, butler.modules.telegram);
  if (bot === undefined) await settleAccounts(core, []);
  const telegram = bot && (await openTelegram({ settings: bot, core, house: doors }));
  const app = createApp(telegram === undefined ? doors : telegram.joined(doors));
  const server = await serveHttp((request) => app.fetch(request), { host, port });
  log.info({ host, port: server.port }, 'The API listens');
  telegram?.start();
  untilToldToStop(env, async () => {
    ending.abort();
    await Promise.all([server.stop(), telegram?.stop()]);
    await Promise.all([core.close(), household.close(), temporal.close()]);
    process.exit();
  });
}

await main(process.env).catch(giveUp);
