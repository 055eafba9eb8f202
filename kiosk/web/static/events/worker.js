// The shared worker of all pages of one browser: it holds their one event stream.
import {EventStream} from './stream.js';

const GONE_MS = 300_000;  // without a sign of life; a page in the background gives one a minute

const pages = new Map();  // when each page gave the last sign of life, by its port
const stream = new EventStream((message) => {
  for (const port of pages.keys()) port.postMessage(message);
});

// Answer a message of a page.
function receive(port, {kind, last}) {
  if (kind === 'leave') return leave(port);
  const isNew = !pages.has(port);
  pages.set(port, Date.now());
  port.postMessage({kind: 'alive'});
  if (kind === 'join') stream.join(last, (message) => port.postMessage(message));
  else if (kind === 'take') stream.takePlace(last);
  else if (isNew) port.postMessage({kind: 'rejoin'});  // it was frozen for so long that it was dropped
  for (const [other, seen] of pages) if (Date.now() - seen > GONE_MS) leave(other);
}

// Let a page go; without pages the program gets its place back.
function leave(port) {
  pages.delete(port);
  if (pages.size === 0) stream.stop();
}

addEventListener('connect', ({ports: [port]}) => {
  port.onmessage = ({data}) => receive(port, data);
});
