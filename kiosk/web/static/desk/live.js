// Follows the events of the program: verdicts from the desk's readers, and the status.
import {fragment} from '../call.js';
import {Subscription} from '../events/subscription.js';
import {byId, isTyping, message, place, problem, say, screen} from './screen.js';
import {beginScan, refreshUnfinished, show, showRecent} from './verdict.js';

const UNAVAILABLE = 'logbook_unavailable';  // the problem of a logbook that cannot be read
const BY_PAGE = /^(typed|camera|keyboard)(-|$)/;  // readers in a page, which already has the answer

const {instance, lastEvent, elsewhere} = byId('desk').dataset;
const OTHER_DESKS = new Set(JSON.parse(elsewhere));  // the readers at other desks
const closedNotice = byId('closed');
const subscription = new Subscription(lastEvent, {verdict, status, problem: unavailable, lost, closed});

let counts = null;  // of the outbox, in the last status

// Show a verdict, unless it belongs to another page or desk, or to a card that is not on screen now.
function verdict({attempt, reading, reader}) {
  const isFirst = attempt === reading;
  if (isFirst) {
    if (!BY_PAGE.test(reader) && !OTHER_DESKS.has(reader)) take(reading);
  } else if (reading === screen.requested) {
    show(reading).catch(() => say(message.dataset.noAnswer));
  }
}

// Show a patient whose card a reader of this desk has read; in the list, while the clerk types.
function take(reading) {
  refreshUnfinished().catch(() => {});
  if (isTyping() || screen.recording) return;
  const endWait = beginScan();
  show(reading).catch(() => say(message.dataset.noAnswer)).finally(endWait);
}

// Show the status. When the outbox changes, update the newest visits and a ticket on screen, too.
async function status(value) {
  if (value.instance !== instance) return location.reload();  // another logbook: nothing on this page is valid
  if ([message.dataset.lost, problem({title: UNAVAILABLE})].includes(message.textContent)) say();
  setClosed(null);
  byId('status').innerHTML = await fragment('/desk/status');
  const outbox = JSON.stringify(value.outbox);
  if (outbox === counts) return;
  counts = outbox;
  await showRecent();
  if (place.querySelector('.ticket')) await show(screen.shown);
}

// Say that the connection is lost, unless the message says already that a scan was not answered.
function lost() {
  if (message.textContent !== message.dataset.noAnswer) say(message.dataset.lost);
}

// Say that there is no status because the logbook cannot be read.
function unavailable(value) { say(problem(value)); }

// Say why no more events come, and offer to use this page again.
function closed(reason) {
  if (message.textContent === message.dataset.lost) say();
  setClosed(reason);
}

// Show or hide the notice that the page is closed. The status is hidden, because it would be old.
function setClosed(reason) {
  const isClosed = reason !== null;
  closedNotice.hidden = !isClosed;
  byId('status').hidden = isClosed;
  const words = isClosed ? closedNotice.getAttribute(`data-${reason}`) : '';
  if (byId('closed-why').textContent !== words) byId('closed-why').textContent = words;
}

// Follow the events until the clerk leaves the page.
export function watchEvents() {
  subscription.open();
  byId('take-place').addEventListener('click', () => subscription.takePlace());
  addEventListener('pagehide', () => subscription.close());
  addEventListener('pageshow', ({persisted}) => { if (persisted) location.reload(); });  // it was stored by the browser
}
