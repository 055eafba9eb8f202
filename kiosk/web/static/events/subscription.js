// A page's subscription to events: verdicts in order, each once, and the status.
import {LeaderLink, SinglePageLink, WorkerLink} from './links.js';

export class Subscription {
  #last;
  #handlers;
  #link = null;

  // `last` is the id of the newest event that the page shows already. The handlers: verdict(value) and
  // status(value) for an event, problem(value) while there is no status, lost() if the connection is
  // lost, and closed(reason) if no events come until a person takes the place again.
  constructor(last, handlers) {
    this.#last = Number(last);
    this.#handlers = handlers;
  }

  // Start to receive events.
  open() {
    if (!WorkerLink.isPossible) return this.#withoutWorker();
    try {
      this.#use((receive) => new WorkerLink(receive, () => this.#withoutWorker()));
    } catch {
      this.#withoutWorker();  // a browser may have shared workers and forbid them
    }
  }

  // Take back the place that another page has taken.
  takePlace() { this.#link.send({kind: 'take', last: this.#last}); }

  // Stop, because the page is being closed.
  close() { this.#link?.close(); }

  // Use a leader, in a browser without shared workers.
  #withoutWorker() {
    if (LeaderLink.isPossible) this.#use((receive) => new LeaderLink(receive, () => this.#asSinglePage()));
    else this.#asSinglePage();
  }

  // Use a stream for this page only, in a browser without locks, too.
  #asSinglePage() { this.#use((receive) => new SinglePageLink(receive)); }

  // Use a link. Messages that it sends while it is being constructed wait until it is ready.
  #use(make) {
    const early = [];
    this.#link = null;
    this.#link = make((message) => (this.#link === null ? early.push(message) : this.#receive(message)));
    early.splice(0).forEach((message) => this.#receive(message));
  }

  // Handle one message of the stream.
  #receive({kind, id, data, reason}) {
    if (kind === 'rejoin') return this.#link.send({kind: 'join', last: this.#last});
    if (kind === 'lost') return this.#handlers.lost();
    if (kind === 'closed') return this.#handlers.closed(reason);
    const isKnown = id <= this.#last;
    this.#last = Math.max(this.#last, id);
    if (kind === 'status') this.#handlers.status(JSON.parse(data));
    else if (kind === 'problem') this.#handlers.problem(JSON.parse(data));
    else if (!isKnown) this.#handlers.verdict(JSON.parse(data));
  }
}
