/*
 * Shows a help page. The address /docs/NAME is this shell; the text is /demo/docs/NAME.md, the same file the assistant
 * reads, so that an answer and its source never differ. Knows the Markdown these files use: headings, paragraphs, lists,
 * tables, bold and links. Builds nodes only; no text becomes markup. Links between help pages change the address without a reload.
 */
(function () {
  'use strict';

  const article = document.getElementById('doc');

  function inline(node, text) {
    for (const part of text.split(/(\*\*[^*]+\*\*|\[[^\]]+\]\([^)\s]+\)|`[^`]+`)/)) {
      const link = /^\[([^\]]+)\]\(([^)\s]+)\)$/.exec(part);
      let child = part;
      if (part.startsWith('**')) {
        child = document.createElement('b');
        child.textContent = part.slice(2, -2);
      } else if (part.startsWith('`')) {
        child = document.createElement('code');
        child.textContent = part.slice(1, -1);
      } else if (link && /^(\/(?![/\\])|https?:)/.test(link[2])) {
        child = document.createElement('a');
        child.href = link[2];
        child.textContent = link[1];
      }
      node.append(child);
    }
    return node;
  }

  const make = (name, text) => inline(document.createElement(name), text);

  function table(lines) {
    const node = document.createElement('table');
    const cells = (line) => line.replace(/^\||\|$/g, '').split('|').map((c) => c.trim());
    lines.forEach((line, i) => {
      if (i === 1) return;
      const row = document.createElement('tr');
      for (const cell of cells(line)) row.append(make(i === 0 ? 'th' : 'td', cell));
      node.append(row);
    });
    return node;
  }

  function list(lines) {
    const ordered = /^\d+\. /.test(lines[0]);
    const node = document.createElement(ordered ? 'ol' : 'ul');
    const items = [];
    for (const line of lines) {
      if (/^(- |\d+\. )/.test(line)) items.push(line.replace(/^(- |\d+\. )/, ''));
      else items[items.length - 1] += ' ' + line.trim();
    }
    for (const item of items) node.append(make('li', item));
    return node;
  }

  function render(text) {
    const body = text.replace(/^---\n[\s\S]*?\n---\n/, '').replace(/^#.*$/gm, '\n$&\n');
    const nodes = [];
    for (const raw of body.split(/\n{2,}/)) {
      const block = raw.trim();
      if (!block) continue;
      const lines = block.split('\n');
      const heading = /^(#{1,3}) (.*)$/.exec(block);
      if (heading) {
        const node = make('h' + heading[1].length, heading[2]);
        node.id = heading[2].toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '');
        nodes.push(node);
      } else if (block.startsWith('|')) nodes.push(table(lines));
      else if (/^(- |\d+\. )/.test(block)) nodes.push(list(lines));
      else nodes.push(make('p', lines.join(' ')));
    }
    article.replaceChildren(...nodes);
    const title = article.querySelector('h1');
    document.title = (title ? title.textContent : 'Help') + ' · Varnholt';
  }

  async function load() {
    const name = /^\/docs\/([a-z0-9-]+)$/.exec(location.pathname);
    try {
      const answer = name && (await fetch('/demo/docs/' + name[1] + '.md'));
      if (!answer || !answer.ok) throw new Error('no such page');
      render(await answer.text());
    } catch (e) {
      article.replaceChildren(make('h1', 'No such help page'), make('p', 'Look at [all help pages](/demo/support.html), or ask in the chat.'));
    }
    const target = location.hash && document.getElementById(location.hash.slice(1));
    if (target) target.scrollIntoView();
  }

  document.addEventListener('click', (event) => {
    const link = event.target instanceof Element && event.target.closest('a[href^="/docs/"]');
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    history.pushState(null, '', link.getAttribute('href'));
    scrollTo(0, 0);
    load();
  });
  window.addEventListener('popstate', load);
  load();
})();
