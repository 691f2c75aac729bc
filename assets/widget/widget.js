/*
 * Baton's visitor widget: one file, no dependency, no build step. Longer than 500 lines because a page loads it
 * with one tag, as it stands here.
 *
 *   <script async src="https://chat.example.com/widget.js" data-site="demo"></script>
 *
 * Invariants
 *  - Words from outside become text nodes and nothing else. There is no innerHTML in this file.
 *  - A message is on disk (localStorage) before it is on screen, keeps one client id (`cid`) until the server
 *    acknowledges it, and is sent again with that same id: never lost, never doubled.
 *  - The transcript and the sequence number it stands at are stored as one value, so a resume always continues
 *    exactly what is on screen, whichever tab wrote it.
 *  - No cookie, and no request to anything but the server this file came from.
 *
 * Attributes of the script tag
 *   data-site      the site's id (`data-agent-id` is accepted in its place)
 *   data-theme     "light" or "dark"; otherwise what the visitor's system asks for
 * Colours: a page may set `--baton-accent` and `--baton-accent-ink` (text on the accent) on :root.
 *
 * For the page: `window.Baton` with `on(event, fn)`, `off(event, fn)`, `open()` and `close()`. The events
 * `handoff:initiated` (a person is needed) and `handoff` (the queue entry or ticket exists) also reach `document` as
 * `baton:handoff:initiated` and `baton:handoff`; `baton:ready` says that `window.Baton` is there.
 */
(function () {
  'use strict';

  const PROTOCOL = 'baton.v1+json';
  const CLIENT = 'widget/1';
  const MESSAGE_BYTES = 8192; // the server's limit for one message
  const KEEP = 300; // transcript lines kept in localStorage
  const ADOPT_MS = 10000; // an unsent message not claimed for this long belongs to a closed tab
  const CLAIM_MS = 4000; // how often a tab claims its unsent messages again
  const TYPING_MS = 6000; // typing marks expire, as on the server
  const SEEN_MS = 400; // how long a reply is looked at before it counts as seen
  const ANSWER_MS = 20000; // a request unanswered this long means the link is dead

  // -- Which site, which server

  const tag = document.currentScript ||
    document.querySelector('script[src*="widget.js"][data-site], script[src*="widget.js"][data-agent-id]');
  const site = tag && (tag.getAttribute('data-site') || tag.getAttribute('data-agent-id'));
  const complain = (text) => console.error('Baton: ' + text);
  if (!site) {
    complain('the script tag names no site. Add data-site="YOUR-SITE" to it.');
    return;
  }
  if (window.Baton) {
    if (window.Baton.site !== site) {
      complain('this page already shows the chat of site "' + window.Baton.site + '", so "' + site +
        '" is ignored. Leave one widget script on the page.');
    }
    return;
  }
  const base = new URL(tag.src, location.href);
  const socketUrl = (base.protocol === 'https:' ? 'wss://' : 'ws://') + base.host + '/ws/visitor?site=' +
    encodeURIComponent(site);

  // -- Small tools

  const now = () => Date.now();

  /** UUIDv7: sorts by time of making, unguessable otherwise. */
  function uuid7() {
    const b = crypto.getRandomValues(new Uint8Array(16));
    for (let i = 5, ms = now(); i >= 0; i--, ms = Math.floor(ms / 256)) b[i] = ms % 256;
    b[6] = 0x70 | (b[6] & 0x0f);
    b[8] = 0x80 | (b[8] & 0x3f);
    const hex = Array.from(b, (x) => (x + 256).toString(16).slice(1)).join('');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  /** Without NUL and lone surrogates, which are not text and which the server refuses. */
  const wellFormed = (s) => s.replace(/\0/g, '')
    .replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g, (c) => (c.length === 2 ? c : '\uFFFD'));

  /** localStorage or sessionStorage; where the browser refuses them, the page's memory. */
  function storage(name, prefix = '') {
    const memory = new Map();
    let real = null;
    try {
      real = window[name];
      real.setItem('baton:probe', '1');
      real.removeItem('baton:probe');
    } catch (e) {
      real = null;
    }
    const key = (k) => 'baton:' + site + ':' + prefix + k;
    return {
      get(k) {
        try {
          return JSON.parse(real ? real.getItem(key(k)) : memory.get(k) || null);
        } catch (e) {
          return null;
        }
      },
      /** False when there is no room. */
      set(k, value) {
        const text = JSON.stringify(value);
        try {
          if (real) real.setItem(key(k), text);
          else memory.set(k, text);
          return true;
        } catch (e) {
          return false;
        }
      },
      drop(k) {
        if (real) real.removeItem(key(k));
        else memory.delete(k);
      },
      keys(prefix) {
        const all = real ? Object.keys(real) : Array.from(memory.keys(), key);
        const start = key(prefix);
        return all.filter((k) => k.startsWith(start)).map((k) => k.slice(key('').length));
      },
    };
  }
  let disk = storage('localStorage');
  const session = storage('sessionStorage');

  // A mail's link carries a pass: for one conversation, in this tab.
  const mailed = /#baton-chat=(l1\.(\w+)\.[\w.-]+)$/.exec(location.hash);
  if (mailed) {
    history.replaceState(history.state, '', location.pathname + location.search);
    session.drop('pass');
    if (!(disk.get('token') || '').includes(mailed[2])) session.set('pass', mailed[1]);
  }
  const pass = session.get('pass');
  if (pass) {
    disk = storage('sessionStorage', pass);
    if (mailed) disk.set('token', pass);
  }

  // -- What is known

  // Survives a reload, so that unsent messages are at once its own again.
  const tab = session.get('tab') || uuid7();
  session.set('tab', tab);

  const kept = disk.get('log') || {};
  const state = {
    token: disk.get('token'),
    logId: kept.log_id || null,
    lastSeq: kept.last_seq || 0,
    conversation: kept.conversation || null, // {id, state, holder {kind, name}, position}
    items: (Array.isArray(kept.items) ? kept.items : []).filter((x) => x && Array.isArray(x.sources)), // messages and notices, by seq
    initiated: !!kept.initiated, // a person was asked for, and neither queue entry nor ticket exists yet
    ticket: !!kept.ticket, // details were left; the answer comes by mail
    lead: !!kept.lead, // the form for details is open
    readSeq: kept.read_seq || 0,
    site: kept.site || { id: site, name: '', greeting: '' },
    availability: null, // unknown until the server says
    open: !!mailed || disk.get('open') === true,
    stopped: '', // why the widget gave up, in the visitor's words
    trouble: '', // why the last request was refused
    heard: 0, // version of the newest reply here
    told: 0, // version the server was told the visitor has seen
    partials: new Map(), // turn -> {text, until}
    typing: null, // {name, until}
    connected: false,
    everConnected: false,
  };

  let saveTimer = 0;
  function save() {
    clearTimeout(saveTimer);
    saveTimer = 0;
    const value = {
      log_id: state.logId,
      last_seq: state.lastSeq,
      conversation: state.conversation,
      items: state.items.slice(-KEEP),
      initiated: state.initiated,
      ticket: state.ticket,
      lead: state.lead,
      read_seq: state.readSeq,
      site: state.site,
    };
    // No room: the next load asks for a snapshot.
    if (!disk.set('log', value)) disk.drop('log');
  }
  const saveSoon = () => {
    if (!saveTimer) saveTimer = setTimeout(save, 200);
  };
  const flush = () => {
    if (saveTimer) save();
  };
  window.addEventListener('pagehide', flush);
  document.addEventListener('visibilitychange', flush);

  /** Who has the word: `assistant`, `queued` or `agent`. */
  function mode() {
    const c = state.conversation;
    if (!c || c.state === 'resolved') return 'assistant';
    const kind = c.holder && c.holder.kind;
    if (kind === 'agent' || kind === 'desk') return 'agent';
    return c.state === 'queued' || kind === 'nobody' ? 'queued' : 'assistant';
  }

  function hold(kind, name, as) {
    state.conversation = Object.assign({ id: null }, state.conversation, { state: as, holder: { kind, name } });
    if (as !== 'queued') delete state.conversation.position;
  }

  // -- The transcript

  const keyOf = (item) => item.cid || item.id;

  /** Adds or replaces a line, keeping the order of seq. */
  function put(item) {
    const at = state.items.findIndex((x) => x.id === item.id || (item.cid && x.cid === item.cid));
    if (at >= 0) state.items.splice(at, 1);
    let i = state.items.length;
    while (i > 0 && state.items[i - 1].seq > item.seq) i--;
    state.items.splice(i, 0, item);
    saveSoon();
  }

  const fromView = (m) => ({
    id: String(m.id),
    seq: m.seq || 0,
    at: m.at,
    author: m.author,
    name: m.name || '',
    text: String(m.text || ''),
    cid: m.cid,
    sources: Array.isArray(m.sources) ? m.sources : [],
  });

  /** The server's own notice and our line for the same event are one line: the kind says which belong together. */
  function noticeKind(key) {
    const found = /joined|left|resolved|resumed|cancel|ticket_queued/.exec(String(key || ''));
    return found ? found[0].replace('_queued', '') : '';
  }

  function notice(id, seq, at, text, kind, ours) {
    for (let i = state.items.length - 1; i >= 0 && state.items[i].author === 'system'; i--) {
      const other = state.items[i];
      if (kind && other.kind && other.kind !== kind) break; // joined, left, joined: three lines
      if (other.text === text && other.id !== id) return;
      if (kind && other.kind === kind && other.id !== id && (other.ours !== ours || kind === 'ticket')) {
        if (ours && !other.ours) return;
        state.items.splice(i, 1);
        break;
      }
    }
    put({ id, seq, at, author: 'system', name: '', text, sources: [], kind, ours });
  }

  // -- The outbox
  // One key an entry, so that tabs never overwrite each other's. An entry belongs to the tab that claims it.

  const outbox = new Map(); // cid -> {cid, op, d, at, tab, claimed, failed}
  let lastAt = 0;
  let sending = false;
  let pausedUntil = 0;
  let refusals = 0;

  function enqueue(op, d) {
    const cid = uuid7();
    lastAt = Math.max(now(), lastAt + 1);
    const entry = { cid, op, d: Object.assign({ cid }, d), at: lastAt, tab, claimed: now(), failed: '' };
    disk.set('out:' + cid, entry);
    outbox.set(cid, entry);
    state.trouble = '';
    pump();
    paintSoon();
    return entry;
  }

  function settle(cid) {
    outbox.delete(cid);
    disk.drop('out:' + cid);
  }

  const waiting = (op) => Array.from(outbox.values()).some((e) => e.op === op && !e.failed);

  /** Claims what is ours, and what a closed tab left behind. */
  function claim() {
    for (const key of disk.keys('out:')) {
      const entry = disk.get(key);
      if (!entry || !entry.cid || !entry.op || !entry.d) {
        disk.drop(key);
        continue;
      }
      if (entry.tab !== tab && now() - entry.claimed < ADOPT_MS) continue;
      // A wish for a person, or to stop wishing, is stale after ten minutes; words never are.
      if (entry.op.startsWith('handoff.') && now() - entry.at > 600000) {
        settle(entry.cid);
        continue;
      }
      entry.tab = tab;
      entry.claimed = now();
      disk.set(key, entry);
      if (!outbox.has(entry.cid)) {
        const all = Array.from(outbox.values()).concat(entry).sort((a, b) => a.at - b.at);
        outbox.clear();
        for (const e of all) outbox.set(e.cid, e);
        paintSoon();
      }
    }
    pump();
  }

  /** Sends the oldest entry; the next one only after its answer, so order holds through every refusal. */
  function pump() {
    if (sending || !link || !link.authed || now() < pausedUntil) return;
    const entry = Array.from(outbox.values()).find((e) => !e.failed);
    if (!entry) return;
    sending = true;
    request(link, entry.op, entry.d).then((res) => answered(entry, res), () => {}).then(() => {
      sending = false;
      paintSoon();
      pump();
    });
  }

  function answered(entry, res) {
    if (res.ok) {
      refusals = 0;
      settle(entry.cid);
      accepted(entry, res.d || {});
      return;
    }
    const error = res.error || {};
    if (error.code === 'rate.limited' || error.retryable) {
      const given = error.details && error.details.retry_after_ms;
      const wait = given > 0 ? given : Math.random() * Math.min(30000, 1000 * Math.pow(2, refusals++));
      pausedUntil = now() + wait;
      setTimeout(pump, wait + 5);
      return;
    }
    const reason = error.message || error.code || 'the server refused it';
    if (entry.op === 'handoff.cancel') settle(entry.cid); // too late: an event says what is true
    else if (entry.op === 'message.send') {
      entry.failed = reason;
      disk.set('out:' + entry.cid, entry);
    } else {
      settle(entry.cid);
      state.trouble = 'That did not work: ' + reason;
    }
  }

  function accepted(entry, d) {
    if (entry.op === 'message.send' && d.id) {
      if (d.conversation && (!state.conversation || state.conversation.id !== d.conversation)) {
        state.conversation = { id: d.conversation, state: 'assistant', holder: { kind: 'assistant' } };
      }
      const id = String(d.id);
      if (!state.items.some((m) => m.id === id)) {
        put({
          id, seq: d.seq || state.lastSeq, at: new Date(entry.at).toISOString(), author: 'visitor', name: '',
          text: entry.d.text, cid: entry.cid, sources: [],
        });
      }
    } else if (entry.op === 'handoff.request' && mode() === 'assistant' && offered()) {
      hold('nobody', undefined, 'queued');
    } else if (entry.op === 'handoff.cancel' && mode() === 'queued') {
      hold('assistant', undefined, 'assistant');
    } else if (entry.op === 'lead.submit') {
      state.lead = false;
      notice('l' + entry.cid, state.lastSeq, new Date().toISOString(), 'The team has your name and e-mail.', 'ticket', true);
      if (leadForm.contains(root.activeElement)) {
        paint();
        box.focus();
      }
      leadForm.reset();
    }
    saveSoon();
  }

  // -- The link

  let link = null; // the socket whose word counts
  let next = null; // its successor, while a planned restart is announced
  let attempt = 0; // failures in a row, for the back-off
  let retryTimer = 0;
  let forgot = false; // a refused token was dropped already
  let blockedUntil = ''; // as the visitor's clock and language say it
  let gaps = 0; // gaps in a row; after three a snapshot is asked for
  let explained = false;

  function connect() {
    clearTimeout(retryTimer);
    retryTimer = 0;
    if (state.stopped) return;
    let ws;
    try {
      ws = new WebSocket(socketUrl, PROTOCOL);
    } catch (e) {
      // A page on https cannot open a plain ws.
      complain('the browser refused ' + socketUrl + ' (' + e.message + '). Serve the widget over https.');
      stop('The chat is not available on this page.');
      return;
    }
    const me = {
      ws, hello: false, authed: false, since: 0, cursor: 0, replay: 0, head: 0, then: null, asked: null,
      calls: new Map(), ids: 0, seen: now(), beat: 20000, unacked: 0, ackTimer: 0,
    };
    if (link) next = me;
    else link = me;
    me.watch = setInterval(() => {
      // Two heartbeats missed, or no hello: the link is dead.
      if (now() - me.seen > (me.hello ? me.beat * 2 + 5000 : 10000)) finish(me, 4009, true);
    }, 2500);
    ws.onmessage = (e) => {
      if (me.done) return;
      let frame;
      try {
        frame = JSON.parse(e.data);
      } catch (err) {
        complain('a frame from the server was not JSON; reconnecting.');
        finish(me, 4100, true);
        return;
      }
      me.seen = now();
      receive(me, frame);
    };
    ws.onclose = (e) => finish(me, e.code, false);
  }

  function send(me, frame) {
    if (me.ws.readyState === WebSocket.OPEN) me.ws.send(JSON.stringify(frame));
  }

  /** Resolves with the response frame, refused or not; rejects when the link ends first. */
  function request(me, op, d) {
    const id = 'r' + ++me.ids;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => finish(me, 4009, true), ANSWER_MS);
      me.calls.set(id, { resolve, reject, timer });
      send(me, { t: 'req', id, op, d });
    });
  }

  /** Fire and forget: typing and page. */
  function hint(op, d) {
    if (link && link.authed) request(link, op, d).catch(() => {});
  }

  function finish(me, code, ours) {
    if (me.done) return;
    me.done = true;
    clearInterval(me.watch);
    clearTimeout(me.ackTimer);
    for (const call of me.calls.values()) {
      clearTimeout(call.timer);
      call.reject(new Error('the link ended'));
    }
    me.calls.clear();
    if (ours) me.ws.close(code === 4009 ? 4009 : 1000);
    if (me === next) {
      next = null;
      return;
    }
    if (me !== link) return;
    link = null;
    // A link that ends soon is no success: the back-off goes on.
    if (me.authed && now() - me.since > 10000) attempt = 0;
    state.connected = false;
    state.partials.clear();
    state.typing = null;
    if (next && next.authed) {
      promote();
      return;
    }
    if (next) {
      const late = next;
      next = null;
      finish(late, 1000, true);
    }
    if (code >= 4200 && code < 4300) refused(code, me);
    else {
      if (!me.hello && !state.everConnected && !explained) {
        explained = true;
        complain('cannot open ' + socketUrl + '. If the server is running, check that site "' + site +
          '" exists there and that ' + location.origin + ' is among its allowed origins. Trying again.');
      }
      // At once, unless it is the second time in a few seconds.
      const atOnce = code >= 4000 && code < 4100 && me.authed && now() - me.since > 3000;
      retry(atOnce ? 0 : Math.random() * Math.min(30000, 500 * Math.pow(2, attempt++)));
    }
    paintSoon();
  }

  function retry(ms) {
    if (state.stopped || link) return;
    clearTimeout(retryTimer);
    retryTimer = setTimeout(connect, ms);
  }

  function stop(words) {
    state.stopped = words;
    clearTimeout(retryTimer);
    if (link) finish(link, 1000, true);
    paintSoon();
  }

  /** Close codes 4200 to 4299 say: do not come back, tell the person. */
  function refused(code, me) {
    if (code === 4200 && me.asked && !forgot) {
      // A token of another installation: begin again, with what was not sent yet.
      forget();
      retry(0);
    } else if (code === 4206) {
      complain('site "' + site + '" does not allow ' + location.origin +
        '. Add it to the allowed origins of that site in baton.toml.');
      stop('The chat is not available on this page.');
    } else if (code === 4207) {
      stop('This site has blocked you here' + (blockedUntil ? ' until ' + blockedUntil : '') + '. Nothing can be sent.');
    } else if (code === 4203) {
      complain('the server does not speak ' + PROTOCOL + '. Load widget.js from the same server.');
      stop('The chat was updated. Reload the page to go on.');
    } else {
      complain('the server ended the chat of site "' + site + '" for good (close code ' + code + ').');
      stop('The chat is not available right now. Reload the page to try again.');
    }
  }

  function forget() {
    forgot = true;
    disk.drop('token');
    if (pass) {
      session.drop('pass');
      disk = storage('localStorage');
    }
    state.token = disk.get('token');
    Object.assign(state, { logId: null, lastSeq: 0, conversation: null, items: [], ticket: false, lead: false, readSeq: 0 });
    save();
  }

  function page() {
    return { url: location.href.slice(0, 2000), title: wellFormed(document.title.slice(0, 300)) };
  }

  /** The browser's time zone by name, where it says one. */
  function timeZone() {
    try {
      return wellFormed((Intl.DateTimeFormat().resolvedOptions().timeZone || '').slice(0, 64));
    } catch {
      return '';
    }
  }

  function authenticate(me) {
    // Another tab may have become the visitor meanwhile.
    const token = disk.get('token') || state.token;
    if (token !== state.token && state.token) Object.assign(state, { logId: null, lastSeq: 0 });
    state.token = token;
    me.asked = token;
    me.cursor = state.lastSeq;
    const d = { token: token || null, client: CLIENT, page: Object.assign(page(), { referrer: document.referrer.slice(0, 2000) }) };
    if (navigator.language) d.locale = wellFormed(navigator.language.slice(0, 64));
    const zone = timeZone();
    if (zone) d.time_zone = zone;
    if (token && state.logId && gaps < 3) d.resume = { log_id: state.logId, last_seq: state.lastSeq };
    request(me, 'auth', d).then((res) => (res.ok ? welcome(me, res.d) : unwelcome(me, res.error || {})), () => {});
  }

  function unwelcome(me, error) {
    if (error.retryable) finish(me, 4100, true);
    else if (/^site\./.test(error.code)) {
      complain('the server knows no site "' + site + '" (' + (error.message || error.code) + '). Check data-site.');
      stop('The chat is not available on this page.');
    } else if (/origin/.test(error.code)) {
      if (me === link) link = null;
      finish(me, 4206, true);
      refused(4206, me);
    } else if (error.code === 'visitor.blocked') {
      const until = Date.parse((error.details || {}).until);
      if (until) blockedUntil = new Date(until).toLocaleString();
      if (me === link) link = null;
      finish(me, 4207, true);
      refused(4207, me);
    } else {
      if (me === link) link = null;
      finish(me, 4200, true);
      refused(4200, me);
    }
  }

  function welcome(me, d) {
    const other = disk.get('token');
    if (!me.asked && other && other !== d.token) {
      // Two tabs asked at once: the first token stored is the visitor.
      finish(me, 4000, true);
      return;
    }
    state.token = d.token;
    disk.set('token', d.token);
    me.authed = true;
    state.told = 0;
    me.since = now();
    state.logId = d.log_id;
    state.site = d.site || state.site;
    state.availability = d.availability;
    me.head = d.head;
    if (d.mode === 'snapshot') {
      const c = d.conversation;
      const messages = (c && c.messages) || [];
      state.items = messages.map(fromView);
      state.lastSeq = me.cursor = d.head;
      if (!c) Object.assign(state, { ticket: false, lead: false });
      for (const m of messages) if (m.cid) settle(m.cid);
      gaps = 0;
      adopt(c);
    } else {
      me.replay = d.replayed || 0;
      me.then = d.conversation;
      if (!me.replay) caughtUp(me);
    }
    forgot = false;
    state.everConnected = true;
    if (me === next) {
      const old = link;
      promote();
      if (old) finish(old, 1000, true);
    } else state.connected = true;
    saveSoon();
    paintSoon();
    pump();
  }

  function promote() {
    link = next;
    next = null;
    state.connected = true;
    pump();
    paintSoon();
  }

  /** The conversation as the server has it now, without its messages. */
  function adopt(c) {
    state.conversation = c ? { id: c.id, state: c.state, holder: c.holder, position: c.position } : null;
    if (c && c.version && state.items.some(isReply)) state.heard = c.version;
    if (c && c.ticket !== undefined) state.ticket = c.ticket;
    if (c && c.lead_wanted !== undefined) {
      state.initiated = c.lead_wanted;
      state.lead = c.lead_wanted || (state.lead && mode() === 'queued');
    }
    if (mode() === 'agent') Object.assign(state, { lead: false, ticket: false });
  }

  /** All that was missed has come: this socket is complete through `head`. */
  function caughtUp(me) {
    me.cursor = Math.max(me.cursor, me.head);
    state.lastSeq = Math.max(state.lastSeq, me.head);
    if (me.then) adopt(me.then);
    me.then = null;
  }

  function acknowledge(me) {
    clearTimeout(me.ackTimer);
    me.ackTimer = 0;
    me.unacked = 0;
    send(me, { t: 'ctl', type: 'ack', seq: me.cursor });
  }

  function receive(me, f) {
    if (f.t === 'ctl') control(me, f);
    else if (f.t === 'res') {
      const call = me.calls.get(f.id);
      if (!call) return;
      me.calls.delete(f.id);
      clearTimeout(call.timer);
      call.resolve(f);
    } else if (f.t === 'eph') {
      if (me === link) ephemeral(f);
    } else if (f.t === 'ev') {
      if (f.prev > me.cursor) {
        // Something before it never came. Resume from what is known.
        gaps++;
        finish(me, 4000, true);
        return;
      }
      me.cursor = Math.max(me.cursor, f.seq);
      if (f.seq > state.lastSeq) {
        state.lastSeq = f.seq;
        gaps = 0;
        apply(f);
        saveSoon();
        paintSoon();
      }
      if (++me.unacked >= 64) acknowledge(me);
      else if (!me.ackTimer) me.ackTimer = setTimeout(() => acknowledge(me), 2000);
      if (me.replay && --me.replay === 0) {
        caughtUp(me);
        paintSoon();
      }
    }
  }

  function control(me, f) {
    if (f.type === 'hello' && !me.hello) {
      me.hello = true;
      me.beat = f.heartbeat_ms || me.beat;
      authenticate(me);
    } else if (f.type === 'heartbeat') {
      if (me.authed && !me.replay && f.head >= me.cursor) {
        me.cursor = f.head;
        if (f.head > state.lastSeq) {
          state.lastSeq = f.head;
          saveSoon();
        }
      }
      send(me, { t: 'ctl', type: 'heartbeat' });
    } else if (f.type === 'goaway' && me === link && !next) {
      // Spread over the time given; the next socket opens before this one goes.
      setTimeout(() => {
        if (me === link && !next) connect();
      }, Math.random() * (f.in_ms || 0) * 0.8);
    }
  }

  // -- Events

  function apply(f) {
    const d = f.d || {};
    const line = (text, kind) => notice('e' + f.seq, f.seq, f.at, text, kind, true);
    const holder = (state.conversation && state.conversation.holder) || {};
    if (f.conversation && (!state.conversation || state.conversation.id !== f.conversation)) {
      state.conversation = { id: f.conversation, state: 'assistant', holder: { kind: 'assistant' } };
      state.heard = state.told = 0;
    }
    switch (f.type) {
      case 'message.posted': {
        const m = fromView(Object.assign({ seq: f.seq, at: f.at }, d));
        if (m.cid) settle(m.cid);
        put(m);
        if (m.author === 'visitor') {
          if (state.conversation.state === 'resolved') hold('assistant', undefined, 'assistant');
        } else {
          state.partials.clear();
          state.typing = null;
          state.heard = f.version || 0;
        }
        break;
      }
      case 'notice.posted':
        notice(String(d.id || 'e' + f.seq), f.seq, f.at, String(d.text || ''), noticeKind(d.key), false);
        break;
      case 'handoff.initiated':
        if (offered() || !ticketing()) hold('nobody', undefined, 'queued');
        else state.lead = !state.ticket;
        state.initiated = true;
        state.partials.clear();
        emit('handoff:initiated', { conversation: f.conversation, reason: d.reason });
        break;
      case 'handoff.completed':
        Object.assign(state, { initiated: false, lead: false, ticket: !!d.ticket });
        hold('nobody', undefined, 'queued');
        if (d.ticket) line('The team has your message and will answer by e-mail.', 'ticket');
        emit('handoff', { conversation: f.conversation, ticket: !!d.ticket });
        break;
      case 'handoff.cancelled':
        Object.assign(state, { initiated: false, lead: false, ticket: false });
        hold('assistant', undefined, 'assistant');
        line('You are with the assistant again.', 'cancel');
        break;
      case 'agent.joined':
        Object.assign(state, { initiated: false, lead: false, ticket: false, typing: null });
        state.partials.clear();
        hold('agent', d.name, 'active');
        line((d.name || 'A person') + ' joined', 'joined');
        break;
      case 'agent.left':
        hold('nobody', undefined, 'queued');
        if (d.reason !== 'resolved') line((holder.name || 'The person you talked to') + ' left the chat', 'left');
        break;
      case 'assistant.resumed':
        if (holder.kind === 'agent' || mode() === 'queued') line('The assistant is back.', 'resumed');
        hold('assistant', undefined, 'assistant');
        break;
      case 'resolved':
        Object.assign(state, { initiated: false, lead: false, ticket: false, typing: null });
        state.partials.clear();
        hold('assistant', undefined, 'resolved');
        line('This conversation is resolved. Write again any time: the assistant is here.', 'resolved');
        break;
      // A type of a later version: its seq counts, nothing else.
    }
  }

  function ephemeral(f) {
    if (f.type === 'typing') {
      if (f.who === 'visitor') return;
      const name = f.name || (f.who === 'assistant' ? 'Assistant' : 'The team');
      state.typing = f.on === false ? null : { name, until: now() + TYPING_MS };
    } else if (f.type === 'assistant.partial') {
      if (mode() !== 'assistant') return;
      state.partials.set(f.turn, { text: String(f.text || ''), until: now() + 30000 });
      state.typing = null;
    } else if (f.type === 'assistant.withdrawn') state.partials.delete(f.turn);
    else if (f.type === 'availability') state.availability = { offered: !!f.offered, when_nobody: f.when_nobody };
    else if (f.type === 'queue.position' && state.conversation) state.conversation.position = f.position;
    paintSoon();
  }

  /** Tells the server what the visitor has seen: the chat is open, the page is looked at, and stayed so for a moment. */
  let seenTimer = 0;
  const looking = () => state.open && !document.hidden && state.heard > state.told;
  function seenSoon() {
    if (seenTimer || !looking() || !link || !link.authed) return;
    seenTimer = setTimeout(() => {
      seenTimer = 0;
      if (!looking() || !link || !link.authed) return;
      state.told = state.heard;
      hint('seen', { version: state.told });
    }, SEEN_MS);
  }

  const offered = () => !!(state.availability && state.availability.offered);
  const ticketing = () => !!(state.availability && !state.availability.offered && state.availability.when_nobody === 'ticket');

  const listeners = new Map();
  function emit(name, detail) {
    for (const fn of Array.from(listeners.get(name) || [])) {
      try {
        fn(detail);
      } catch (e) {
        console.error(e);
      }
    }
    document.dispatchEvent(new CustomEvent('baton:' + name, { detail }));
  }

  // -- Elements

  /** `el('p.note', {title: 'x'}, 'words', child)`: strings become text nodes. */
  function el(what, attributes) {
    const parts = what.split('.');
    const node = document.createElement(parts[0]);
    if (parts.length > 1) node.className = parts.slice(1).join(' ');
    for (const name in attributes || {}) node.setAttribute(name, attributes[name]);
    for (let i = 2; i < arguments.length; i++) node.append(arguments[i]);
    return node;
  }

  const SVG = 'http://www.w3.org/2000/svg';
  function icon(d) {
    const svg = document.createElementNS(SVG, 'svg');
    svg.setAttribute('viewBox', '0 0 24 24');
    svg.setAttribute('aria-hidden', 'true');
    const path = document.createElementNS(SVG, 'path');
    path.setAttribute('d', d);
    svg.append(path);
    return svg;
  }
  const ICONS = {
    chat: 'M5 4h14a3 3 0 0 1 3 3v8a3 3 0 0 1-3 3h-6.5L7.6 21.6c-.7.5-1.6 0-1.6-.8V18H5a3 3 0 0 1-3-3V7a3 3 0 0 1 3-3Z',
    down: 'M6 9l6 6 6-6',
    close: 'M6 6l12 12M18 6L6 18',
    send: 'M12 20V5M5.5 11.5L12 5l6.5 6.5',
    person: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8ZM4.5 20.5c.7-3.8 3.7-6 7.5-6s6.8 2.2 7.5 6',
    spark: 'M12 3l1.9 5.6c.3.7.8 1.2 1.5 1.5L21 12l-5.6 1.9c-.7.3-1.2.8-1.5 1.5L12 21l-1.9-5.6c-.3-.7-.8-1.2-1.5-1.5L3 12l5.6-1.9c.7-.3 1.2-.8 1.5-1.5L12 3Z',
    doc: 'M7 3h7l5 5v11a2 2 0 0 1-2 2H7a2 2 0 0 1-2-2V5a2 2 0 0 1 2-2ZM14 3v5h5',
    mail: 'M4 6h16v12H4zM4 7l8 6 8-6',
  };

  const CSS = `
:host{all:initial!important;position:fixed!important;z-index:2147483000!important;inset-block-end:0!important;inset-inline-end:0!important;
--accent:var(--baton-accent,#0f5f5c);--on:var(--baton-accent-ink,#fff);--bg:#fff;--soft:#f1f3f4;--line:#d9dee1;--ink:#172023;--dim:#566369;--warm:#fff4dd;--warm-ink:#5f4200;--bad:#a8201a;--link:#0b5a7a;
--lift:0 1px 2px rgba(10,25,30,.1),0 12px 40px rgba(10,25,30,.22);color-scheme:light!important;
font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif!important;color:var(--ink)!important}
@media(prefers-color-scheme:dark){:host(:not([data-theme=light])){--bg:#151b1e;--soft:#232c30;--line:#364248;--ink:#eaf0f1;--dim:#a3b1b6;--warm:#3a2f14;--warm-ink:#f7dda0;--bad:#ff9c94;--link:#86cdf0;
--lift:0 0 0 1px #364248,0 12px 40px rgba(0,0,0,.55);color-scheme:dark!important}}
:host([data-theme=dark]){--bg:#151b1e;--soft:#232c30;--line:#364248;--ink:#eaf0f1;--dim:#a3b1b6;--warm:#3a2f14;--warm-ink:#f7dda0;--bad:#ff9c94;--link:#86cdf0;
--lift:0 0 0 1px #364248,0 12px 40px rgba(0,0,0,.55);color-scheme:dark!important}
*{box-sizing:border-box}[hidden]{display:none!important}
svg{width:20px;height:20px;fill:none;stroke:currentColor;stroke-width:2;stroke-linecap:round;stroke-linejoin:round;flex:none}
button,input,textarea{font:inherit;color:inherit;letter-spacing:inherit}
button{cursor:pointer;border:0;background:none}button:disabled{cursor:default;opacity:.55}
:focus{outline:0}:focus-visible{outline:2px solid var(--ink);outline-offset:2px}
.hid{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
.launch{position:fixed;inset-block-end:calc(20px + env(safe-area-inset-bottom));inset-inline-end:20px;width:58px;height:58px;border-radius:50%;background:var(--accent);color:var(--on);box-shadow:var(--lift);display:grid;place-items:center;transition:transform .15s}
.launch:hover{transform:scale(1.05)}.launch svg{width:26px;height:26px}
.launch:focus-visible{outline:3px solid var(--ink);box-shadow:0 0 0 3px var(--bg)}
.badge{position:absolute;inset-block-start:-3px;inset-inline-end:-3px;min-width:22px;height:22px;padding:0 6px;border-radius:11px;background:#b3261e;color:#fff;font-size:12px;font-weight:700;line-height:22px;text-align:center}
.panel{position:fixed;inset-block-end:calc(92px + env(safe-area-inset-bottom));inset-inline-end:20px;width:396px;max-width:calc(100vw - 24px);height:min(660px,calc(100vh - 116px));background:var(--bg);border-radius:18px;box-shadow:var(--lift);display:flex;flex-direction:column;overflow:hidden;animation:rise .18s ease-out}
@keyframes rise{from{opacity:0;transform:translateY(10px)}}
header{display:flex;align-items:center;gap:12px;padding:14px 10px 14px 16px;background:var(--accent);color:var(--on)}
header .who{flex:1;min-width:0}h2{margin:0;font-size:16px;line-height:1.3;font-weight:650}
h2,.sub{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}.sub{margin:1px 0 0;font-size:13px;line-height:1.35}
header .face{background:rgba(255,255,255,.18);color:inherit;width:36px;height:36px;font-size:15px}
header button{width:40px;height:40px;border-radius:10px;display:grid;place-items:center}header button:hover{background:rgba(255,255,255,.16)}
header :focus-visible{outline-color:var(--on);outline-offset:-3px}
.bar{display:flex;gap:10px;align-items:center;padding:9px 16px;background:var(--warm);color:var(--warm-ink);font-size:13.5px;line-height:1.35}
.bar p{margin:0;flex:1;min-width:0;overflow-wrap:anywhere}.bar b{display:block;font-weight:650}.bar button{font-size:13.5px;font-weight:600;text-decoration:underline;text-underline-offset:3px;padding:7px 4px;border-radius:6px;white-space:nowrap}
.bar.queue{background:var(--soft);color:var(--ink);border-block-end:1px solid var(--line)}
.spin{width:18px;height:18px;border-radius:50%;border:2.5px solid var(--line);border-block-start-color:var(--ink);animation:turn 1s linear infinite;flex:none}@keyframes turn{to{transform:rotate(1turn)}}
.scroll{flex:1;min-height:0;overflow-y:auto;overscroll-behavior:contain;padding:16px 16px 10px;scrollbar-width:thin}.scroll:focus-visible{outline-offset:-3px}
.hello{text-align:center;color:var(--dim);padding:14px 14px 20px;font-size:14px}.hello .face{margin:0 auto 10px;width:48px;height:48px}.hello .face svg{width:24px;height:24px}.hello b{display:block;font-size:17px;color:var(--ink);font-weight:650;margin-block-end:4px}
.face{width:28px;height:28px;border-radius:50%;display:grid;place-items:center;background:var(--soft);color:var(--ink);font-weight:700;font-size:13px;flex:none}.face svg{width:16px;height:16px}
.m{margin-block-start:14px;display:grid;grid-template-columns:28px minmax(0,1fr);column-gap:8px;justify-items:start}.m.more{margin-block-start:4px}
.m>.face{grid-row:2;align-self:start}.m.more>.face{visibility:hidden;height:1px}
.meta{grid-column:2;font-size:12.5px;color:var(--dim);margin:0 2px 3px}.meta bdi{font-weight:650;color:var(--ink);margin-inline-end:6px}
.m.more .meta{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.b{grid-column:2;max-width:100%;padding:9px 13px;border-radius:4px 16px 16px 16px;background:var(--soft);white-space:pre-wrap;overflow-wrap:anywhere;overflow:hidden;unicode-bidi:plaintext;text-align:start}
.m.more .b{border-start-start-radius:16px}.agent .b{background:var(--bg);box-shadow:inset 0 0 0 1.5px var(--accent)}.agent .face{background:var(--accent);color:var(--on)}
.visitor{display:flex;flex-direction:column;align-items:flex-end}.visitor .b{max-width:86%;background:var(--accent);color:var(--on);border-radius:16px 16px 4px 16px}
.visitor .b ::selection{background:rgba(255,255,255,.35)}
.stat{font-size:12px;color:var(--dim);margin:3px 3px 0}.stat.bad{color:var(--bad);text-align:end}.stat button{font-weight:650;text-decoration:underline;text-underline-offset:2px;padding:4px 3px;margin-inline-start:5px;border-radius:5px}.wait .b{opacity:.8}
a{color:var(--link);text-underline-offset:2px;overflow-wrap:anywhere;border-radius:3px}
.src{grid-column:2;list-style:none;margin:6px 0 0;padding:0;display:flex;flex-wrap:wrap;gap:6px;max-width:100%}.src>*{display:inline-flex;max-width:100%}
.src a,.src span{display:inline-flex;gap:6px;align-items:center;font-size:13px;line-height:1.3;padding:5px 10px 5px 8px;border:1px solid var(--line);border-radius:9px;text-decoration:none;max-width:100%;min-width:0}.src a:hover{background:var(--soft);text-decoration:underline}.src svg{width:14px;height:14px}
.n{margin:16px 6px 2px;text-align:center;text-wrap:balance;font-size:13px;color:var(--dim);overflow-wrap:anywhere}.n time{margin-inline-start:6px}
.now{color:var(--dim);font-size:13px}.dots{display:inline-flex;gap:4px;padding:13px 14px}.dots i{width:7px;height:7px;border-radius:50%;background:var(--dim);animation:dot 1.2s infinite}.dots i+i{animation-delay:.15s}.dots i+i+i{animation-delay:.3s}@keyframes dot{0%,60%,to{opacity:.35}30%{opacity:1;transform:translateY(-3px)}}
.fresh{position:absolute;inset-inline:0;inset-block-end:8px;margin:auto;width:max-content;padding:6px 14px;border-radius:16px;background:var(--ink);color:var(--bg);font-size:13px;font-weight:600;box-shadow:var(--lift)}
.mid{position:relative;flex:1;min-height:0;display:flex;flex-direction:column}
footer{border-block-start:1px solid var(--line);padding:10px 12px calc(12px + env(safe-area-inset-bottom));display:flex;flex-direction:column;gap:10px}
.ask{display:flex;gap:8px;align-items:center;justify-content:center;width:100%;min-height:40px;padding:8px 14px;border:1.5px solid var(--line);border-radius:12px;font-weight:600;font-size:14.5px}.ask:hover:enabled{background:var(--soft)}.ask svg{width:18px;height:18px}
.say{display:flex;gap:8px;align-items:flex-end}.box{flex:1;min-width:0;border:1.5px solid var(--dim);border-radius:14px;padding:9px 13px;background:var(--bg);resize:none;min-height:44px;max-height:138px;overflow-y:auto;line-height:1.45;display:block;font-size:16px}
.box::placeholder,.in::placeholder{color:var(--dim);opacity:1}.box:focus-visible,.in:focus-visible{outline:2px solid var(--accent);outline-offset:0;border-color:var(--accent)}
.go{width:44px;height:44px;border-radius:13px;background:var(--accent);color:var(--on);display:grid;place-items:center;flex:none}.go:disabled{background:var(--soft);color:var(--dim);opacity:1}
.err{margin:0;color:var(--bad);font-size:13px}
.lead{display:flex;flex-direction:column;gap:9px;max-height:min(460px,70vh);overflow-y:auto;padding:4px 4px 2px;margin:-2px}.lead p{margin:0;font-size:14px}.lead label{display:block;font-size:13px;font-weight:600}
.in{display:block;width:100%;margin-block-start:3px;border:1.5px solid var(--dim);border-radius:10px;padding:8px 11px;background:var(--bg);min-height:42px;font-size:16px;font-weight:400;resize:vertical}.in[aria-invalid=true]{border-color:var(--bad)}
.row{display:flex;gap:8px;flex-wrap:wrap}.row .main{background:var(--accent);color:var(--on);flex:1}.main,.plain{min-height:42px;padding:8px 16px;border-radius:11px;font-weight:650}.plain{border:1.5px solid var(--line)}
@media(prefers-color-scheme:dark){:host(:not([data-theme=light])) .box:focus-visible,:host(:not([data-theme=light])) .in:focus-visible{outline-color:var(--ink);border-color:var(--ink)}}
@media(max-width:520px),(max-height:480px){.panel{inset:0;width:auto;max-width:none;height:auto;border-radius:0;animation:none}.panel:not([hidden])~.launch{display:none}header{padding-block-start:calc(12px + env(safe-area-inset-top))}}
@media(prefers-reduced-motion:reduce){*{animation:none!important;transition:none!important}.spin{border-style:dotted}}
@media(forced-colors:active){.b,.launch,.go,.panel,.box,.in{border:1px solid}}
@media print{:host{display:none!important}}`;

  const host = el('div', { id: 'baton-widget' });
  const theme = tag.getAttribute('data-theme');
  if (theme === 'light' || theme === 'dark') host.setAttribute('data-theme', theme);
  const root = host.attachShadow({ mode: 'open' });
  try {
    // Allowed under a strict `style-src`; the element below is for older browsers.
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(CSS);
    root.adoptedStyleSheets = [sheet];
  } catch (e) {
    root.append(el('style', {}, CSS));
  }

  const badge = el('span.badge', { hidden: '', 'aria-hidden': 'true' });
  const launchIcon = el('span', { 'aria-hidden': 'true' }, icon(ICONS.chat));
  launchIcon.style.display = 'contents';
  const launcher = el('button.launch', { type: 'button', 'aria-controls': 'panel' }, launchIcon, badge);

  const headFace = el('div.face', { 'aria-hidden': 'true' });
  const title = el('h2', { id: 'title', dir: 'auto' });
  const sub = el('p.sub', { dir: 'auto' });
  const closer = el('button', { type: 'button', 'aria-label': 'Close chat' }, icon(ICONS.close));

  const linkText = el('p');
  const linkBar = el('div.bar', { role: 'status', hidden: '' }, linkText);
  const queueSpin = el('span.spin', { 'aria-hidden': 'true' });
  const queueTitle = el('b');
  const queueMore = el('span');
  const queueLead = el('button', { type: 'button' }, 'Leave e-mail');
  const queueCancel = el('button', { type: 'button' }, 'Cancel');
  const queueBar = el('div.bar.queue', { hidden: '' }, queueSpin, el('p', { role: 'status' }, queueTitle, queueMore), queueLead, queueCancel);

  const helloText = el('div.hello', { dir: 'auto' });
  const log = el('div', { role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions', 'aria-label': 'Messages' });
  const present = el('div', { 'aria-live': 'off' }); // typing and unfinished answers: not read aloud letter by letter
  const scroller = el('div.scroll', { tabindex: '0', 'aria-label': 'Conversation', role: 'region' }, helloText, log, present);
  const fresh = el('button.fresh', { type: 'button', hidden: '' }, 'New message \u2193');

  const askIcon = el('span', { 'aria-hidden': 'true' });
  askIcon.style.display = 'contents';
  const askText = el('span');
  const ask = el('button.ask', { type: 'button', hidden: '' }, askIcon, askText);
  const box = el('textarea.box', { rows: '1', 'aria-label': 'Your message', placeholder: 'Write a message', dir: 'auto', enterkeyhint: 'send' });
  const go = el('button.go', { type: 'submit', 'aria-label': 'Send message' }, icon(ICONS.send));
  const say = el('form.say', { novalidate: '' }, box, go);
  const trouble = el('p.err', { role: 'alert', hidden: '' });

  const leadWhy = el('p');
  const leadName = el('input.in', { name: 'name', autocomplete: 'name', maxlength: '100', dir: 'auto' });
  const leadMail = el('input.in', { name: 'email', type: 'email', autocomplete: 'email', inputmode: 'email', maxlength: '254' });
  const leadText = el('textarea.in', { name: 'text', rows: '2', maxlength: '4000', dir: 'auto' });
  const leadError = el('p.err', { role: 'alert', id: 'lead-error', hidden: '' });
  const leadSend = el('button.main', { type: 'submit' }, 'Send to the team');
  const leadBack = el('button.plain', { type: 'button' }, 'Not now');
  const leadForm = el('form.lead', { novalidate: '', 'aria-label': 'Leave a message for the team', hidden: '' }, leadWhy,
    el('label', {}, 'Your name', leadName), el('label', {}, 'Your e-mail', leadMail),
    el('label', {}, 'Message (optional)', leadText), leadError, el('div.row', {}, leadSend, leadBack));

  const panel = el('section.panel', { id: 'panel', role: 'dialog', 'aria-labelledby': 'title', hidden: '' },
    el('header', {}, headFace, el('div.who', {}, title, sub), closer), linkBar, queueBar,
    el('div.mid', {}, scroller, fresh), el('footer', {}, trouble, leadForm, ask, say));
  root.append(panel, launcher);

  // -- Drawing

  const set = (node, text) => {
    if (node.textContent !== text) node.textContent = text;
  };
  const show = (node, yes) => {
    if (node.hidden === yes) node.hidden = !yes;
  };

  function nameOf(item) {
    if (item.author === 'visitor') return 'You';
    if (item.author === 'assistant') return item.name || 'Assistant';
    return item.name || 'The team';
  }

  function face(author, name) {
    const node = el('div.face', { 'aria-hidden': 'true' });
    if (author === 'assistant') node.append(icon(ICONS.spark));
    else node.append(Array.from(name.trim())[0] || '?');
    return node;
  }

  const CLOCK = new Intl.DateTimeFormat([], { hour: 'numeric', minute: '2-digit' });
  const DAY = new Intl.DateTimeFormat([], { day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' });
  function clock(at) {
    const date = new Date(at);
    if (isNaN(date)) return el('time');
    const text = (date.toDateString() === new Date().toDateString() ? CLOCK : DAY).format(date);
    return el('time', { datetime: date.toISOString() }, text);
  }

  /** An address that may be opened: http and https, or a path on the chat's server. Anything else stays text. */
  function safeLink(url) {
    const text = String(url || '');
    if (!/^(https?:\/\/|\/(?![/\\]))/i.test(text)) return null;
    try {
      const parsed = new URL(text, base);
      return parsed.protocol === 'https:' || parsed.protocol === 'http:' ? parsed.href : null;
    } catch (e) {
      return null;
    }
  }

  const anchor = (href) => el('a', { href, target: '_blank', rel: 'noopener noreferrer nofollow' });

  /** A person's text, with its addresses as links; the address shown is the address opened. */
  function linked(node, text) {
    for (const part of text.split(/(https?:\/\/[^\s<>"'\u0000-\u001f\u200b-\u200f\u202a-\u202e\u2066-\u2069]+)/i)) {
      const address = /^https?:/i.test(part) ? part.replace(/[.,;:!?)\]}]+$/, '') : '';
      const href = address && safeLink(address);
      if (href) {
        const a = anchor(href);
        a.append(address);
        node.append(a, part.slice(address.length));
      } else node.append(part);
    }
  }

  const nodes = new Map(); // key -> {node, sign}

  function draw(item, more, last) {
    const key = keyOf(item);
    const sign = [item.id, more, item.failed, item.pending, last].join('|');
    const old = nodes.get(key);
    if (old && old.sign === sign) return old.node;
    let node;
    if (item.author === 'system') {
      node = el('p.n', { dir: 'auto' }, item.text, ' ', clock(item.at));
    } else {
      const mine = item.author === 'visitor';
      const name = nameOf(item);
      node = old ? old.node : el('div');
      node.className = 'm ' + (mine ? 'visitor' : item.author === 'agent' ? 'agent' : 'assistant') +
        (more ? ' more' : '') + (item.pending ? ' wait' : '');
      const body = el('div.b', { dir: 'auto' });
      if (item.author === 'agent') linked(body, item.text);
      else body.append(item.text);
      const parts = [el('div.meta', {}, el('bdi', {}, name), clock(item.at)), body];
      if (!mine) parts.splice(1, 0, face(item.author, name));
      if (item.sources.length) {
        const list = el('ul.src', { 'aria-label': 'Sources' });
        for (const s of item.sources.slice(0, 5)) {
          const href = safeLink(s && s.url);
          const chip = href ? anchor(href) : el('span');
          chip.append(icon(ICONS.doc), el('bdi', {}, String((s && (s.title || s.url)) || 'Source')));
          list.append(el('li', {}, chip));
        }
        parts.push(list);
      }
      if (item.failed) {
        const again = el('button', { type: 'button' }, 'Try again');
        const discard = el('button', { type: 'button' }, 'Discard');
        again.onclick = () => {
          const entry = outbox.get(item.cid);
          if (entry) entry.failed = '';
          pump();
          paintSoon();
        };
        discard.onclick = () => {
          settle(item.cid);
          paintSoon();
          box.focus();
        };
        parts.push(el('div.stat.bad', {}, 'Not sent: ' + item.failed, again, discard));
      } else if (item.pending) parts.push(el('div.stat', {}, 'Sending\u2026'));
      else if (last) parts.push(el('div.stat', {}, 'Sent'));
      node.replaceChildren.apply(node, parts);
    }
    nodes.set(key, { node, sign });
    return node;
  }

  const isReply = (m) => m.author === 'agent' || m.author === 'assistant';

  function drawLog() {
    const lines = state.items.slice();
    for (const e of outbox.values()) {
      if (e.op === 'message.send' && !lines.some((m) => m.cid === e.cid)) {
        lines.push({
          id: e.cid, cid: e.cid, seq: Infinity, at: e.at, author: 'visitor', name: '', text: e.d.text, sources: [],
          pending: !e.failed, failed: e.failed,
        });
      }
    }
    const end = lines[lines.length - 1];
    const lastSent = end && end.author === 'visitor' && !end.pending && !end.failed ? end : null;
    const wanted = new Set();
    let before = null;
    let place = log.firstChild;
    for (const m of lines) {
      const more = !!before && before.author === m.author && before.name === m.name && m.author !== 'system' &&
        Math.abs(new Date(m.at) - new Date(before.at)) < 120000;
      const node = draw(m, more, m === lastSent);
      wanted.add(keyOf(m));
      if (node === place) place = place.nextSibling;
      else log.insertBefore(node, place);
      before = m;
    }
    for (const key of Array.from(nodes.keys())) {
      if (!wanted.has(key)) {
        nodes.get(key).node.remove();
        nodes.delete(key);
      }
    }
    // A replaced line leaves its old node behind the last one.
    while (place) {
      const gone = place;
      place = place.nextSibling;
      gone.remove();
    }
    return lines.length;
  }

  let presentSign = '';
  function drawPresent() {
    for (const [turn, p] of state.partials) if (p.until < now()) state.partials.delete(turn);
    if (state.typing && state.typing.until < now()) state.typing = null;
    const partials = Array.from(state.partials.values());
    const typing = partials.length ? null : state.typing;
    const sign = JSON.stringify([partials.map((p) => p.text), typing && typing.name]);
    if (sign === presentSign) return;
    presentSign = sign;
    const rows = partials.map((p) => el('div.m.assistant', {},
      el('div.meta', {}, el('bdi', {}, 'Assistant'), 'writing\u2026'), face('assistant', ''), el('div.b', { dir: 'auto' }, p.text)));
    if (typing) {
      const agent = mode() === 'agent';
      rows.push(el(agent ? 'div.m.agent' : 'div.m.assistant', {},
        el('div.meta', {}, el('bdi', {}, typing.name), 'is typing\u2026'), face(agent ? 'agent' : 'assistant', typing.name),
        el('div.b.dots', { 'aria-hidden': 'true' }, el('i'), el('i'), el('i'))));
    }
    present.replaceChildren.apply(present, rows);
  }

  function toEnd() {
    scroller.scrollTop = scroller.scrollHeight;
  }

  let painting = false;
  let downSince = now();
  let follow = true; // keep the newest line in view
  let newest = 0;

  function paintSoon() {
    if (painting) return;
    painting = true;
    Promise.resolve().then(() => {
      painting = false;
      paint();
    });
  }

  function paint() {
    const m = mode();
    const holder = (state.conversation && state.conversation.holder) || {};
    const ready = state.connected;
    const name = state.site.name || 'Chat';
    const person = m === 'agent' ? holder.name || 'The team' : '';

    // The head says whom one talks to.
    set(title, person || name);
    set(sub, person ? 'from ' + name : m === 'queued' && !state.ticket ? 'A person is being asked'
      : offered() ? 'Assistant \u00b7 the team is online' : 'Assistant');
    const faceSign = person || 'assistant';
    if (headFace.dataset.for !== faceSign) {
      headFace.dataset.for = faceSign;
      headFace.replaceChildren.apply(headFace, face(person ? 'agent' : 'assistant', person).childNodes);
    }

    // Silent at first, so that a quick reconnect does not flicker.
    if (ready) downSince = 0;
    else if (!downSince) downSince = now();
    const down = !ready && (state.stopped || now() - downSince > 1500);
    show(linkBar, !!down);
    if (down) {
      set(linkText, state.stopped || (state.everConnected || state.items.length || outbox.size
        ? 'Reconnecting\u2026 your messages are kept.' : 'Connecting\u2026'));
    }

    // The queue.
    const queued = m === 'queued' && !state.ticket && !state.lead;
    show(queueBar, queued);
    if (queued) {
      const there = offered() || !state.availability;
      set(queueTitle, there ? 'Connecting you with the team\u2026' : 'The team is away right now.');
      const position = state.conversation.position;
      set(queueMore, !there ? 'You keep your place.' : position === 1 ? 'You are next in line.'
        : position > 1 ? 'You are number ' + position + ' in line.' : 'Somebody will be with you soon.');
      show(queueSpin, there);
      show(queueLead, ticketing());
      queueCancel.disabled = waiting('handoff.cancel');
    }

    // Messages.
    const wasHeight = scroller.scrollHeight;
    const count = drawLog();
    drawPresent();
    const quiet = !count && !state.partials.size;
    show(helloText, quiet);
    if (quiet && helloText.dataset.for !== name + state.site.greeting) {
      helloText.dataset.for = name + state.site.greeting;
      helloText.replaceChildren(face('assistant', ''), el('b', {}, name),
        state.site.greeting || 'Ask anything. The assistant answers at once, and a person can join.');
    }
    const replies = state.items.filter(isReply);
    const latest = replies.length ? replies[replies.length - 1].seq : 0;
    if (state.open && latest > state.readSeq) {
      state.readSeq = latest;
      saveSoon();
    }
    seenSoon();
    const unread = replies.filter((x) => x.seq > state.readSeq).length;
    show(badge, unread > 0 && !state.open);
    set(badge, unread > 9 ? '9+' : String(unread));

    // What one can do.
    // A ticket can become a live conversation when somebody is back.
    const canAsk = !state.lead && !state.stopped && (m === 'assistant' ? offered() || ticketing() : m === 'queued' && state.ticket && offered());
    show(ask, canAsk);
    if (canAsk) {
      const asking = waiting('handoff.request');
      const label = offered() ? (asking ? 'Asking the team\u2026' : 'Talk to a person') : 'Leave a message for the team';
      if (askText.textContent !== label) {
        askText.textContent = label;
        askIcon.replaceChildren(icon(offered() ? ICONS.person : ICONS.mail));
      }
      ask.disabled = !ready || asking;
    }
    show(leadForm, state.lead && !state.stopped);
    show(say, !state.lead);
    if (state.lead) {
      set(leadWhy, offered()
        ? 'Leave your name and e-mail, and the team will answer by e-mail.'
        : 'Nobody from the team is here right now. Leave your name and e-mail, and they will answer by e-mail when they are back.');
      leadSend.disabled = waiting('lead.submit');
      set(leadSend, leadSend.disabled ? 'Sending\u2026' : 'Send to the team');
    }
    show(trouble, !!state.trouble);
    set(trouble, state.trouble);
    go.disabled = !box.value.trim() || !!state.stopped;

    show(panel, state.open);
    // Last, when what is around the transcript has its height.
    if (follow) toEnd();
    else if (state.open && latest > newest && scroller.scrollHeight > wasHeight) show(fresh, true);
    newest = Math.max(newest, latest);
    const label = state.open ? 'Close chat' : unread ? 'Open chat, ' + unread + ' new' : 'Open chat';
    if (launcher.getAttribute('aria-label') !== label) {
      launcher.setAttribute('aria-label', label);
      launcher.setAttribute('aria-expanded', String(state.open));
      launchIcon.replaceChildren(icon(state.open ? ICONS.down : ICONS.chat));
    }
  }

  // -- The visitor's hands

  function openPanel(focus) {
    state.open = true;
    disk.set('open', true);
    follow = true;
    paint();
    // On a touch screen focus would raise the keyboard.
    if (focus) (matchMedia('(pointer: coarse)').matches ? closer : state.lead ? leadName : box).focus();
  }

  function closePanel(focus) {
    state.open = false;
    disk.set('open', false);
    typed(false);
    paint();
    if (focus) launcher.focus();
  }

  launcher.onclick = () => (state.open ? closePanel(true) : openPanel(true));
  closer.onclick = () => closePanel(true);

  // To the page these keys come from a plain element: its shortcuts must not fire.
  for (const type of ['keydown', 'keyup', 'keypress']) {
    root.addEventListener(type, (e) => {
      if (type === 'keydown' && e.key === 'Escape' && state.open && !e.isComposing) closePanel(true);
      if (panel.contains(e.target)) e.stopPropagation();
    });
  }

  scroller.addEventListener('scroll', () => {
    follow = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 40;
    if (follow) show(fresh, false);
  }, { passive: true });
  // A growing box, a keyboard, a turned screen.
  if (window.ResizeObserver) new ResizeObserver(() => follow && toEnd()).observe(scroller);
  fresh.onclick = () => {
    follow = true;
    show(fresh, false);
    paint();
    box.focus();
  };

  let typingOn = false;
  let typingSent = 0;
  let typingTimer = 0;
  function typed(on) {
    clearTimeout(typingTimer);
    if (on) typingTimer = setTimeout(() => typed(false), 4000);
    if (on === typingOn && (!on || now() - typingSent < 3000)) return;
    typingOn = on;
    typingSent = now();
    // Before a first message there is nobody to tell.
    if (state.conversation) hint('typing', { on });
  }

  function grow() {
    box.style.height = 'auto';
    box.style.height = Math.min(138, box.scrollHeight + 3) + 'px';
  }

  box.oninput = () => {
    session.set('draft', box.value);
    state.trouble = '';
    grow();
    typed(!!box.value.trim());
    paintSoon();
  };
  box.onkeydown = (e) => {
    if (e.key === 'Enter' && !e.shiftKey && !e.isComposing && e.keyCode !== 229) {
      e.preventDefault();
      submit();
    }
  };
  say.onsubmit = (e) => {
    e.preventDefault();
    submit();
  };

  function submit() {
    const text = wellFormed(box.value).trim();
    if (!text || state.stopped) return;
    const size = (s) => new TextEncoder().encode(s).length;
    // JSON escapes take room: a frame holds two messages' worth, less what is around it.
    const over = Math.max(size(text) - MESSAGE_BYTES, size(JSON.stringify(text)) - 2 * MESSAGE_BYTES + 384);
    if (over > 0) {
      state.trouble = 'This message is too long by ' + over + ' characters or so. Send it in two parts.';
      paintSoon();
      return;
    }
    typed(false);
    follow = true;
    enqueue('message.send', { text });
    box.value = '';
    session.drop('draft');
    grow();
    box.focus();
  }

  ask.onclick = () => {
    // Asking is the first event, `handoff:initiated`; where nobody is there, the details are asked for after it.
    if (!offered()) {
      state.lead = true;
      leadText.value = box.value;
    }
    enqueue('handoff.request', {});
    paint();
    if (state.lead) leadName.focus();
    else box.focus();
  };
  queueCancel.onclick = () => {
    enqueue('handoff.cancel', {});
    box.focus();
  };
  queueLead.onclick = () => {
    state.lead = true;
    saveSoon();
    paint();
    leadName.focus();
  };
  leadBack.onclick = () => {
    state.lead = false;
    for (const e of Array.from(outbox.values())) if (e.op === 'handoff.request') settle(e.cid);
    // Asked for a person, gave no details: nobody should wait. In the queue the place stays.
    if (state.initiated && mode() === 'assistant') enqueue('handoff.cancel', {});
    saveSoon();
    paint();
    box.focus();
  };
  leadForm.onsubmit = (e) => {
    e.preventDefault();
    const name = wellFormed(leadName.value).trim();
    const email = wellFormed(leadMail.value).trim();
    const text = wellFormed(leadText.value).trim();
    const badName = !name;
    const badMail = !/^[^\s@<>"(),;:]+@[^\s@<>"(),;:]+\.[^\s@<>"(),;:.]{2,}$/.test(email) || /\.\./.test(email);
    for (const [input, bad] of [[leadName, badName], [leadMail, badMail]]) {
      input.setAttribute('aria-invalid', String(bad));
      if (bad) input.setAttribute('aria-describedby', 'lead-error');
    }
    show(leadError, badName || badMail);
    set(leadError, badName ? 'Please write your name.' : badMail ? 'This e-mail address does not look complete.' : '');
    if (badName || badMail) (badName ? leadName : leadMail).focus();
    else {
      // A message like any other, so that it stands in the transcript.
      if (text) enqueue('message.send', { text });
      enqueue('lead.submit', { name, email });
      if (wellFormed(box.value).trim() === text) {
        box.value = '';
        session.drop('draft');
      }
    }
  };

  // -- The page around it

  let lastPage = location.href + '\n' + document.title;
  let pageTimer = 0;
  function navigated() {
    // Single-page sites set the title after the address.
    clearTimeout(pageTimer);
    pageTimer = setTimeout(() => {
      const here = location.href + '\n' + document.title;
      if (here === lastPage) return;
      lastPage = here;
      hint('page', page());
    }, 300);
  }
  for (const name of ['pushState', 'replaceState']) {
    const real = history[name];
    history[name] = function () {
      const result = real.apply(this, arguments);
      navigated();
      return result;
    };
  }
  window.addEventListener('popstate', navigated);
  window.addEventListener('hashchange', navigated);

  // Back from sleep: do not wait for the back-off.
  function wake() {
    if (!link && retryTimer) {
      attempt = 0;
      retry(Math.random() * 300);
    } else if (link && now() - link.seen > link.beat * 2 + 5000) finish(link, 4009, true);
  }
  window.addEventListener('online', wake);
  document.addEventListener('visibilitychange', () => {
    if (!document.hidden) {
      wake();
      seenSoon();
    }
  });
  window.addEventListener('pageshow', (e) => {
    if (e.persisted) wake();
  });

  window.Baton = {
    version: CLIENT,
    site,
    /** Calls `fn(detail)` on each `event`: "handoff:initiated" or "handoff". */
    on(event, fn) {
      if (typeof fn !== 'function') throw new TypeError('Baton.on(event, fn): fn is not a function');
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event).add(fn);
      return this;
    },
    off(event, fn) {
      if (listeners.has(event)) listeners.get(event).delete(fn);
      return this;
    },
    open() {
      openPanel(true);
      return this;
    },
    close() {
      closePanel(false);
      return this;
    },
  };

  function start() {
    document.body.append(host);
    box.value = session.get('draft') || '';
    if (state.open) openPanel(false);
    grow();
    paint();
    claim();
    setInterval(claim, CLAIM_MS);
    // Typing marks and the link's notice change with time alone.
    setInterval(() => {
      if (!state.connected || state.typing || state.partials.size) paintSoon();
    }, 1000);
    connect();
    document.dispatchEvent(new CustomEvent('baton:ready'));
  }
  if (document.body) start();
  else document.addEventListener('DOMContentLoaded', start);
})();
