import {postJson} from './call.js';

// Badges of the staff, which a keyboard-type reader may read anywhere: they go to the sign-in, and are no card.
const BADGE = /TDB1-[A-Z2-7]{26}/i;

const ASK_MS = 1500;

// Fill in the number of a badge that is shown at a wired reader of this desk; the PIN is still to be typed.
export function awaitBadge(form, isAwaited = () => true) {
  setInterval(async () => {
    if (document.hidden || !isAwaited()) return;
    const {answer} = await postJson('/sign-in/badge', {}).catch(() => ({answer: {}}));
    if (!answer.number || !isAwaited()) return;
    form.account.value = answer.number;
    form.pin.focus();
  }, ASK_MS);
}

// Hand a badge over to the sign-in; return whether it was one.
export function takeBadge(payload) {
  const found = BADGE.exec(payload);
  if (found) document.dispatchEvent(new CustomEvent('badge', {detail: found[0]}));
  return found !== null;
}
