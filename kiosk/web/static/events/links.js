// Three ways in which the pages of one browser share their event stream. Each link sends a page's
// messages ({kind: 'join' | 'take', last}) to where the stream is, and hands what comes to `receive`.
import {EventStream} from './stream.js';

const NAME = 'tiepdon-events-1';  // another number if the messages change: old pages may still be open
const PING_MS = 2000;
const DEAD = 2;      // unanswered pings in a row, after which a worker that has lived is dead …
const NEVER_BORN = 6;  // … and one that has not is given up; on a busy machine its start takes a while

// The best way: a worker that all pages share. It dies with the last page, or is killed.
export class WorkerLink {
  #receive;
  #failed;
  #worker = null;
  #unanswered = 0;
  #wasAlive = false;

  // `failed()` is called if there is no worker to be had in this browser.
  constructor(receive, failed) {
    this.#receive = receive;
    this.#failed = failed;
    this.#connect();
    this.timer = setInterval(() => this.#ping(), PING_MS);
  }

  // Whether this browser has shared workers.
  static get isPossible() { return 'SharedWorker' in globalThis; }

  // Send a message to the worker.
  send(message) { this.#worker.port.postMessage(message); }

  // Leave, because the page is being left.
  close() {
    clearInterval(this.timer);
    this.send({kind: 'leave'});
    this.#worker.port.close();
  }

  // Start the worker, or connect to the one that is there, and join.
  #connect() {
    const worker = new SharedWorker(new URL('./worker.js', import.meta.url), {type: 'module', name: NAME});
    worker.port.onmessage = ({data}) => {
      this.#unanswered = 0;
      this.#wasAlive = true;
      if (data.kind !== 'alive') this.#receive(data);
    };
    worker.onerror = () => { if (worker === this.#worker) this.#broken(); };
    this.#worker = worker;
    this.#unanswered = 0;
    this.#receive({kind: 'rejoin'});
  }

  // Ask for a sign of life; connect again if there was none for too long.
  #ping() {
    if (this.#unanswered >= (this.#wasAlive ? DEAD : NEVER_BORN)) return this.#broken();
    this.send({kind: 'ping'});
    this.#unanswered += 1;
  }

  // A worker that was killed is started again; one that never lived is given up.
  #broken() {
    if (!this.#wasAlive) {
      this.close();
      return this.#failed();
    }
    this.#receive({kind: 'lost'});
    this.#worker.port.close();
    this.#connect();
  }
}

// The second way: the pages elect a leader by a lock, and the leader has the stream.
export class LeaderLink {
  #receive;
  #channel = new BroadcastChannel(NAME);
  #me = crypto.randomUUID();
  #stream = null;  // of the leader
  #resign = null;
  #candidacy = new AbortController();

  // `failed()` is called if the browser does not allow locks here.
  constructor(receive, failed) {
    this.#receive = receive;
    this.#channel.onmessage = ({data}) => this.#hear(data);
    const {signal} = this.#candidacy;
    navigator.locks.request(NAME, {signal}, () => this.#lead()).catch(() => {
      if (signal.aborted) return;
      this.close();
      failed();
    });
    receive({kind: 'rejoin'});
  }

  // Whether this browser has locks, which it has over HTTPS and on this machine only.
  static get isPossible() { return 'BroadcastChannel' in globalThis && Boolean(globalThis.navigator.locks); }

  // Send a message to the leader, or answer it as the leader.
  send(message) {
    if (this.#stream !== null) this.#answer(message, this.#receive);
    else this.#channel.postMessage({...message, from: this.#me});
  }

  // Leave, so that another page becomes the leader.
  close() {
    this.#stream?.stop();
    this.#resign?.();
    this.#candidacy.abort();
    this.#channel.close();
  }

  // Be the leader until this page closes; the other pages join again, from where they are.
  #lead() {
    this.#stream = new EventStream((message) => {
      this.#channel.postMessage({message});
      this.#receive(message);
    });
    this.#channel.postMessage({message: {kind: 'rejoin'}});
    this.#receive({kind: 'rejoin'});
    return new Promise((done) => { this.#resign = done; });
  }

  // Hear another page: a follower that asks the leader, or the leader that speaks to followers.
  #hear({from, to, kind, last, message}) {
    if (message === undefined) {
      if (this.#stream === null) return;
      this.#answer({kind, last}, (reply) => this.#channel.postMessage({to: from, message: reply}));
    } else if (to === undefined || to === this.#me) {
      this.#receive(message);
    }
  }

  // Do as the leader what a page has asked for.
  #answer({kind, last}, reply) {
    if (kind === 'take') this.#stream.takePlace(last);
    else this.#stream.join(last, reply);
  }
}

// The last way: only the page that was opened or used last has a stream; the others stop, and say why.
export class LonelyLink {
  #channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(NAME) : null;
  #receive;
  #stream;

  constructor(receive) {
    this.#receive = receive;
    this.#stream = new EventStream(receive);
    if (this.#channel) this.#channel.onmessage = () => this.#stream.close('another_tab');
    this.#channel?.postMessage('this page takes over');
    receive({kind: 'rejoin'});
  }

  // Do what this page asks for; to take the place again closes the other pages' streams.
  send({kind, last}) {
    if (kind === 'join') return this.#stream.join(last, this.#receive);
    this.#channel?.postMessage('this page takes over');
    this.#stream.takePlace(last);
  }

  // Leave, because the page is being left.
  close() {
    this.#stream.stop();
    this.#channel?.close();
  }
}
