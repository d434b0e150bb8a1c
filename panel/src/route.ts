// Addresses are kept in the fragment, so the page is one file under any prefix, and ids and searches never reach a
// proxy or a log with the page's address.
import {signal} from './signal';

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

// The screen that is shown, without its filters.
export function address(): string {
  return href(route.value.path);
}

// The parameters of the address as a query of a new one.
export function parameters(): Query {
  const {query} = route.value;
  return Object.fromEntries([...new Set(query.keys())].map((name) => [name, query.getAll(name)]));
}

// Paths of resources may have slashes, which are %2F in an address and / where one types it. Which segments are the
// resource the list of resources decides; what follows is the id. Null: it cannot be told without the list.
export function settled(path: string[], resources: string[] | undefined): string[] | null {
  const [section = '', ...rest] = path;
  if (!['rows', 'delete'].includes(section) || rest.length < 2 || rest[0]?.includes('/')) return path;
  if (!resources) return null;
  const typed = `${rest.join('/')}/`;
  const [resource] = resources.filter((one) => one.includes('/') && typed.startsWith(`${one}/`)).sort((one, other) => other.length - one.length);
  if (!resource) return path;
  const id = typed.slice(resource.length + 1, -1);
  return [section, resource, ...(id ? [id] : [])];
}

export function go(path: string[], query: Query = {}): void {
  location.hash = href(path, query);
}

// Changes some parameters of the address that is shown; an undefined one is taken out of it.
export function withQuery(changes: Query): string {
  return href(route.value.path, {...parameters(), ...changes});
}
