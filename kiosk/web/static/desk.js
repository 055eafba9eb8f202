// The desk's page: sends what was scanned or typed, shows verdicts, and confirms visits.
// All texts and decisions come from the program.
import {watchCamera} from './desk/camera_panel.js';
import {watchConfirmation} from './desk/confirm.js';
import {watchEntitlement} from './desk/entitlement.js';
import {watchKeyboard} from './desk/keyboard_reader.js';
import {watchEvents} from './desk/live.js';
import {watchInput} from './desk/scan_input.js';

watchKeyboard();  // first, because the other parts must not see what a reader types
watchInput();
watchCamera();
watchEntitlement();
watchConfirmation();
watchEvents();
