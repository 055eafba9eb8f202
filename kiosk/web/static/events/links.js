// Three ways in which the pages of one browser share their event stream. Each link sends the messages
// of a page ({kind: 'join' | 'take', last}) to the stream, and passes its messages to `receive`.
import {EventStream} from './stream.js';

const NAME = 'tiepdon-events-1';  // change the number if the messages change: old pages may still be open
const PING_MS = 2000;
const UNANSWERED_UNTIL_DEAD = 2;     // pings in a row, for a worker that has answered before …
const UNANSWERED_UNTIL_FAILED = 6;   // … and for a new one, which may start slowly

// The best way: a worker that all pages share. It ends with the last page, or when it is killed.
export class WorkerLink {
  #receive;
  #failed;
  #worker = null;
  #unanswered = 0;
  #wasAlive = false;

  // `failed()` is called if this browser cannot start a worker.
  constructor(receive, failed) {
    this.#receive = receive;
    this.#failed = failed;
    this.#connect();
    this.timer = setInterval(() => this.#ping(), PING_MS);
  }

  // Return whether this browser has shared workers.
  static get isPossible() { return 'SharedWorker' in globalThis; }

  // Send a message to the worker.
  send(message) { this.#worker.port.postMessage(message); }

  // Leave the worker, because the page is being closed.
  close() {
    clearInterval(this.timer);
    this.send({kind: 'leave'});
    this.#worker.port.close();
  }

  // Start the worker, or connect to the worker that is running, and join.
  #connect() {
    const worker = new SharedWorker(new URL('./worker.js', import.meta.url), {type: 'module', name: NAME});
    worker.port.onmessage = ({data}) => {
      this.#unanswered = 0;
      this.#wasAlive = true;
      if (data.kind !== 'alive') this.#receive(data);
    };
    // Not at once: a worker that cannot be loaded, because the program is away, fails without a pause.
    worker.onerror = () => { if (worker === this.#worker) this.#unanswered = UNANSWERED_UNTIL_FAILED; };
    this.#worker = worker;
    this.#unanswered = 0;
    this.#receive({kind: 'rejoin'});
  }

  // Send a ping; connect again if too many had no answer.
  #ping() {
    if (this.#unanswered >= (this.#wasAlive ? UNANSWERED_UNTIL_DEAD : UNANSWERED_UNTIL_FAILED)) return this.#reconnect();
    this.send({kind: 'ping'});
    this.#unanswered += 1;
  }

  // Start a worker again that was killed; give up if it never answered.
  #reconnect() {
    if (!this.#wasAlive) {
      this.close();
      return this.#failed();
    }
    this.#receive({kind: 'lost'});
    this.#worker.port.close();
    this.#connect();
  }
}

// The second way: the page that gets a lock is the leader, and the leader has the stream.
export class LeaderLink {
  #receive;
  #channel = new BroadcastChannel(NAME);
  #me = crypto.randomUUID();
  #stream = null;  // of the leader
  #resign = null;  // ends the leadership
  #candidacy = new AbortController();

  // `failed()` is called if the browser does not allow locks here.
  constructor(receive, failed) {
    this.#receive = receive;
    this.#channel.onmessage = ({data}) => this.#handle(data);
    const {signal} = this.#candidacy;
    navigator.locks.request(NAME, {signal}, () => this.#lead()).catch(() => {
      if (signal.aborted) return;
      this.close();
      failed();
    });
    receive({kind: 'rejoin'});
  }

  // Return whether this browser has locks. It has them only over HTTPS and on this machine.
  static get isPossible() { return 'BroadcastChannel' in globalThis && Boolean(globalThis.navigator.locks); }

  // Send a message to the leader, or answer it if this page is the leader.
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

  // Be the leader until this page closes. The other pages join again with the last event they know.
  #lead() {
    this.#stream = new EventStream((message) => {
      this.#channel.postMessage({message});
      this.#receive(message);
    });
    this.#channel.postMessage({message: {kind: 'rejoin'}});
    this.#receive({kind: 'rejoin'});
    return new Promise((done) => { this.#resign = done; });
  }

  // Handle a message of another page: from a follower to the leader, or from the leader to followers.
  #handle({from, to, kind, last, message}) {
    if (message === undefined) {
      if (this.#stream === null) return;
      this.#answer({kind, last}, (reply) => this.#channel.postMessage({to: from, message: reply}));
    } else if (to === undefined || to === this.#me) {
      this.#receive(message);
    }
  }

  // Do, as the leader, what a page asks for.
  #answer({kind, last}, reply) {
    if (kind === 'take') this.#stream.takePlace(last);
    else this.#stream.join(last, reply);
  }
}

// The last way: only the page that was opened or used last has a stream; the others stop and say why.
export class SinglePageLink {
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

  // Do what this page asks for. Taking the place again closes the streams of the other pages.
  send({kind, last}) {
    if (kind === 'join') return this.#stream.join(last, this.#receive);
    this.#channel?.postMessage('this page takes over');
    this.#stream.takePlace(last);
  }

  // Stop the stream, because the page is being closed.
  close() {
    this.#stream.stop();
    this.#channel?.close();
  }
}
