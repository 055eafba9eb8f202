// A ticket that a browser prints: it prints by itself, and its tab closes when the print is done or cancelled.
// Each print is noted when it begins, whoever began it; the next one, here or anywhere, carries the mark.
import {fragment} from './call.js';

const PIXELS_PER_MM = 96 / 25.4;

// Make the page as long as the longest ticket.
function fitPage() {
  const heights = [...document.querySelectorAll('.paper')].map((paper) => paper.getBoundingClientRect().height);
  const sheet = [...document.styleSheets].find(({href}) => href?.includes('/ticket.css'));
  const length = Math.ceil(Math.max(...heights) / PIXELS_PER_MM) + 1;
  sheet.insertRule(`@page { size: 80mm ${length}mm; margin: 0 }`, sheet.cssRules.length);
}

const main = document.querySelector('main');
const tickets = JSON.parse(main.dataset.tickets);
let noted = Promise.resolve();

// Note that the tickets are being printed. The tab may close before the answer comes.
function note() {
  noted = fetch(`/api/tickets/${tickets[0]}/prints`, {
    method: 'POST',
    headers: {'Content-Type': 'application/json'},
    body: JSON.stringify({by: 'browser', also: tickets.slice(1)}),
    keepalive: true,
  }).catch(() => {});
}

// Show the tickets as a further print has them, in a tab that stays open.
async function markAgain() {
  await noted;
  const page = new DOMParser().parseFromString(await fragment(location.href), 'text/html');
  main.replaceChildren(...page.querySelector('main').children);
  fitPage();
}

addEventListener('beforeprint', note);
addEventListener('afterprint', () => {
  close();
  markAgain().catch(() => {});  // the program is away: this page can be printed all the same
});
document.getElementById('print').addEventListener('click', () => print());
document.fonts.ready.then(() => {
  fitPage();
  print();
});
