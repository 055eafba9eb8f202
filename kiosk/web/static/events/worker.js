// The shared worker of all pages of one browser. It holds their event stream.
import {EventStream} from './stream.js';

const MAX_SILENCE_MS = 300_000;  // of a page; in the background it sends one message a minute

const pages = new Map();  // the time of the last message of each page, by its port
const stream = new EventStream((message) => {
  for (const port of pages.keys()) port.postMessage(message);
});

// Handle a message of a page.
function receive(port, {kind, last}) {
  if (kind === 'leave') return leave(port);
  const isNew = !pages.has(port);
  pages.set(port, Date.now());
  port.postMessage({kind: 'alive'});
  if (kind === 'join') stream.join(last, (message) => port.postMessage(message));
  else if (kind === 'take') stream.takePlace(last);
  else if (isNew) port.postMessage({kind: 'rejoin'});  // it was frozen for so long that it was removed
  for (const [other, seen] of pages) if (Date.now() - seen > MAX_SILENCE_MS) leave(other);
}

// Remove a page. Without pages the stream stops, and its place at the program is free again.
function leave(port) {
  pages.delete(port);
  if (pages.size === 0) stream.stop();
}

addEventListener('connect', ({ports: [port]}) => {
  port.onmessage = ({data}) => receive(port, data);
});
