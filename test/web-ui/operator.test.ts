import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import { connect } from 'node:net';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { connectTemporal } from '../../adapters/temporal.ts';
import { portSettings } from '../../cli/config.ts';
import { uiPlace } from '../../cli/engines/ui-place.ts';
import { taskQueue, workflowTypes } from '../../contracts/names.ts';
import { openBrowser, screenshot } from '../support/browser.ts';
import { runCommand } from '../support/command.ts';
import { eventually } from '../support/house.ts';
import { runHouse, type RunningHouse } from '../support/running-house.ts';

let house: RunningHouse;
let browser: Browser;
/** The operator's window: logged in by the first test, used by all. */
let page: Page;
let gateId: string;
/** Problems that the operator's pages had: scripts, refused policies, failed requests. */
const troubles: string[] = [];

beforeAll(async () => {
  browser = await openBrowser();
  house = await runHouse({});
  const context = await browser.newContext({ viewport: { width: 1900, height: 950 }, timezoneId: 'UTC' });
  page = await context.newPage();
  // A page of the UI loads 200 files: on a busy machine that takes long.
  page.setDefaultTimeout(60_000);
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on(
    'console',
    (message) => message.type() === 'error' && troubles.push(`${message.text()} ${message.location().url}`),
  );
  await house.call('/messages', { text: 'milk, eggs and 2 kg flour', source_id: 'shopping' });
  gateId = await waitingGate();
}, 120_000);
afterAll(async () => {
  await browser.close();
  await house.stop();
}, 30_000);

const waitingGate = () =>
  eventually(async () => {
    const { approvals } = await house.call<{ approvals: { id: string }[] }>('/approvals?status=pending');
    const [gate] = approvals;
    if (gate === undefined) throw new Error('No gate waits.');
    return gate.id;
  });

/** The ports of the Temporal server that stand at a known place. */
const portOf = (use: 'temporal' | 'temporalHttp' | 'temporalMetrics'): string => house.env[portSettings[use]] ?? '';

/** What `majordomo webui` prints. */
async function webui(...flags: string[]): Promise<{ code: number | string; output: string }> {
  const command = runCommand('cli/bootstrap.mjs', ['webui', ...flags], house.env);
  return { code: await command.ended, output: command.output() };
}
const linkIn = (output: string): string => /http:\S+/.exec(output)?.[0] ?? '';

describe('the operator', { timeout: 180_000 }, () => {
  it('logs in by the link that the command prints, once', async () => {
    const { code, output } = await webui('--view', 'waiting');
    expect(code).toBe(0);
    const link = linkIn(output);
    expect(link.startsWith(`${house.url}/login#`)).toBe(true);
    await page.goto(link);
    await page.waitForURL(/\/temporal\/namespaces\/default\/workflows\?query=/);
    expect(page.url()).not.toContain(link.split('#')[1]);

    const second = await browser.newContext();
    const late = await second.newPage();
    await late.goto(link);
    await late.getByText('This link was used').waitFor();
    expect(await second.cookies()).toEqual([]);
    await second.close();
    expect((await webui('--view', 'everything')).output).toContain('write --view with one of all, waiting');
    expect(
      z.object({ url: z.url(), expires_at: z.iso.datetime() }).safeParse(json(await webui('--json'))).success,
    ).toBe(true);
  });

  it('sees what waits in the list, with our attributes and our views', async () => {
    const row = page.getByRole('row').filter({ hasText: gateId });
    await row.getByText('pending').waitFor();
    for (const name of ['Flow', 'Stage', 'ApprovalState', 'RiskTier', 'Deadline', 'Butler', 'Owner'])
      await page.getByRole('columnheader', { name, exact: true }).waitFor();
    expect(await row.innerText()).toMatch(/approval\s+pending\s+medium/);
    await screenshot(page, '1-waiting');
    await page.getByRole('button', { name: /Saved Views/ }).click();
    for (const name of ['Waits for you', 'Overdue', 'Failed today'])
      await page.getByText(name, { exact: true }).first().waitFor();
    await screenshot(page, '2-views');
  });

  it('reads a history: input, result, summary, details', async () => {
    const address = `${house.url}/temporal/namespaces/default/workflows/${gateId}`;
    const told = await house.call<{ workflow: { web_ui_url: string } }>(`/approvals/${gateId}`);
    expect(told.workflow.web_ui_url).toBe(address);
    await page.goto(address);
    await page.getByText('"requesterWorkflowId"').first().waitFor();
    await screenshot(page, '3-gate');
    await page.getByRole('tab', { name: 'User Metadata' }).click();
    await framed('Waits for the owner to decide');
    await framed('carry the card’s code');
    await screenshot(page, '4-details');

    const { rows } = await house.core.query<{ id: string }>('SELECT id FROM core.messages WHERE direction = $1', [
      'inbound',
    ]);
    await page.goto(`${house.url}/temporal/namespaces/default/workflows/message-${rows[0]?.id}`);
    await page.getByText('"messageId"').first().waitFor();
    await page.getByRole('tab', { name: /Event History/ }).click();
    await page.waitForURL(/\/history/);
    await page.getByText('readMessage').first().waitFor();
    await screenshot(page, '5-message');
    expect(await page.locator('body').innerText()).not.toContain('binary/encrypted');
  });

  /** Sends a signal by the page of a workflow; resolves when the page has sent it. */
  async function signalFromPage(workflowId: string, name: string, data: unknown): Promise<void> {
    await page.goto(`${house.url}/temporal/namespaces/default/workflows/${workflowId}`);
    await page.getByRole('button', { name: 'More Actions' }).click();
    await page.getByRole('menuitem', { name: 'Send a Signal' }).click();
    const dialog = page.getByRole('dialog', { name: 'Send a Signal' });
    await dialog.getByRole('button', { name: 'Select a signal' }).click();
    await dialog.getByRole('option', { name, exact: true }).click();
    await dialog.getByRole('textbox', { name: 'Data' }).click();
    await page.keyboard.type(JSON.stringify(data));
    await screenshot(page, `6-signal-${name}`);
    await dialog.getByRole('button', { name: 'Submit' }).click();
  }

  it('rejects a gate by a signal from its page, and Postgres says so', async () => {
    const { code } = await house.call<{ code: string }>(`/approvals/${gateId}`);
    await signalFromPage(gateId, 'reject', { code, feedback: 'not today' });
    await eventually(async () => {
      const { rows } = await house.core.query(
        'SELECT status, decided_by, decided_via, feedback FROM core.approvals WHERE id = $1',
        [gateId],
      );
      expect(rows).toEqual([{ status: 'rejected', decided_by: 'code', decided_via: 'signal', feedback: 'not today' }]);
    });
    await page.getByText('"decidedVia": "signal"').first().waitFor();
    await screenshot(page, '7-rejected');
  });

  it('buys by a signal from the page: the list is out, and the word on it ends the story', async () => {
    await house.call('/messages', { text: 'coffee', source_id: 'coffee' });
    const approved = await waitingGate();
    const { code } = await house.call<{ code: string }>(`/approvals/${approved}`);
    await signalFromPage(approved, 'approve', code);
    const item = await eventually(async () => {
      const { rows } = await house.core.query<{ id: string; status: string }>(
        `SELECT item.id, intent.status FROM core.intents intent, core.pipeline_items item
         WHERE intent.approval_id = $1 AND item.title = 'coffee'`,
        [approved],
      );
      expect(rows).toMatchObject([{ status: 'delivered' }]);
      return rows[0]?.id;
    });
    await house.call(`/pipelines/items/${item}/evidence`, { stage: 'bought', verdict: 'bought', amount: '6.99' });
    await eventually(async () => {
      const detail = await house.call<{ item: { status: string; stage: string } }>(`/pipelines/items/${item}`);
      expect(detail.item).toMatchObject({ status: 'done', stage: 'bought' });
    });
  });

  it('finds what failed, and reads why', async () => {
    const { client, close } = await connectTemporal({
      address: `127.0.0.1:${portOf('temporal')}`,
      namespace: 'default',
    });
    // A flow under a foreign id refuses itself; what it says is encrypted at rest.
    const misnamed = { taskQueue, workflowId: 'misnamed', args: [{ approvalId: gateId }] };
    await client.workflow.start(workflowTypes.approval, misnamed);
    await close();
    await page.goto(`${house.url}/temporal/namespaces/default/workflows/misnamed`);
    await page.getByText('A flow takes the id of what it is about').first().waitFor();
    await screenshot(page, '8-failure');
    await page.goto(linkIn((await webui('--view', 'failed')).output));
    await page.getByRole('row').filter({ hasText: 'misnamed' }).getByText('FAILED').waitFor();
    await screenshot(page, '9-failed-today');
    expect(page.url()).toContain('Failed');
  });

  it('had no trouble: no script failed, and nothing was refused by our policy', () => {
    // Asked for by the browser itself, before the page names its icon.
    expect(troubles.filter((trouble) => !trouble.endsWith('/favicon.ico'))).toEqual([]);
  });
});

/** Waits until a frame of rendered Markdown shows a text. */
async function framed(text: string): Promise<void> {
  await eventually(async () => {
    const texts = await Promise.all(page.frames().map((frame) => frame.locator('body').innerText()));
    expect(texts.join('\n')).toContain(text);
  });
}

const json = ({ output }: { output: string }): unknown =>
  JSON.parse(output.split('\n').find((line) => line.startsWith('{')) ?? '');

// With both the browser has the operator's cookie; 127.0.0.1 is even the same site, because a site has no port.
describe.each(['127.0.0.1', 'localhost'])('a page of another origin, at %s', { timeout: 120_000 }, (name) => {
  let server: Server;
  let foreign: Page;
  let address: string;
  let targets: string[];
  beforeAll(async () => {
    targets = [
      ...['/temporal/api/v1/namespaces/default/workflows', '/codec/decode', '/api/v1/approvals'].map(
        (path) => `${house.url}${path}`,
      ),
      ...(['temporal', 'temporalHttp', 'temporalMetrics'] as const).map(
        (use) => `http://127.0.0.1:${portOf(use)}/api/v1/namespaces/default/workflows`,
      ),
    ];
    server = createServer(({ url }, response) => {
      response.setHeader('content-type', 'text/html').end(url === '/attack' ? attack() : link());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const at = server.address();
    address = `http://${name}:${typeof at === 'object' ? at?.port : ''}`;
    foreign = await page.context().newPage();
    await foreign.goto(`${address}/`);
  });
  afterAll(async () => {
    await foreign.close();
    server.close();
  });

  const writes = () => [
    ...targets,
    `${house.url}/temporal`,
    `${house.url}/temporal/api/v1/namespaces/default/workflows/${gateId}/signal/reject`,
    `${house.url}/logout`,
  ];
  const link = () => `<!doctype html><a href="${house.url}/temporal">go</a>`;
  /** Frames each address, and posts a form to it. */
  const attack = () =>
    `<!doctype html>${writes()
      .map(
        (url, index) => `<iframe src="${url}"></iframe><iframe name="f${index}"></iframe>
        <form method="post" enctype="text/plain" action="${url}" target="f${index}"><input name="a" value="b"></form>`,
      )
      .join('')}<script>for (const form of document.forms) form.submit()</script>`;
  const logins = async () =>
    (await house.core.query('SELECT status, count(*)::int FROM core.logins GROUP BY 1 ORDER BY 1')).rows;

  it('reads nothing by fetch, with the cookie or a body', async () => {
    const read = await foreign.evaluate(async (urls: string[]) => {
      const answers: string[] = [];
      for (const url of urls)
        for (const init of [{ credentials: 'include' }, { method: 'POST', body: '{"payloads":[]}' }] as RequestInit[])
          answers.push(
            await fetch(url, init).then(
              (answer) => answer.text(),
              () => '',
            ),
          );
      return answers;
    }, targets);
    expect(read).toEqual(Array.from({ length: 12 }, () => ''));
  });

  it('starts, signals, decodes and ends nothing by a form, and learns nothing by a frame', async () => {
    const before = await logins();
    const attacker = await page.context().newPage();
    const statuses: number[] = [];
    attacker.on('response', (answer) => void (answer.url().startsWith(address) || statuses.push(answer.status())));
    await attacker.goto(`${address}/attack`);
    // Every frame and every form is answered, but for those at the gRPC port, which speaks no HTTP/1.1.
    await expect.poll(() => statuses.length, { timeout: 20_000 }).toBe(2 * (writes().length - 1));
    expect(statuses.filter((status) => status < 400)).toEqual([]);
    await attacker.close();
    expect(await logins()).toEqual(before);
  });

  it('leads nowhere by a link', async () => {
    const [answer] = await Promise.all([foreign.waitForNavigation(), foreign.getByText('go').click()]);
    expect(answer?.status()).toBe(name === 'localhost' ? 401 : 403);
    await foreign.goto(`${address}/`);
  });

  it('did not log the operator out', async () => {
    await page.reload();
    await page.getByText('misnamed').first().waitFor();
    expect(page.url()).toContain('/temporal/');
  });
});

describe('whoever calls by another name, as after DNS rebinding', () => {
  const hosts = ['evil.example', 'evil.example:7780', 'localhost.evil.example'];

  it.each(hosts)('gets 403 of the house by the name %s', async (host) => {
    const { port } = new URL(house.url);
    for (const path of ['/temporal', '/login', '/codec/decode', '/api/v1/approvals'])
      expect((await get(port, path, host)).status).toBe(403);
  });

  it.each([...hosts, '127.0.0.1', 'localhost'])(
    "gets nothing of the server's own ports by the name %s",
    async (host) => {
      expect((await get(portOf('temporalHttp'), '/api/v1/namespaces/default/workflows', host)).status).toBe(403);
      expect((await get(portOf('temporalMetrics'), '/', host)).status).toBe(404);
      expect(await speak(portOf('temporal'), host)).not.toContain('HTTP/1');
    },
  );

  it('does not find the UI server, which would answer any name: its place is a secret of the keyring', async () => {
    const { address, port } = uiPlace(house.keyring);
    expect((await get(port, '/api/v1/namespaces', 'evil.example', address)).status).toBe(200);
    for (const path of ['/', '/api/v1/namespaces'])
      await expect(get(port, path, 'evil.example')).rejects.toThrow('ECONNREFUSED');
    const { body } = await get(portOf('temporalMetrics'), '/metrics', 'evil.example');
    expect(body).not.toContain(address);
    expect(JSON.stringify(await house.call('/health'))).not.toContain(address);
  });

  it('learns from the metrics names of the code and counts, nothing of the household', async () => {
    const { status, body } = await get(portOf('temporalMetrics'), '/metrics', 'evil.example');
    expect(status).toBe(200);
    expect(body).toContain('understandMessage');
    const { rows } = await house.core.query<{ id: string }>(
      'SELECT id FROM core.pipeline_items UNION SELECT id FROM core.approvals UNION SELECT id FROM core.owners',
    );
    expect(rows.length).toBeGreaterThan(3);
    for (const { id } of rows) expect(body).not.toContain(id);
    expect(body).not.toMatch(/milk|flour/);
  });
});

/** A GET under a name of our choice, which fetch would not send. */
async function get(port: string | number, path: string, host: string, address = '127.0.0.1') {
  const sent = request({ host: address, port: Number(port), path, headers: { host } }).end();
  const [response] = await once(sent, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return { status: Number(response.statusCode), body: Buffer.concat(chunks).toString() };
}

/** What a port says to a browser's request line, until it hangs up. */
async function speak(port: string, host: string): Promise<string> {
  const socket = connect(Number(port), '127.0.0.1');
  socket.end(`GET /api/v1/namespaces HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
  let said = '';
  socket.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')));
  socket.on('error', () => socket.destroy());
  await once(socket, 'close').catch(() => undefined);
  return said;
}
