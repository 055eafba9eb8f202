// The screens of self-service and how they follow each other. A pure module.

// What each event leads to. A press that is not in the row of a screen does nothing there. `wipe` is no
// screen: everything about the patient is wiped, and the welcome follows.
export const FLOW = {
  welcome: {card: 'show', child: 'show', papers: 'show', nothing: 'look', help: 'help', taken: 'look', number: 'number', slip: 'slip', fault: 'fault', elsewhere: 'elsewhere'},
  help: {guides: 'guides', back: 'wipe', late: 'wipe', taken: 'look', number: 'number', slip: 'slip', fault: 'fault', elsewhere: 'elsewhere'},
  guides: {guide: 'guide', back: 'wipe', late: 'wipe', taken: 'look', number: 'number', slip: 'slip', fault: 'fault', elsewhere: 'elsewhere'},
  guide: {up: 'guides', late: 'wipe', taken: 'look', number: 'number', slip: 'slip', fault: 'fault', elsewhere: 'elsewhere'},
  show: {back: 'wipe', late: 'wipe', taken: 'look', number: 'number', slip: 'slip', fault: 'fault', elsewhere: 'elsewhere'},
  look: {back: 'wipe', late: 'wipe', number: 'number', slip: 'slip', fault: 'fault', elsewhere: 'elsewhere'},
  number: {done: 'wipe', late: 'wipe'},
  slip: {done: 'wipe', late: 'wipe'},
  fault: {back: 'wipe', late: 'wipe', mended: 'wipe', elsewhere: 'elsewhere'},
  elsewhere: {here: 'wipe'},
};

export const LIMITS_S = {welcome: null, help: 30, guides: 30, guide: 90, show: 60, look: 30, number: 15, slip: 15, fault: 30, elsewhere: null};
export const ASK_S = 10;  // the last seconds, in which the screen asks whether somebody is there

// The first button at the foot of each screen; the others are the call for staff and the language.
export const FIRST_BUTTON = {welcome: 'help', help: 'back', guides: 'back', guide: 'up', show: 'back', look: 'back', number: 'done', slip: 'done', fault: 'back', elsewhere: 'here'};

// Return the screen that follows, or null if the event means nothing on this screen.
export function next(screen, event) { return FLOW[screen][event] ?? null; }
