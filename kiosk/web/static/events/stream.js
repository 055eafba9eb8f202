// The one event stream of this browser, for all its pages. It runs in the shared worker or in the page
// that leads. A browser opens only six connections to one host: a stream for each page would leave
// none for the pages themselves.

const MAX_VERDICTS = 500;  // the newest ones, kept for pages that join later
const RETRY_MS = 2000;  // after an answer that is not a stream, for instance of a proxy while the program starts

// Return a name for a stream. The program uses it to recognise a stream that connects again.
function newName() {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class EventStream {
  #broadcast;       // sends a message to all pages
  #source = null;
  #first = 0;       // every verdict after this id is in #verdicts
  #last = 0;        // the id of the newest event
  #verdicts = [];
  #status = null;
  #instance = null;
  #isLost = false;
  #closed = null;   // why the program closed the stream, if it did
  #retry = null;

  // `broadcast(message)` is called with each message for all pages: {kind, id, data} for a `verdict`, a
  // `status` or a `problem`; {kind: 'lost'} if the connection is lost; {kind: 'closed', reason} if the
  // program closed the stream.
  constructor(broadcast) { this.#broadcast = broadcast; }

  // Add a page that knows the events up to `last`; `answer` sends a message to that page only.
  join(last, answer) {
    if (this.#closed !== null) {
      answer({kind: 'closed', reason: this.#closed});
    } else if (this.#source === null) {
      this.#open(last);
    } else if (last < this.#first) {
      this.#open(last);  // the pages skip the events that they know
    } else {
      this.#verdicts.filter(({id}) => id > last).forEach(answer);
      if (this.#status !== null) answer(this.#status);
      if (this.#isLost) answer({kind: 'lost'});
    }
  }

  // Connect again after the program has closed the stream.
  takePlace(last) {
    if (this.#closed === null) return;
    this.#open(Math.min(last, this.#last));
  }

  // End the stream for all pages, and send them the reason.
  close(reason) {
    this.stop();
    this.#closed = reason;
    this.#broadcast({kind: 'closed', reason});
  }

  // Stop without a message, because there are no pages. The next page that joins starts it again.
  stop() {
    this.#closed = null;
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = null;
  }

  // Connect, for events after `last`.
  #open(last) {
    this.stop();
    this.#isLost = false;
    this.#forget(last);
    const source = new EventSource(`/events?last=${last}&stream=${newName()}`);
    source.addEventListener('verdict', (event) => this.#verdict(event));
    source.addEventListener('status', (event) => this.#newStatus(event));
    source.addEventListener('problem', (event) => this.#problem(event));
    source.addEventListener('closed', (event) => this.close(JSON.parse(event.data).reason));
    source.addEventListener('error', () => this.#lost());
    this.#source = source;
  }

  // Store a verdict, and send it to all pages.
  #verdict({lastEventId, data}) {
    const verdict = {kind: 'verdict', id: Number(lastEventId), data};
    this.#last = verdict.id;
    this.#verdicts.push(verdict);
    if (this.#verdicts.length > MAX_VERDICTS) this.#first = this.#verdicts.shift().id;
    this.#broadcast(verdict);
  }

  // Store the status, and send it to all pages.
  #newStatus({lastEventId, data}) {
    this.#isLost = false;
    const {instance} = JSON.parse(data);
    if (this.#instance !== null && this.#instance !== instance) this.#forget(Number(lastEventId));
    this.#instance = instance;
    this.#last = Number(lastEventId);
    this.#status = {kind: 'status', id: this.#last, data};
    this.#broadcast(this.#status);
  }

  // Store a problem in place of the status until the next status, and send it to all pages.
  #problem({data}) {
    this.#isLost = false;
    this.#status = {kind: 'problem', id: this.#last, data};
    this.#broadcast(this.#status);
  }

  // Report to the pages that the connection is lost. The browser connects again by itself, but not
  // after an answer that is not a stream.
  #lost() {
    this.#isLost = true;
    this.#broadcast({kind: 'lost'});
    if (this.#source?.readyState !== EventSource.CLOSED) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#reconnect(), RETRY_MS);
  }

  // Connect again after the last event, and keep the stored verdicts.
  #reconnect() {
    const [first, verdicts] = [this.#first, this.#verdicts];
    this.#open(this.#last);
    [this.#first, this.#verdicts] = [first, verdicts];
    this.#isLost = true;
  }

  // Forget all events, and start after the id `last`.
  #forget(last) {
    this.#first = this.#last = last;
    this.#verdicts = [];
    this.#status = null;
  }
}
