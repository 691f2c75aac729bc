/* What the browser tests share: counting, waiting for a condition, the agent's commands, the widget on a page. */
import { spawn, spawnSync } from 'node:child_process';

let passed = 0;
let failed = 0;
let topic = '';

/** What the next checks are about; printed with a failure. */
export function about(name) {
  topic = name + ': ';
}

export function check(name, yes, detail) {
  if (yes) passed += 1;
  else failed += 1;
  // Quiet when green; VERBOSE=1 names each check.
  if (yes && !process.env.VERBOSE) return yes;
  const more = yes || detail === undefined ? '' : '\n     ' + (typeof detail === 'string' ? detail : JSON.stringify(detail));
  console.log((yes ? 'ok   ' : 'FAIL ') + topic + name + more);
  return yes;
}

export function summary() {
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}

/** Asks again until the answer is true-like or the time is over; gives the last answer. The limit is only a safety net. */
export async function until(ask, ms = 20000) {
  const end = Date.now() + ms;
  for (;;) {
    const answer = await ask();
    if (answer || Date.now() > end) return answer;
    await new Promise((next) => setTimeout(next, 50));
  }
}

/** An agent who works by commands: `agent('reply', id, 'text')` gives {code, out, err}. */
export function agentAt(url, binary, token) {
  const env = { ...process.env, BATON_URL: url, BATON_TOKEN: token };
  const run = (...words) => {
    const done = spawnSync(binary, words, { env, encoding: 'utf8', timeout: 30000 });
    return { code: done.status, out: done.stdout || '', err: done.stderr || String(done.error || '') };
  };
  const json = (...words) => {
    const done = run(...words);
    try {
      return JSON.parse(done.out);
    } catch {
      return null;
    }
  };
  /**
   * Only a console leases presence, and only a present agent is offered to visitors. `script` gives the console its terminal.
   * The returned function ends it and waits for that.
   */
  const present = () => {
    const console_ = spawn('script', ['-qfec', `stty rows 40 cols 120; exec "${binary}"`, '/dev/null'], {
      env: { ...env, TERM: 'xterm-256color' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    console_.on('error', (error) => console.log('note: no console could be started: ' + error.message));
    console_.stdin.on('error', () => {});
    console_.stdout.resume();
    const gone = new Promise((done) => console_.on('close', done));
    // `script` passes SIGTERM on, and blocks SIGHUP.
    return () => {
      console_.kill('SIGTERM');
      return gone;
    };
  };
  return { run, json, present };
}

/** The widget on a page, as a visitor sees it. Playwright looks through the open shadow root. */
export class Widget {
  constructor(page) {
    this.page = page;
    this.launcher = page.locator('#baton-widget .launch');
    this.panel = page.locator('#baton-widget .panel');
    this.box = page.locator('#baton-widget .box');
    this.ask = page.locator('#baton-widget .ask');
    this.queue = page.locator('#baton-widget .bar.queue');
    this.link = page.locator('#baton-widget .bar[role=status]');
    this.title = page.locator('#baton-widget #title');
  }

  async open() {
    await this.page.locator('#baton-widget').waitFor({ state: 'attached' });
    if (!(await this.panel.isVisible())) await this.launcher.click();
    await this.panel.waitFor();
  }

  async say(text) {
    await this.box.fill(text);
    await this.box.press('Enter');
  }

  /** Everything in the transcript: [{kind, name, text, status, links}]. */
  lines() {
    return this.page.evaluate(() => {
      const root = document.querySelector('#baton-widget').shadowRoot;
      return Array.from(root.querySelectorAll('[role=log] > *'), (node) => {
        const part = (selector) => (node.querySelector(selector) || { textContent: '' }).textContent;
        if (node.matches('.n')) return { kind: 'notice', name: '', text: node.firstChild.textContent, status: '', links: [] };
        return {
          kind: ['visitor', 'agent', 'assistant'].find((k) => node.classList.contains(k)),
          name: part('.meta bdi'),
          text: part('.b'),
          status: part('.stat'),
          links: Array.from(node.querySelectorAll('.src a'), (a) => a.href),
        };
      });
    });
  }

  /** Whether the newest line is in view. */
  atEnd() {
    return until(() => this.page.evaluate(() => {
      const scroll = document.querySelector('#baton-widget').shadowRoot.querySelector('.scroll');
      return scroll.scrollHeight > scroll.clientHeight && scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 2;
    }));
  }

  async count(text) {
    return (await this.lines()).filter((line) => line.text === text).length;
  }

  /** Waits until a line is there for which `test` holds; gives it, or undefined. */
  line(test, ms) {
    return until(async () => (await this.lines()).find(test), ms);
  }

  /** Waits until the server acknowledged this message. */
  sent(text) {
    return this.line((l) => l.kind === 'visitor' && l.text === text && !/Sending|Not sent/.test(l.status));
  }

  conversation() {
    return this.page.evaluate(() => {
      const kept = JSON.parse(localStorage.getItem('baton:demo:log') || '{}');
      return kept.conversation ? kept.conversation.id : null;
    });
  }
}
