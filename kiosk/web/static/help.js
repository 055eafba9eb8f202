// The page of the help: finds as one types. What is typed is posted, so that it stands in no address.
import {LIMIT_MS} from './call.js';

const WAIT_MS = 120;  // after the last key
const field = document.getElementById('q');
const found = document.getElementById('found');
const contents = document.getElementById('contents');
let timer = null;
let asked = field.value;  // what the results on the page are about

// Ask for the results of what is typed, once nobody has typed for a moment.
function later() {
  clearTimeout(timer);
  timer = setTimeout(find, WAIT_MS);
}

// Show the results of what is typed; without an answer those before stay.
async function find() {
  const query = field.value;
  if (query.trim() === asked.trim()) return;
  asked = query;
  try {
    const body = new URLSearchParams({q: query});
    const response = await fetch('/help/found', {method: 'POST', body, signal: AbortSignal.timeout(LIMIT_MS)});
    if (!response.ok || query !== asked) return;
    const html = await response.text();
    if (query !== asked) return;
    found.innerHTML = html;
    contents.hidden = query.trim() !== '';
  } catch {
    if (query === asked) asked = '';  // the next key asks again
  }
}

field.addEventListener('input', later);
