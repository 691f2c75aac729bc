/*
 * A TCP relay between the browser and the server that can misbehave on command. It gives the page an origin of its own,
 * and it can do what no browser setting can: let a message reach the server and lose the answer.
 */
import net from 'node:net';

export async function relay(target) {
  const { hostname, port } = new URL(target);
  const pairs = new Set();
  const self = {
    sockets: true, // let WebSocket upgrades through
    swallow: false, // drop what the server says on WebSockets
    upstream: 0, // WebSocket bytes that reached the server
    origin: '',
    /** Ends every WebSocket, as a dead network does. */
    cut() {
      for (const pair of pairs) if (pair.socket) pair.end();
    },
    close() {
      for (const pair of pairs) pair.end();
      server.close();
    },
  };
  const server = net.createServer((browser) => {
    const up = net.connect(Number(port), hostname);
    const pair = {
      socket: false,
      end() {
        pairs.delete(pair);
        browser.destroy();
        up.destroy();
      },
    };
    pairs.add(pair);
    browser.on('data', (bytes) => {
      if (!pair.socket && /^GET \/ws\//.test(bytes.toString('latin1'))) {
        pair.socket = true;
        if (!self.sockets) return pair.end();
      }
      if (pair.socket) self.upstream += bytes.length;
      up.write(bytes);
    });
    up.on('data', (bytes) => {
      if (!(pair.socket && self.swallow)) browser.write(bytes);
    });
    for (const end of [browser, up]) {
      end.on('error', () => pair.end());
      end.on('close', () => pair.end());
    }
  });
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  self.origin = 'http://127.0.0.1:' + server.address().port;
  return self;
}
