// Notices on every page, within five seconds, that the program was killed, hangs, or was started again.
const EVERY_MS = 1500;
const LIMIT_MS = 2500;  // of one question; together with EVERY_MS less than five seconds

const notice = document.getElementById('silent');
let since = null;  // when the program last answered, while it does not answer

// Ask again and again. `lost()` and `back()` are called when the program stops answering, and when it
// answers again.
export function watchProgram({lost = () => {}, back = () => {}} = {}) {
  document.getElementById('unready').remove();  // this script runs, and all that its page imports
  let timer = null;
  const ask = async () => {
    clearTimeout(timer);
    const isThere = await answers();
    if (!isThere && since === null) {
      since = new Date();
      lost();
    } else if (isThere && since !== null) {
      since = null;
      back();
    }
    show();
    timer = setTimeout(ask, EVERY_MS);
  };
  document.addEventListener('visibilitychange', () => { if (!document.hidden) ask(); });
  ask();
}

// Return whether the program answers in time.
async function answers() {
  try {
    const response = await fetch('/ping', {signal: AbortSignal.timeout(LIMIT_MS), cache: 'no-store'});
    return response.ok;
  } catch {
    return false;
  }
}

// Show or hide the notice.
function show() {
  notice.hidden = since === null;
  if (since === null) return;
  const at = since.toLocaleTimeString('vi', {hour: '2-digit', minute: '2-digit'});
  const words = notice.dataset.since.replace('{at}', at);
  if (notice.textContent !== words) notice.textContent = words;
}
