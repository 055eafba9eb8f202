// Keeps what a page shows up to date while nobody touches it: a part of it is fetched again and again, and put
// in place of the old one. The page itself stays, with the focus and the position of who reads it.
import {LIMIT_MS} from './call.js';

const S = 1000;
const place = document.querySelector('[data-renew-s]');

// Fetch the page again, and show its newest part if it differs.
async function renew() {
  try {
    const response = await fetch(location.href, {signal: AbortSignal.timeout(LIMIT_MS), cache: 'no-store'});
    if (!response.ok) return;
    const newest = new DOMParser().parseFromString(await response.text(), 'text/html').querySelector('[data-renewed]');
    const shown = place.querySelector('[data-renewed]');
    if (newest && newest.innerHTML !== shown.innerHTML) shown.replaceWith(document.importNode(newest, true));
  } catch {
    return;  // the program is away: the next time
  }
}

if (place) setInterval(renew, place.dataset.renewS * S);
