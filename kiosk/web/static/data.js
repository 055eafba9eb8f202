// The page of local data: fetches the part that changes, so that progress can be watched.
import {fragment} from './call.js';

const POLL_MS = 2000;
const now = document.getElementById('now');

setInterval(async () => {
  try {
    now.innerHTML = await fragment('/data/now');
  } catch {
    // The program does not answer, perhaps because it is restarting: try again at the next interval.
  }
}, POLL_MS);
