// Deletions that are selected, over all pages: by their ids, or all that one filter means at one time; never both.
import {signal} from '@preact/signals';
import type {TrashItem} from './api';
import type {TrashFilter} from './queries';

export interface Picked {
  items: ReadonlyMap<string, TrashItem>;
  pages: ReadonlyMap<string, string>;
  all: {filter: TrashFilter; groups: number} | null;
  filter: string;
}

const none: Picked = {items: new Map(), pages: new Map(), all: null, filter: ''};

export const picked = signal<Picked>(none);

export function clearPicked(): void {
  picked.value = none;
}

// filter: what the list means now, so that a selection is dropped with it; page: where the items stand.
export function pick(list: TrashItem[], on: boolean, filter: string, page: string): void {
  const items = new Map(picked.value.items);
  const pages = new Map(picked.value.pages);
  for (const item of list) {
    if (on) {
      items.set(item.id, item);
      pages.set(item.id, page);
    } else {
      items.delete(item.id);
      pages.delete(item.id);
    }
  }
  picked.value = {items, pages, all: null, filter};
}

// What is trashed from now on is not meant.
export function pickAll(filter: TrashFilter, groups: number, name: string): void {
  const {root: _, ...rest} = filter;
  const frozen = {...rest, to: rest.to ?? new Date().toISOString()};
  picked.value = {items: new Map(), pages: new Map(), all: {filter: frozen, groups}, filter: name};
}
