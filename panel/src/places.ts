// Which screen an address means, and the right that it needs.
import type {ComponentType} from 'preact';
import type {IconName} from './parts/icon';
import type {Right} from './queries';
import {Delete} from './screens/delete';
import {Group} from './screens/group';
import {ObjectScreen} from './screens/object';
import {Operations, OperationScreen} from './screens/operations';
import {Overview} from './screens/overview';
import {Purge} from './screens/purge';
import {Recent} from './screens/recent';
import {Resources} from './screens/resources';
import {Restore} from './screens/restore';
import {Rows} from './screens/rows';
import {SettingsScreen} from './screens/settings';
import {SignInScreen} from './screens/sign-in';
import {Trash} from './screens/trash';
import {Unknown} from './screens/unknown';

export interface Place {
  path: string[];
  name: 'overview' | 'trash' | 'rows' | 'operations' | 'settings';
  icon: IconName;
  right?: Right | undefined;
}

export const places: Place[] = [
  {path: [], name: 'overview', icon: 'overview'},
  {path: ['trash'], name: 'trash', icon: 'trash', right: 'view-trash'},
  {path: ['rows'], name: 'rows', icon: 'rows', right: 'read'},
  {path: ['operations'], name: 'operations', icon: 'operations'},
  {path: ['settings'], name: 'settings', icon: 'settings'},
];

interface Found {
  screen: ComponentType;
  right?: Right | undefined;
}

// A star stands for one segment of any text.
const screens: [string, Found][] = [
  ['', {screen: Overview}],
  ['trash', {screen: Trash, right: 'view-trash'}],
  ['trash/*', {screen: Group, right: 'view-trash'}],
  ['trash/*/restore', {screen: Restore, right: 'restore'}],
  ['trash/*/purge', {screen: Purge, right: 'purge'}],
  ['rows', {screen: Resources, right: 'read'}],
  ['rows/*', {screen: Rows, right: 'read'}],
  ['rows/*/*', {screen: ObjectScreen, right: 'read'}],
  ['delete/*', {screen: Delete, right: 'trash'}],
  ['operations', {screen: Operations}],
  ['operations/*', {screen: OperationScreen}],
  ['recent', {screen: Recent}],
  ['settings', {screen: SettingsScreen}],
  ['sign-in', {screen: SignInScreen}],
];

function fits(pattern: string, path: string[]): boolean {
  const parts = pattern === '' ? [] : pattern.split('/');
  return parts.length === path.length && parts.every((part, index) => part === '*' || part === path[index]);
}

export function screenOf(path: string[]): Found {
  return screens.find(([pattern]) => fits(pattern, path))?.[1] ?? {screen: Unknown};
}
