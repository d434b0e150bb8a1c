// What the first screens ask for: one place for who asks ahead (start.ts) and who shows it (queries.ts).
import {client} from './client';
import type {operations} from './schema';
import {settings} from './settings';

export interface TrashFilter {
  root?: boolean;
  q?: string;
  text?: string;
  resource?: string[];
  deletedBy?: string;
  deletedReason?: string;
  'deletedReason[not_equals]'?: string;
  groupId?: string;
  parent?: string;
  from?: string;
  to?: string;
  olderThan?: string;
  expiresBefore?: string;
}

export type TrashSort = NonNullable<
  NonNullable<operations['listTrash']['parameters']['query']>['sort']
>;

export interface Turn {
  limit: number;
  cursor?: string | undefined;
  sort?: TrashSort | undefined;
}

export const getMe = (signal?: AbortSignal) => client.GET('/v1/@me', {...(signal && {signal})});

export const getTrash = (filter: TrashFilter, turn: Turn, signal?: AbortSignal) =>
  client.GET('/v1/trash', {params: {query: {...filter, ...turn, count: true}}, ...(signal && {signal})});

export const getItem = (trashItemId: string, signal?: AbortSignal) =>
  client.GET('/v1/trash/{trashItemId}', {params: {path: {trashItemId}, query: {expand: 'group,references'}}, ...(signal && {signal})});

// The newest deletions, of which the overview shows some.
export const latest = [{root: true}, {limit: 8}] as const;

export const turnOf = (query: {cursor: string | undefined; sort: TrashSort}): Turn => ({limit: settings.value.rows, cursor: query.cursor, sort: query.sort});
