// The drawer with the pretend patients of the demonstration.
import {byId, field} from './screen.js';

// Open and close the drawer.
export function watchPeople() {
  const [button, drawer] = [byId('people-button'), byId('people')];
  if (!button || !drawer) return;
  button.addEventListener('click', () => {
    if (drawer.open) drawer.close();
    else drawer.show();
    button.setAttribute('aria-expanded', String(drawer.open));
  });
  drawer.addEventListener('close', () => {
    button.setAttribute('aria-expanded', 'false');
    field.focus();
  });
}
