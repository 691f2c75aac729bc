/*
 * The widget in a real browser against a running server.
 *
 *   node widget.mjs BASE_URL BATON_BIN TOKEN
 *
 * BASE_URL serves the site `demo`; TOKEN is an agent's. CHROMIUM names another browser, SHOTS a folder for pictures.
 * Prints "N passed, N failed"; exits 1 on a failure and 2 on wrong usage.
 */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { Widget, agentAt, check, summary, until } from './harness.mjs';
import { relay } from './proxy.mjs';

const [base, binary, token] = process.argv.slice(2);
if (!token) {
  console.error('usage: node widget.mjs BASE_URL BATON_BIN TOKEN');
  process.exit(2);
}
const origin = new URL(base).origin;
const run = 'run' + Date.now().toString(36);
const agent = agentAt(origin, binary, token);
const profile = mkdtempSync(path.join(tmpdir(), 'baton-browser-'));
const OPTIONS = {
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  viewport: { width: 1280, height: 800 },
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
};
const XSS = [
  '<img src=x onerror=alert(1)>',
  '<script>alert(2)</script>',
  '"><svg/onload=alert(3)>',
  'javascript:alert(4)//',
  '[click](javascript:alert(5))',
  '</div></template><iframe srcdoc="<script>parent.alert(6)</script>">',
  '{{constructor.constructor("alert(7)")()}} ${alert(8)} \u202egnp.exe\u202c',
];

/** A page that remembers what must not happen, and each handoff event in order. */
async function watched(context) {
  const page = await context.newPage();
  const seen = { errors: [], dialogs: [], foreign: [], events: [], frames: [], sockets: [] };
  page.on('console', (m) => m.type() === 'error' && seen.errors.push(m.text()));
  page.on('pageerror', (e) => seen.errors.push(String(e)));
  page.on('dialog', (d) => {
    seen.dialogs.push(d.message());
    d.dismiss().catch(() => {});
  });
  page.on('request', (r) => {
    const url = new URL(r.url());
    if (/^(https?|wss?):$/.test(url.protocol) && url.host !== new URL(page.url() === 'about:blank' ? r.url() : page.url()).host) seen.foreign.push(r.url());
  });
  page.on('websocket', (ws) => {
    seen.sockets.push(ws.url());
    ws.on('framesent', (f) => seen.frames.push(JSON.parse(String(f.payload))));
  });
  await page.exposeFunction('__event', (how, name, detail) => seen.events.push({ how, name, detail }));
  await page.addInitScript(() => {
    for (const name of ['handoff:initiated', 'handoff']) {
      document.addEventListener('baton:' + name, (e) => window.__event('dom', name, e.detail));
      document.addEventListener('baton:ready', () => window.Baton.on(name, (d) => window.__event('on', name, d)));
    }
  });
  return { page, seen, widget: new Widget(page) };
}

async function shot(page, name) {
  if (process.env.SHOTS) await page.screenshot({ path: path.join(process.env.SHOTS, name + '.png') });
}

/** Ask the docs, ask for a person, be answered, reload, be resolved, ask the docs again. */
async function wholeStory(context) {
  const { page, seen, widget } = await watched(context);
  await page.goto(`${origin}/demo/?${run}`);
  await widget.open();
  const question = 'How much does express delivery cost?';
  await widget.say(question);
  check('own message is shown and acknowledged', await widget.sent(question));
  const answer = await widget.line((l) => l.kind === 'assistant');
  check('the assistant answers from the docs', answer && /7\.50/.test(answer.text), answer);
  check('the answer is signed', answer && answer.name === 'Assistant', answer);
  check('the answer names its source', answer && answer.links.some((l) => l.startsWith(origin + '/docs/shipping')), answer);
  await shot(page, 'answer');

  const offered = await until(async () => (await widget.ask.textContent()) === 'Talk to a person' && (await widget.ask.isEnabled()));
  if (!check('a person is offered while an agent is there', offered, 'is the console running and Available?')) return null;
  const socketsBefore = seen.sockets.length;
  agent.run('away');
  check('the agent goes away: the page is told at once', await until(async () => (await widget.ask.textContent()) === 'Leave a message for the team'));
  agent.run('available');
  check('and comes back', await until(async () => (await widget.ask.textContent()) === 'Talk to a person'));
  check('told on the open socket, not by asking again', seen.sockets.length === socketsBefore, seen.sockets);
  await widget.ask.click();
  await widget.queue.waitFor();
  check('says "Connecting you with the team…"', /^Connecting you with the team…/.test(await widget.queue.locator('b').textContent()));
  check('waiting can be cancelled', await widget.queue.getByRole('button', { name: 'Cancel' }).isVisible());
  check('the offer is gone while waiting', !(await widget.ask.isVisible()));
  await until(() => seen.events.filter((e) => e.name === 'handoff').length >= 2);
  const names = (how) => seen.events.filter((e) => e.how === how).map((e) => e.name).join();
  check('Baton.on got both events once, in order', names('on') === 'handoff:initiated,handoff', seen.events);
  check('document got both events once, in order', names('dom') === 'handoff:initiated,handoff', seen.events);
  await shot(page, 'queue');

  const own = await widget.conversation();
  const entry = await until(() => (agent.json('queue', '--json') || []).find((c) => c.id === own || JSON.stringify(c).includes(run)));
  if (!check('the handoff stands in the queue', !!entry, agent.run('queue', '--json'))) return null;
  const id = entry.id;
  check('with the page it came from', JSON.stringify(entry).includes(run), entry);
  const accepted = agent.run('accept', id);
  check('an agent accepts', accepted.code === 0, accepted.err);
  const joined = await widget.line((l) => l.kind === 'notice' && /joined/.test(l.text));
  check('the widget says who joined', !!joined, await widget.lines());
  const hello = `Hello from the workshop, ${run}.`;
  agent.run('reply', id, hello);
  const reply = await widget.line((l) => l.kind === 'agent' && l.text === hello);
  check("the agent's reply is there", !!reply, await widget.lines());
  const name = reply ? reply.name : '';
  check('signed with a name', name && name !== 'Assistant' && name !== 'You', reply);
  check('the same that joined', joined && joined.text.includes(name), joined);
  check('and the head of the panel says so', (await widget.title.textContent()) === name);
  check('the queue bar is gone', !(await widget.queue.isVisible()));

  for (const text of XSS) await widget.say(text);
  for (const text of XSS) check('stays text: ' + text, await widget.sent(text.trim()), await widget.lines());
  agent.run('reply', id, XSS[0] + XSS[1]);
  check("an agent's markup stays text", await widget.line((l) => l.kind === 'agent' && l.text === XSS[0] + XSS[1]));
  const elements = await page.evaluate(() =>
    document.querySelector('#baton-widget').shadowRoot.querySelectorAll('img,script,iframe,object,embed,[onerror],[onload],a[href^="javascript"]').length);
  check('no element came from words', elements === 0 && seen.dialogs.length === 0, { elements, dialogs: seen.dialogs });
  check('order is as sent', JSON.stringify((await widget.lines()).filter((l) => XSS.includes(l.text)).map((l) => l.text)) === JSON.stringify(XSS));
  await shot(page, 'agent');

  const spoken = async (w) => (await w.lines()).filter((l) => l.kind !== 'notice').map((l) => l.name + ': ' + l.text);
  const before = await spoken(widget);
  await page.reload();
  await widget.panel.waitFor();
  const after = await until(async () => {
    const now = await spoken(widget);
    return now.length >= before.length && now;
  });
  check('after a reload the panel is open and the transcript is there once', JSON.stringify(after) === JSON.stringify(before), { before, after });
  check('still with the agent', await until(async () => (await widget.title.textContent()) === name));

  const second = await watched(context);
  await second.page.goto(`${origin}/demo/support.html`);
  await second.widget.open();
  check('a second tab shows the same transcript', await until(async () => JSON.stringify(await spoken(second.widget)) === JSON.stringify(before)), await spoken(second.widget));
  const both = `From the second tab, ${run}`;
  await second.widget.say(both);
  await second.widget.sent(both);
  check('what one tab says appears in the other', await widget.line((l) => l.text === both));
  check('once in each', (await widget.count(both)) === 1 && (await second.widget.count(both)) === 1);
  await second.page.close();

  await page.evaluate(() => {
    history.pushState(null, '', '/demo/checkout.html?spa');
    document.title = 'Basket';
  });
  check('navigation without a load is told', await until(() => seen.frames.some((f) => f.op === 'page' && /checkout\.html\?spa$/.test(f.d.url) && f.d.title === 'Basket')));

  agent.run('resolve', id);
  check('the visitor is told of the resolve', await widget.line((l) => l.kind === 'notice' && /closed|resolved/i.test(l.text)), await widget.lines());
  check('and sees it, with the offer of a person back below', (await until(() => widget.ask.isVisible())) && (await widget.atEnd()));
  await shot(page, 'resolved');
  const answers = (await widget.lines()).filter((l) => l.kind === 'assistant').length;
  const again = 'How long is the warranty on the housing?';
  await widget.say(again);
  await widget.sent(again);
  check('the assistant is back on the next message', await until(async () => (await widget.lines()).filter((l) => l.kind === 'assistant').length > answers), await widget.lines());
  check('no event fired twice, through reload and resolve', seen.events.length === 4, seen.events);

  await widget.box.press('Escape');
  check('Escape closes and gives the focus back', !(await widget.panel.isVisible()) &&
    await page.evaluate(() => document.querySelector('#baton-widget').shadowRoot.activeElement.classList.contains('launch')));
  await page.evaluate(() => window.Baton.open());
  check('Baton.open() opens', await widget.panel.isVisible());
  await page.evaluate(() => window.Baton.close());
  check('Baton.close() closes', !(await widget.panel.isVisible()));

  const stored = await page.evaluate(() => JSON.parse(localStorage.getItem('baton:demo:token')));
  check('the token is never in an address', stored && !seen.sockets.concat(second.seen.sockets).some((u) => u.includes(stored) || /token/i.test(u)));
  check('no cookie', (await context.cookies()).length === 0);
  check('no console error', seen.errors.length === 0, seen.errors);
  check('no request to anyone else', seen.foreign.length === 0 && seen.sockets.every((u) => new URL(u).host === new URL(origin).host), seen.foreign);
  const shown = agent.json('show', id, '--json');
  const texts = ((shown && shown.messages) || []).map((m) => m.text);
  check('the server has each message once', [question, both, ...XSS].every((t) => texts.filter((x) => x === t).length === 1), texts);
  await page.close();
  return id;
}

/** Link lost, answer lost, reload with something unsent: each message arrives once. */
async function badNetwork(context) {
  const proxy = await relay(origin);
  const { page, widget } = await watched(context);
  await page.goto(proxy.origin + '/demo/');
  await widget.open();
  const first = `What does a repair cost? ${run}`;
  await widget.say(first);
  await widget.sent(first);
  await widget.line((l) => l.kind === 'assistant');

  proxy.sockets = false;
  proxy.cut();
  check('a lost link is told', await until(async () => (await widget.link.first().isVisible()) && /Reconnecting… your messages are kept/.test(await widget.link.first().textContent())));
  const offline = [`Written offline, one, ${run}`, `Written offline, two, ${run}`];
  for (const text of offline) await widget.say(text);
  const waiting = (await widget.lines()).filter((l) => offline.includes(l.text));
  check('what is written meanwhile is shown as sending', waiting.length === 2 && waiting.every((l) => /Sending/.test(l.status)), waiting);
  await shot(page, 'offline');
  await page.reload();
  await widget.panel.waitFor();
  check('and is there after a reload, still unsent', (await until(async () => (await widget.count(offline[1])) === 1)) && (await widget.count(offline[0])) === 1);
  proxy.sockets = true;
  for (const text of offline) check('delivered when the link is back: ' + text, await widget.sent(text));

  const lost = `The answer to this is lost, ${run}`;
  const reached = proxy.upstream;
  proxy.swallow = true;
  await widget.say(lost);
  // The message is longer than any heartbeat or typing frame; once that many bytes went up, the server has it.
  await until(() => proxy.upstream > reached + lost.length + 60);
  const there = await until(async () => {
    const seen = agent.json('show', await widget.conversation(), '--json');
    return seen && seen.messages.some((m) => m.text === lost);
  });
  check('a message reaches the server while its answer does not', there);
  proxy.swallow = false;
  proxy.cut();
  check('it is acknowledged after the reconnect', await widget.sent(lost));
  const id = await widget.conversation();
  const shown = agent.json('show', id, '--json');
  const texts = ((shown && shown.messages) || []).map((m) => m.text);
  for (const text of [first, ...offline, lost]) {
    check('once at the server and once on the page: ' + text, texts.filter((t) => t === text).length === 1 && (await widget.count(text)) === 1, texts);
  }
  const order = texts.filter((t) => [first, ...offline, lost].includes(t));
  check('in the order written', JSON.stringify(order) === JSON.stringify([first, ...offline, lost]), order);
  await page.close();
  proxy.close();
}

/** Every help page is there, and every link of the shop leads to something. */
async function everyPage() {
  const names = readdirSync(new URL('../../assets/demo/docs/', import.meta.url)).filter((file) => file.endsWith('.md')).map((file) => '/docs/' + file.replace(/\.md$/, ''));
  check('there are help pages', names.length >= 12, names);
  const todo = ['/demo/', ...names];
  const done = new Set();
  const broken = [];
  for (let at = todo.shift(); at; at = todo.shift()) {
    if (done.has(at)) continue;
    done.add(at);
    const answer = await fetch(origin + at);
    const type = answer.headers.get('content-type') || '';
    const text = await answer.text();
    if (answer.status !== 200) broken.push(at + ' ' + answer.status);
    if (!type.startsWith('text/html')) continue;
    if (names.includes(at)) check('a whole page, without a script: ' + at, /<title>[^<{]+ · Varnholt<\/title>/.test(text) && (text.match(/<h1/g) || []).length === 1 && /<p>/.test(text), text.slice(0, 900));
    for (const [, link] of text.matchAll(/(?:href|src)="([^"]+)"/g)) {
      const url = new URL(link, origin + at);
      if (url.origin === origin) todo.push(url.pathname);
    }
    for (const [, part] of text.matchAll(/href="#([^"]+)"/g)) if (!text.includes(`id="${part}"`)) broken.push(at + '#' + part);
  }
  check('no broken link in the shop', broken.length === 0 && done.size > names.length + 4, broken);
}

/** Wrong tags, a strict policy, a narrow screen. */
async function aroundIt(context) {
  // Pages of another origin, as a customer's site is.
  const pages = new Map();
  const server = http.createServer((request, response) => {
    const found = pages.get(request.url);
    response.writeHead(found ? 200 : 204, { 'content-type': 'text/html', ...(found ? found.headers : {}) });
    response.end(found ? '<!doctype html><title>t</title><body>' + found.body : '');
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const elsewhere = 'http://127.0.0.1:' + server.address().port;
  const tag = (attributes) => `<script src="${origin}/widget.js" ${attributes}></script>`;
  const policy = `default-src 'none'; script-src ${origin}; connect-src ${origin.replace('http', 'ws')}; require-trusted-types-for 'script'`;
  const load = async (name, body, headers = {}) => {
    pages.set('/' + name, { body, headers });
    const w = await watched(context);
    await w.page.goto(`${elsewhere}/${name}`);
    return w;
  };
  const unknown = await load('unknown', tag('data-site="no-such-site"'));
  check('an unknown site is named in the console', await until(() => unknown.seen.errors.some((e) => /^Baton: .*"no-such-site"/.test(e))), unknown.seen.errors);
  const two = await load('two', tag('data-site="demo"') + tag('data-site="other"'));
  check('two sites on one page are refused in words', await until(() => two.seen.errors.some((e) => /^Baton: .*"demo".*"other"/.test(e))), two.seen.errors);
  check('and the first stays', (await two.page.locator('#baton-widget').count()) === 1);
  const none = await load('none', tag(''));
  check('a tag without a site is told', await until(() => none.seen.errors.some((e) => /^Baton: .*data-site/.test(e))), none.seen.errors);
  const alias = await load('alias', tag('data-agent-id="demo"'));
  check('data-agent-id is an alias', await until(() => alias.page.evaluate(() => window.Baton && window.Baton.site === 'demo')));
  const strict = await load('strict', tag('data-site="demo"'), { 'content-security-policy': policy });
  await strict.widget.open();
  const fixed = await strict.page.evaluate(() => getComputedStyle(document.querySelector('#baton-widget').shadowRoot.querySelector('.launch')).position);
  check('works on another origin under a strict content security policy', fixed === 'fixed' && (await until(() => strict.widget.ask.isEnabled())) &&
    strict.seen.errors.length === 0, strict.seen.errors);
  await strict.widget.say('What does express delivery cost?');
  const cited = await strict.widget.line((l) => l.links.length > 0);
  check("a source on another site's page leads to the chat's server", cited && cited.links.every((l) => l.startsWith(origin + '/docs/')), cited);
  for (const w of [unknown, two, none, alias, strict]) await w.page.close();
  server.close();
  server.closeAllConnections();

  const narrow = await watched(context);
  await narrow.page.setViewportSize({ width: 320, height: 568 });
  await narrow.page.goto(`${origin}/demo/`);
  await narrow.widget.open();
  await narrow.widget.box.fill('x'.repeat(300));
  const fits = await narrow.page.evaluate(() => {
    const root = document.querySelector('#baton-widget').shadowRoot;
    return {
      panel: root.querySelector('.panel').getBoundingClientRect().width,
      page: document.documentElement.scrollWidth,
      scrolls: root.querySelector('.scroll').scrollWidth - root.querySelector('.scroll').clientWidth,
      // Repeated names and times are clipped away, for screen readers only.
      outside: Array.from(root.querySelectorAll('.panel *')).filter((n) => n.getBoundingClientRect().right > 321 && !n.closest('.more > .meta')).map((n) => n.outerHTML.slice(0, 120)),
    };
  });
  check('fits into 320 px', fits.panel === 320 && fits.page <= 320 && fits.scrolls === 0 && fits.outside.length === 0, fits);
  await narrow.page.close();
}

/** With nobody there: the truth, the form, a ticket. */
async function nobodyThere(context) {
  // An origin of its own makes a visitor of its own.
  const proxy = await relay(origin);
  const { page, seen, widget } = await watched(context);
  await page.goto(`${proxy.origin}/demo/?lead-${run}`);
  await widget.open();
  await widget.say('What does express delivery cost?');
  await widget.line((l) => l.kind === 'assistant');
  agent.run('away');
  const offer = await until(async () => (await widget.ask.textContent()) === 'Leave a message for the team');
  if (!check('with nobody there no live person is offered', offer, await widget.ask.textContent())) return;
  await widget.ask.click();
  const form = page.locator('#baton-widget form.lead');
  await form.waitFor();
  check('the newest line stays in view above the form', await widget.atEnd());
  check('the form says the truth', /^Nobody from the team is here right now/.test(await form.locator('p').first().textContent()));
  await form.getByLabel('Your name').fill('Ada Example');
  await form.getByLabel('Your e-mail').fill('ada@example');
  await form.getByRole('button', { name: 'Send to the team' }).click();
  check('a broken e-mail address is refused with a reason', /e-mail/.test(await form.getByRole('alert').textContent()));
  await form.getByLabel('Your e-mail').fill('ada@example.org');
  await form.getByLabel('Message (optional)').fill(`Please write to me, ${run}`);
  await form.getByRole('button', { name: 'Send to the team' }).click();
  check('the details are taken', await until(async () => !(await form.isVisible())));
  await until(() => seen.events.filter((e) => e.name === 'handoff').length >= 2);
  const names = seen.events.filter((e) => e.how === 'on').map((e) => e.name).join();
  check('initiated came before, handoff after the details', names === 'handoff:initiated,handoff', seen.events);
  check('the visitor is told how the answer comes', await widget.line((l) => l.kind === 'notice' && /e-mail|mail/i.test(l.text)), await widget.lines());
  await shot(page, 'ticket');
  await page.close();
  proxy.close();
}

const context = await chromium.launchPersistentContext(profile, OPTIONS);
const leave = agent.present();
try {
  // A first console login sets Away, so the intent comes after it.
  const there = () => agent.json('available', '--json');
  check('the agent is present and Available', await until(() => there()?.present && there()?.available));
  await everyPage();
  await wholeStory(context);
  await badNetwork(context);
  await aroundIt(context);
  await nobodyThere(context);
} catch (error) {
  check('the tests ran to their end', false, String(error && error.stack));
} finally {
  agent.run('available');
  await leave();
  await context.close();
  rmSync(profile, { recursive: true, force: true });
}
process.exit(summary() ? 0 : 1);
