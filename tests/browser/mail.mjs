/*
 * The link in a mail, opened in a browser that has never been there.
 *
 *   node mail.mjs BATON_BIN
 *
 * Runs a server with mail of its own and takes its mails itself. Prints "N passed, N failed".
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { Widget, agentAt, check, summary, until } from './harness.mjs';

const [binary] = process.argv.slice(2);
if (!binary) {
  console.error('usage: node mail.mjs BATON_BIN');
  process.exit(2);
}
const dir = mkdtempSync(path.join(tmpdir(), 'baton-mail-'));

/** A mail server that takes everything. */
const mails = [];
const sink = net.createServer((socket) => {
  let text = '';
  let data = false;
  socket.on('error', () => {});
  socket.write('220 sink\r\n');
  socket.on('data', (chunk) => {
    text += chunk;
    for (;;) {
      const end = text.indexOf(data ? '\r\n.\r\n' : '\r\n');
      if (end < 0) return;
      const line = text.slice(0, end);
      text = text.slice(end + (data ? 5 : 2));
      if (data) mails.push(line);
      const word = data ? '' : line.slice(0, 4).toUpperCase();
      data = word === 'DATA';
      socket.write(data ? '354 go on\r\n' : word === 'EHLO' ? '250-sink\r\n250 8BITMIME\r\n' : word === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
    }
  });
});
await new Promise((up) => sink.listen(0, '127.0.0.1', up));

writeFileSync(path.join(dir, 'baton.toml'), `
[mail]
host = "127.0.0.1"
port = ${sink.address().port}
tls = "none"
from = "help@shop.example"
delay_s = 0
[[site]]
id = "demo"
assistant = false
loopback_origins = true
`);
const server = spawn(binary, ['serve', '--data', path.join(dir, 'data'), '--listen', '127.0.0.1:0', '--config', path.join(dir, 'baton.toml')],
  { stdio: ['ignore', 'pipe', 'ignore'] });
const origin = await new Promise((said) => server.stdout.once('data', (line) => said(String(line).trim().replace('listening on ', ''))));
const token = spawnSync(binary, ['agent', 'add', 'Dana', '--data', path.join(dir, 'data')], { encoding: 'utf8' }).stdout.trim();
const agent = agentAt(origin, binary, token);
const OPTIONS = {
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking'],
};

/** The text of a mail, and the link in it. */
function linkOf(mail) {
  const text = mail.replace(/=\r\n/g, '').replace(/=3D/g, '=');
  return (/https?:\S+#baton-chat=\S+/.exec(text) || [''])[0];
}

/** A visitor asks, leaves an address and goes. */
async function ticket(page) {
  await page.goto(`${origin}/demo/`);
  return page.evaluate((address) => new Promise((done) => {
    const ws = new WebSocket(address, 'baton.v1+json');
    const cid = () => {
      const hex = Array.from(crypto.getRandomValues(new Uint8Array(16)), (x) => (x + 256).toString(16).slice(1)).join('');
      return hex.replace(/^(.{8})(.{4}).(.{3}).(.{3})/, '$1-$2-7$3-8$4-');
    };
    const asks = [
      ['auth', { page: { url: location.href } }],
      ['message.send', { cid: cid(), text: 'Where is my parcel?' }],
      ['lead.submit', { cid: cid(), email: 'maya@example.com' }],
    ];
    let conversation = null;
    const next = () => {
      const ask = asks.shift();
      if (ask) ws.send(JSON.stringify({ t: 'req', id: 'r' + asks.length, op: ask[0], d: ask[1] }));
      else {
        ws.close(1000);
        done(conversation);
      }
    };
    ws.onmessage = (e) => {
      const f = JSON.parse(e.data);
      if (f.type === 'hello') next();
      if (f.t === 'res') {
        conversation = (f.d && f.d.conversation) || conversation;
        if (typeof conversation !== 'string') conversation = null;
        next();
      }
    };
  }), origin.replace('http', 'ws') + '/ws/visitor?site=demo');
}

const browser = await chromium.launch(OPTIONS);
const fresh = async () => (await browser.newContext()).newPage();
try {
  const conversation = await ticket(await fresh());
  check('the visitor left a ticket', conversation);
  check('an agent answers', agent.run('reply', conversation, 'It left yesterday.').code === 0);
  await until(() => mails.length > 0);
  const link = linkOf(mails[0] || '');
  check('the mail has a link to the page', link.startsWith(`${origin}/demo/#baton-chat=l1.`), mails[0]);

  const page = await fresh();
  await page.goto(link);
  let widget = new Widget(page);
  await widget.panel.waitFor();
  check('the link opens the chat, with what was said', await widget.line((l) => l.kind === 'agent' && l.text === 'It left yesterday.'), await widget.lines());
  check('and is gone from the address', (await page.evaluate(() => location.hash)) === '');
  check('this browser keeps nothing of it beside the tab', (await page.evaluate(() => localStorage.getItem('baton:demo:token'))) === null);
  await widget.say('I found it, thank you.');
  check('what is written goes there', await widget.sent('I found it, thank you.'));
  const shown = agent.json('show', conversation, '--json');
  check('the agent has it', JSON.stringify(shown).includes('I found it, thank you.'), shown);
  await page.reload();
  widget = new Widget(page);
  check('it is there after a reload', await widget.line((l) => l.text === 'I found it, thank you.'));
  const beside = await page.context().newPage();
  await beside.goto(`${origin}/demo/`);
  const other = new Widget(beside);
  await other.open();
  check('another tab knows nothing of it', await until(async () => (await other.lines()).every((l) => l.kind !== 'agent')));

  // Forged: the chat begins anew, and says nothing of anybody.
  const forged = await fresh();
  await forged.goto(link.slice(0, -4) + 'AAAA');
  widget = new Widget(forged);
  await widget.panel.waitFor();
  await widget.say('Is anybody there?');
  check('a forged link begins a new chat', await widget.sent('Is anybody there?'));
  check('and shows nobody else’s', !(await widget.lines()).some((l) => /yesterday|parcel/.test(l.text)), await widget.lines());
} catch (error) {
  check('the tests ran to their end', false, String(error && error.stack));
} finally {
  await browser.close();
  server.kill('SIGTERM');
  sink.close();
  rmSync(dir, { recursive: true, force: true });
}
process.exit(summary() ? 0 : 1);
