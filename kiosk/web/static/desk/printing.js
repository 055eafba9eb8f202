// Prints tickets again, at the desk's printer or through the browser. The number stays the same.
import {postJson} from '../call.js';
import {message, problem, say} from './screen.js';
import {refreshTicket} from './live.js';

// Print a ticket, or those of its household, at the desk's printer.
async function printTicket(ticket, isHousehold) {
  try {
    const {ok, answer} = await postJson(`/api/tickets/${ticket}/prints`, {household: isHousehold});
    if (!ok) return say(problem(answer));
    await refreshTicket();
  } catch {
    say(message.dataset.noAnswer);
  }
}

// Open the page that prints by itself. Called within the press: later a browser would block the tab. The page
// notes the print once there is one.
function printByBrowser(ticket, isHousehold) {
  if (open(`/tickets/${ticket}/print${isHousehold ? '?household' : ''}`)) return say();
  say(message.dataset.noTab);
}

// React to the buttons that print.
export function watchPrinting() {
  document.addEventListener('click', ({target}) => {
    const button = target.closest('[data-print]');
    if (!button) return;
    const {print: ticket, household, browser} = button.dataset;
    (browser === undefined ? printTicket : printByBrowser)(ticket, household !== undefined);
  });
}
