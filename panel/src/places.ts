// Which screen an address means, and the right that it needs.
import type {ComponentType} from 'preact';
import {lazy} from './lazy';
import type {IconName} from './parts/icon';
import type {Right} from './queries';
import {Group, readGroup} from './screens/group';
import {ObjectScreen} from './screens/object';
import {Overview, readOverview} from './screens/overview';
import {Recent} from './screens/recent';
import {Resources} from './screens/resources';
import {Rows} from './screens/rows';
import {SignInScreen} from './screens/sign-in';
import {readList, Trash} from './screens/trash';
import {Unknown} from './screens/unknown';

export interface Place {
  path: string[];
  name: 'overview' | 'trash' | 'rows' | 'history' | 'holds' | 'operations' | 'storage' | 'health' | 'keys' | 'roles' | 'settings';
  icon: IconName;
  right?: Right | undefined;
}

export const places: Place[] = [
  {path: [], name: 'overview', icon: 'overview'},
  {path: ['trash'], name: 'trash', icon: 'trash', right: 'view-trash'},
  {path: ['rows'], name: 'rows', icon: 'rows', right: 'read'},
  {path: ['history'], name: 'history', icon: 'history', right: 'view-trash'},
  {path: ['holds'], name: 'holds', icon: 'hold', right: 'hold'},
  {path: ['storage'], name: 'storage', icon: 'storage', right: 'view-trash'},
  {path: ['operations'], name: 'operations', icon: 'operations'},
  {path: ['admin', 'health'], name: 'health', icon: 'health', right: 'admin'},
  {path: ['admin', 'keys'], name: 'keys', icon: 'keys', right: 'admin'},
  {path: ['admin', 'roles'], name: 'roles', icon: 'roles', right: 'admin'},
  {path: ['settings'], name: 'settings', icon: 'settings'},
];

interface Found {
  screen: ComponentType;
  right?: Right | undefined;
  ahead?: () => Promise<void> | undefined; // asks for what it shows first
}

// A star stands for one segment of any text.
const screens: [string, Found][] = [
  ['', {screen: Overview, ahead: readOverview}],
  ['trash', {screen: Trash, right: 'view-trash', ahead: readList}],
  ['trash/*', {screen: Group, right: 'view-trash', ahead: readGroup}],
  ['trash/*/restore', {screen: lazy('Restore'), right: 'restore'}],
  ['trash/*/purge', {screen: lazy('Purge'), right: 'purge'}],
  ['trash/*/erase', {screen: lazy('Erase'), right: 'erase'}],
  ['trash/*/keep', {screen: lazy('Keep'), right: 'purge'}],
  ['rows', {screen: Resources, right: 'read'}],
  ['rows/*', {screen: Rows, right: 'read'}],
  ['rows/*/*', {screen: ObjectScreen, right: 'read'}],
  ['delete/*', {screen: lazy('Delete'), right: 'trash'}],
  ['operations', {screen: lazy('Operations')}],
  ['operations/*', {screen: lazy('OperationScreen')}],
  ['many/*', {screen: lazy('Many'), right: 'view-trash'}],
  ['empty', {screen: lazy('Empty'), right: 'purge'}],
  ['history', {screen: lazy('Ledger'), right: 'view-trash'}],
  ['holds', {screen: lazy('Holds'), right: 'hold'}],
  ['holds/new', {screen: lazy('NewHold'), right: 'hold'}],
  ['holds/*', {screen: lazy('Holds'), right: 'hold'}],
  ['storage', {screen: lazy('Storage'), right: 'view-trash'}],
  ['admin/health', {screen: lazy('Health'), right: 'admin'}],
  ['admin/keys', {screen: lazy('Keys'), right: 'admin'}],
  ['admin/roles', {screen: lazy('Roles'), right: 'admin'}],
  ['recent', {screen: Recent}],
  ['settings', {screen: lazy('SettingsScreen')}],
  ['sign-in', {screen: SignInScreen}],
];

function fits(pattern: string, path: string[]): boolean {
  const parts = pattern === '' ? [] : pattern.split('/');
  return parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index]);
}

export function screenOf(path: string[]): Found {
  return screens.find(([pattern]) => fits(pattern, path))?.[1] ?? {screen: Unknown};
}
