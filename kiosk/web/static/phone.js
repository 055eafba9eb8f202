// The page of a pretend phone: sends its code to the desk.
import {post} from './call.js';

const button = document.querySelector('[data-scan]');
const message = document.getElementById('message');

button.addEventListener('click', async () => {
  try {
    await post(button.dataset.scan);
    message.className = 'message good';
    message.textContent = message.dataset.sent;
  } catch {
    message.className = 'message';
    message.textContent = message.dataset.noAnswer;
  }
});
