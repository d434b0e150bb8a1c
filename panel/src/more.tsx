import {Health, Keys, Roles} from './more/admin';
import {Delete} from './more/delete';
import {Empty} from './more/empty';
import {Erase} from './more/erase';
import {Holds, NewHold} from './more/holds';
import {Keep} from './more/keep';
import {Ledger} from './more/ledger';
import {Many} from './more/many';
import {Operations, OperationScreen} from './more/operations';
import {Purge} from './more/purge';
import {Restore} from './more/restore';
import {SettingsScreen} from './more/settings';
import {Storage} from './more/storage';

export const screens = {Delete, Empty, Erase, Health, Holds, Keep, Keys, Ledger, Many, NewHold, Operations, OperationScreen, Purge, Restore, Roles, SettingsScreen, Storage};

export {signInAt} from './more/openid';
