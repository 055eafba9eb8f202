// A page's subscription to events: verdicts in order, each once, and the status.
import {LeaderLink, LonelyLink, WorkerLink} from './links.js';

export class Subscription {
  #last;
  #handlers;
  #link = null;

  // `last` is the newest event that the page shows already. The handlers: verdict(value) and
  // status(value) of an event, problem(value) while there is none, lost() if the connection is lost, closed(reason) if it is over until
  // a person takes the place again.
  constructor(last, handlers) {
    this.#last = Number(last);
    this.#handlers = handlers;
  }

  // Begin.
  open() {
    if (WorkerLink.isPossible) this.#use((receive) => new WorkerLink(receive, () => this.#withoutWorker()));
    else this.#withoutWorker();
  }

  // Take the place again that another page has taken.
  takePlace() { this.#link.send({kind: 'take', last: this.#last}); }

  // End, because the page is being left.
  close() { this.#link?.close(); }

  // Go on in a browser without shared workers …
  #withoutWorker() {
    if (LeaderLink.isPossible) this.#use((receive) => new LeaderLink(receive, () => this.#alone()));
    else this.#alone();
  }

  // … and in one without locks, too.
  #alone() { this.#use((receive) => new LonelyLink(receive)); }

  // Use a link. What it hands over while it is being made has to wait until it is there.
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
