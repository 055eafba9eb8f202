// Follows the events of the program: verdicts from the desk's readers, and the status.
import {fragment, post} from '../call.js';
import {Subscription} from '../events/subscription.js';
import {takeScan} from './scan_input.js';
import {byId, field, message, place, problem, say, screen} from './screen.js';
import {giveUp, refreshUnfinished, show, showRecent, showTicketAgain} from './verdict.js';

const UNAVAILABLE = 'logbook_unavailable';  // the problem of a logbook that cannot be read
// Readers in a page, which already has the answer; `self` is a screen at which patients take a number.
const BY_PAGE = /^(typed|camera|keyboard|paper|self)(-|$)/;

const {instance, lastEvent, elsewhere} = byId('desk').dataset;
const OTHER_DESKS = new Set(JSON.parse(elsewhere));  // the readers at other desks
const closedNotice = byId('closed');
const subscription = new Subscription(lastEvent, {verdict, status, problem: unavailable, lost, closed});

let newestSlip = null;  // that self-service has given
let counts = null;  // of the outbox and of what was printed, in the last status

// Show a verdict, unless it belongs to another page or desk, or to a card that is not on screen now.
function verdict({attempt, reading, reader}) {
  const isFirst = attempt === reading;
  if (isFirst) {
    if (!BY_PAGE.test(reader) && !OTHER_DESKS.has(reader)) takeScan({ok: true, answer: {attempt: reading}});
  } else if (reading === screen.requested) {
    show(reading).catch(() => giveUp(screen.awaited?.reading === reading ? screen.awaited : null));
  }
}

// Show the status. When the outbox or a print changes, update the newest visits and a ticket on screen, too.
async function status(value) {
  if (value.instance !== instance) return location.reload();  // another logbook: nothing on this page is valid
  if ([message.dataset.lost, problem({title: UNAVAILABLE})].includes(message.textContent)) say();
  setClosed(null);
  byId('status').innerHTML = await fragment('/desk/status');
  const {newest_slip: slip} = value.self_service;
  if (slip !== newestSlip) refreshUnfinished().catch(() => {});
  newestSlip = slip;
  const outbox = JSON.stringify([value.outbox, value.prints]);
  if (outbox === counts) return;
  counts = outbox;
  await refreshTicket();
}

// Show the newest visits again, and the ticket on screen.
export async function refreshTicket() {
  await showRecent();
  if (!place.querySelector('.ticket') || screen.shown === null) return;
  const isAgain = byId('ticket-again') !== null;
  await show(screen.shown);
  if (isAgain && byId('ticket-again') !== null && !place.querySelector('.ticket')) showTicketAgain();
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

// Say that somebody goes to the screen at which a patient calls for help.
async function answerCall({target}) {
  const {answerCall: kiosk} = target.dataset;
  if (kiosk === undefined) return;
  target.disabled = true;
  await post(`/desk/calls/${encodeURIComponent(kiosk)}`, '').catch(() => say(message.dataset.noAnswer));
  field.focus();
}

// Follow the events until the clerk leaves the page.
export function watchEvents() {
  subscription.open();
  byId('status').addEventListener('click', answerCall);
  byId('take-place').addEventListener('click', () => subscription.takePlace());
  addEventListener('pagehide', () => subscription.close());
  addEventListener('pageshow', ({persisted}) => { if (persisted) location.reload(); });  // it was stored by the browser
}
