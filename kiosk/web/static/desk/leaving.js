// Keeps what a clerk has typed beside a verdict while this tab shows another page, another language, or the
// same page again. Only this tab can read it, and it is forgotten as soon as it is back on screen (`kept.js`).
import {keep, takeKept} from '../kept.js';
import {currentFamily, goOn} from './family.js';
import {byId, field, isEdited, screen, showLamp} from './screen.js';
import {open, restore, typedSoFar} from './verdict.js';

const {instance} = byId('desk').dataset;  // of the logbook: another one has other readings
const TURNS_PAGE = 'a[hreflang], a[href*="theme="]';  // the links to the same page in another language or theme

let isTurning = false;  // whether the page is left by such a link

// Return the number in the scan field, if it may be kept: one that may be of a card or a person only while the same
// page comes again at once.
function payloadToKeep() {
  const mayBePerson = /\d{9}|\|/.test(field.value.replace(/[\s.-]/g, ''));
  return mayBePerson && !isTurning ? '' : field.value;
}

// Keep what was typed, a number in the scan field and the family when the page is left, and show them again now, if
// this tab has kept something.
export function watchLeaving() {
  document.addEventListener('click', ({target}) => { isTurning = target.closest(TURNS_PAGE) !== null; });
  addEventListener('pagehide', () => {
    const reading = screen.shown !== null && byId('confirm') && isEdited() ? screen.shown : null;
    const typed = reading === null ? null : typedSoFar();
    const [payload, family] = [payloadToKeep(), currentFamily()];
    keep(reading === null && !payload && !family ? null : {reading, typed, payload, family, instance});
  });
  const kept = takeKept();
  if (kept === null || kept.instance !== instance) return;
  if (kept.family) goOn(kept.family);
  if (kept.payload) field.value = kept.payload;
  showLamp();
  if (kept.reading === null) return;
  open(kept.reading).then(() => { if (screen.shown === kept.reading) restore(kept.typed); }, () => {});
}
