// Deletions that are selected, over all pages: by their ids, or all that one filter means at one time, without some
// that were taken out of it.
import type {TrashItem} from './api';
import type {TrashFilter} from './queries';
import {route} from './route';
import {effect, signal} from './signal';

type Items = ReadonlyMap<string, TrashItem>;

export interface All {
  filter: TrashFilter;
  groups: number;
  rows: number | null;
  except: Items;
}

export interface Picked {
  items: Items;
  pages: ReadonlyMap<string, string>;
  all: All | null;
  // What the list meant when all of it was selected.
  filter: string;
}

const none: Picked = {items: new Map(), pages: new Map(), all: null, filter: ''};

export const picked = signal<Picked>(none);

// The list that a selection of all was dropped in because its filters had changed, which is told there and then.
export const dropped = signal('');

export function clearPicked(): void {
  picked.value = none;
  dropped.value = '';
}

export function isPicked(item: TrashItem): boolean {
  const {items, all} = picked.value;
  return all ? !all.except.has(item.id) : items.has(item.id);
}

function changed<T>(map: ReadonlyMap<string, T>, list: TrashItem[], value: (item: TrashItem) => T | null): Map<string, T> {
  const next = new Map(map);
  for (const item of list) {
    const one = value(item);
    if (one === null) next.delete(item.id);
    else next.set(item.id, one);
  }
  return next;
}

// filter, page: where the items stand. What is taken out of all is remembered, so that it can be put back.
export function pick(list: TrashItem[], on: boolean, filter: string, page: string): void {
  const {items, pages, all} = picked.value;
  dropped.value = '';
  if (all) {
    const except = changed(all.except, list, (item) => (on ? null : item));
    picked.value = except.size < all.groups ? {...picked.value, all: {...all, except}} : none;
    return;
  }
  picked.value = {
    items: changed(items, list, (item) => (on ? item : null)),
    pages: changed(pages, list, () => (on ? `${page} ${filter}` : null)),
    all: null,
    filter,
  };
}

// What is trashed, or grows old enough, from now on is not meant.
export function pickAll(filter: TrashFilter, counts: {groups: number; rows: number | null}, name: string): void {
  picked.value = {items: new Map(), pages: new Map(), all: {filter, ...counts, except: new Map()}, filter: name};
  dropped.value = '';
}

// Where the list stood last, so that one comes back to the same filters and page.
const stood = signal('#/trash');

effect(() => {
  const {path} = route.value;
  if (path.length === 1 && path[0] === 'trash') stood.value = location.hash;
});

export function listing(): string {
  return stood.value;
}
