// The page of the data's age: brings in what has changed, so that progress can be watched.
import {fragment} from './call.js';

const ASK_EVERY_MS = 2000;
const now = document.getElementById('now');

setInterval(async () => {
  try {
    now.innerHTML = await fragment('/data/now');
  } catch {
    // the program is being started again; the next time it answers
  }
}, ASK_EVERY_MS);
