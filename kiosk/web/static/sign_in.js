// The page of the sign-in: a badge that is shown at a wired reader of this desk fills in the number.
import {awaitBadge} from './badge.js';

awaitBadge(document.querySelector('form.sign-in'));
