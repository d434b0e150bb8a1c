// What the address of the trash list says, as filters of the service.
import type {TrashFilter, TrashSort} from './first';
import {route} from './route';
import {inUtc} from './settings';

export const spans = ['today', '7d', '30d', 'older', 'dates'] as const;
export type Span = (typeof spans)[number];

export interface TrashQuery {
  rows: boolean;
  filter: TrashFilter;
  sort: TrashSort;
  cursor: string | undefined;
  span: Span | '';
  count: number;
}

function dayAt(date: Date, later: number): string {
  if (inUtc()) date.setUTCHours(24 * later, 0, 0, 0);
  else date.setHours(24 * later, 0, 0, 0);
  return date.toISOString();
}

function daysAgo(days: number): string {
  return dayAt(new Date(), -days);
}

export function midnight(text: string, later = 0): string | undefined {
  const date = new Date(`${text}T00:00:00${inUtc() ? 'Z' : ''}`);
  return Number.isNaN(date.getTime()) ? undefined : dayAt(date, later);
}

// All that expires until so many days from now have ended.
function dueOf(days: string | null): Pick<TrashFilter, 'expiresBefore'> {
  return /^\d{1,3}$/.test(days ?? '') ? {expiresBefore: daysAgo(-1 - Number(days))} : {};
}

function timesOf(span: string, query: URLSearchParams): Pick<TrashFilter, 'from' | 'to' | 'olderThan'> {
  if (span === 'today') return {from: daysAgo(0)};
  if (span === '7d') return {from: daysAgo(7)};
  if (span === '30d') return {from: daysAgo(30)};
  if (span === 'older') return {olderThan: '30d'};
  if (span !== 'dates') return {};
  const from = midnight(query.get('from') ?? '');
  const to = midnight(query.get('to') ?? '', 1);
  return {...(from && {from}), ...(to && {to})};
}

// The same as it is now and stays: what is trashed, or grows old enough, from now on is not meant any more.
export function frozen({root: _, olderThan, ...rest}: TrashFilter): TrashFilter & {to: string} {
  const now = new Date();
  if (olderThan) now.setTime(now.getTime() - 30 * 86_400_000);
  const to = now.toISOString();
  return {...rest, to: rest.to && rest.to < to ? rest.to : to};
}

export function trashQuery(query: URLSearchParams = route.value.query): TrashQuery {
  const rows = query.get('view') === 'rows';
  const span = (query.get('when') ?? '') as Span | '';
  const named = (name: string, as = name): TrashFilter => (query.get(name) ? {[as]: query.get(name)} : {});
  const resource = query.getAll('resource');
  const filter: TrashFilter = {
    ...(rows ? {} : {root: true}),
    ...named('q', query.get('in') === 'values' ? 'text' : 'q'),
    ...(resource.length ? {resource} : {}),
    ...named('by', 'deletedBy'),
    ...named('reason', 'deletedReason'),
    ...named('without', 'deletedReason[not_equals]'),
    ...named('group', 'groupId'),
    ...timesOf(span, query),
    ...dueOf(query.get('expires')),
  };
  const count = ['q', 'by', 'reason', 'without', 'when', 'group', 'expires'].filter((name) => query.get(name)).length + (resource.length ? 1 : 0);
  const sort = (query.get('sort') ?? '-createdAt') as TrashSort;
  return {rows, filter, sort, cursor: query.get('cursor') ?? undefined, span, count};
}
