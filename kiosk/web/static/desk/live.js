// What happens elsewhere comes to the page by events: verdicts of the desk's readers, and the status.
import {fragment} from '../call.js';
import {Subscription} from '../events/subscription.js';
import {byId, message, place, problem, say, screen} from './page.js';
import {show, showRecent} from './verdict.js';

const UNAVAILABLE = 'logbook_unavailable';  // the problem of a logbook that cannot be read
const BY_HAND = /^(typed|camera|keyboard)(-|$)/;  // readers of a page, which has its answer already

const {instance, lastEvent, elsewhere} = byId('desk').dataset;
const ELSEWHERE = new Set(JSON.parse(elsewhere));  // readers that stand at other desks
const closedNotice = byId('closed');
const subscription = new Subscription(lastEvent, {verdict, status, problem: unavailable, lost, closed});

let counts = null;  // of the outbox, when it was looked at last

// Show a verdict, unless it is of another page, of another desk, or of a card that has left the screen.
function verdict({attempt, reading, reader}) {
  const isFirst = attempt === reading;
  if (isFirst && (BY_HAND.test(reader) || ELSEWHERE.has(reader))) return;
  if (!isFirst && reading !== screen.requested) return;
  show(reading).catch(() => say(message.dataset.noAnswer));
}

// Show how the program is. When the outbox moves, the newest visits and a ticket on screen change too.
async function status(value) {
  if (value.instance !== instance) return location.reload();  // another logbook: nothing here is true
  if ([message.dataset.lost, problem({title: UNAVAILABLE})].includes(message.textContent)) say();
  setClosed(null);
  byId('status').innerHTML = await fragment('/desk/status');
  const outbox = JSON.stringify(value.outbox);
  if (outbox === counts) return;
  counts = outbox;
  await showRecent();
  if (place.querySelector('.ticket')) await show(screen.shown);
}

// Say that the connection is lost; it is sought again. That a scan was not answered says more.
function lost() {
  if (message.textContent !== message.dataset.noAnswer) say(message.dataset.lost);
}

// Say why there is no status: the logbook cannot be read.
function unavailable(value) { say(problem(value)); }

// Say why nothing comes any more, and offer to take the place again.
function closed(reason) {
  if (message.textContent === message.dataset.lost) say();
  setClosed(reason);
}

// Show or hide the notice that the page is closed; the status beside it would be out of date.
function setClosed(reason) {
  const isClosed = reason !== null;
  closedNotice.hidden = !isClosed;
  byId('status').hidden = isClosed;
  const words = isClosed ? closedNotice.getAttribute(`data-${reason}`) : '';
  if (byId('closed-why').textContent !== words) byId('closed-why').textContent = words;
}

// Start to follow the events, until the page is left.
export function watchEvents() {
  subscription.open();
  byId('take-place').addEventListener('click', () => subscription.takePlace());
  addEventListener('pagehide', () => subscription.close());
  addEventListener('pageshow', ({persisted}) => { if (persisted) location.reload(); });  // it was out of date
}
