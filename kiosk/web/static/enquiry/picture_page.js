// The card of the patient at the desk, as a picture on a page of its own.
import {takeAway, wireCard} from './card.js';

wireCard(document.querySelector('.card-part'));
addEventListener('pagehide', takeAway);
