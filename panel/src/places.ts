// Which screen an address means, and the right that it needs.
import type {ComponentType} from 'preact';
import type {IconName} from './parts/icon';
import type {Right} from './queries';
import {Group} from './screens/group';
import {Overview} from './screens/overview';
import {Recent} from './screens/recent';
import {Restore} from './screens/restore';
import {SettingsScreen} from './screens/settings';
import {SignInScreen} from './screens/sign-in';
import {Trash} from './screens/trash';
import {Unknown} from './screens/unknown';

export interface Place {
  path: string[];
  name: 'overview' | 'trash' | 'settings';
  icon: IconName;
  right?: Right | undefined;
}

export const places: Place[] = [
  {path: [], name: 'overview', icon: 'overview'},
  {path: ['trash'], name: 'trash', icon: 'trash', right: 'view-trash'},
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
