// Addresses are kept in the fragment, so the page is one file under any prefix, and ids and searches never reach a
// proxy or a log with the page's address.
import {signal} from '@preact/signals';

export interface Route {
  path: string[];
  query: URLSearchParams;
}

export type Query = Record<string, string | string[] | undefined>;

function parse(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split(/\?(.*)/s);
  return {path: path.split('/').filter(Boolean).map(decode), query: new URLSearchParams(query)};
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

export const route = signal(parse(location.hash));

addEventListener('hashchange', () => {
  route.value = parse(location.hash);
});

function search(query: Query): string {
  const result = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== undefined && one !== '') result.append(name, one);
    }
  }
  return result.size ? `?${result}` : '';
}

export function href(path: string[], query: Query = {}): string {
  return `#/${path.map(encodeURIComponent).join('/')}${search(query)}`;
}

export function go(path: string[], query: Query = {}): void {
  location.hash = href(path, query);
}

// Changes some parameters of the address that is shown; an undefined one is taken out of it.
export function withQuery(changes: Query): string {
  const query: Query = {};
  for (const name of new Set(route.value.query.keys())) query[name] = route.value.query.getAll(name);
  return href(route.value.path, {...query, ...changes});
}
