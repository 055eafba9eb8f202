// The desk's page: sends what was scanned or typed, shows verdicts, confirms visits.
// Words and decisions come from the program; nothing is decided here.
import {watchCamera} from './desk/camera_panel.js';
import {watchConfirmation} from './desk/confirm.js';
import {watchEntitlement} from './desk/entitlement.js';
import {watchKeyboard} from './desk/keyboard_reader.js';
import {watchEvents} from './desk/live.js';
import {watchInput} from './desk/scan_input.js';

watchKeyboard();  // first: what a reader types must not reach the others
watchInput();
watchCamera();
watchEntitlement();
watchConfirmation();
watchEvents();
