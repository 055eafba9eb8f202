// The desk's page: sends what was scanned or typed, shows verdicts, and confirms visits.
// All texts and decisions come from the program.
import {watchCamera} from './desk/camera_panel.js';
import {watchConfirmation} from './desk/confirm.js';
import {watchEntitlement} from './desk/entitlement.js';
import {watchForms} from './desk/forms.js';
import {watchLeaving} from './desk/leaving.js';
import {watchEvents} from './desk/live.js';
import {watchRoom} from './desk/room.js';
import {readFromKeyboard, watchInput} from './desk/scan_input.js';
import {field, showState} from './desk/screen.js';
import {watchPeople} from './desk/people.js';
import {watchPrinting} from './desk/printing.js';
import {watchTypingHelp} from './desk/typing_help.js';
import {watchKeyboard} from './keyboard_reader.js';
import {watchProgram} from './program.js';
import {soundFault, watchSounds} from './sounds.js';

showState('waiting');
watchKeyboard(readFromKeyboard, field);  // first, because the other parts must not see what a reader types
watchInput();
watchCamera();
watchEntitlement();
watchRoom();
watchConfirmation();
watchForms();
watchTypingHelp();
watchEvents();
watchPeople();
watchPrinting();
watchProgram({lost: soundFault});
watchSounds();
watchLeaving();
