// Sends what openapi-fetch describes in its types. Its own code is four times as large, for what nobody asks for here.
import type {Client} from 'openapi-fetch';
import type {paths} from './schema';
import {authorize} from './session';
import {inTurn} from './turns';

type Values = Record<string, unknown>;

interface Wish {
  params?: {path?: Values; query?: Values; header?: Values};
  headers?: HeadersInit;
  body?: unknown;
  signal?: AbortSignal;
}

type Answered = readonly [Response, string];

// Answers that were asked for before who needs them was there, by their paths: each is for one.
const early = new Map<string, Promise<Answered>>();
let keeps = false;

// Asks for something while what will show it is still on its way.
export function ahead(call: () => Promise<unknown>): Promise<unknown> {
  keeps = true;
  const asked = call();
  keeps = false;
  asked.catch(() => undefined); // told to whoever asks for it then
  return asked;
}

function answered(path: string, wish: RequestInit): Promise<Answered> {
  const found = wish.method === 'GET' ? early.get(path) : undefined;
  early.delete(path);
  if (found) return found;
  // The turn ends with the answer's last byte, not with its head.
  const asked = inTurn(async () => {
    const response = await fetch(path, wish);
    return [response, await response.text()] as const;
  });
  if (keeps) early.set(path, asked);
  return asked;
}

// The page is served from …/panel/; the interface is beside it, whatever stands before.
const base = new URL('..', location.href.replace(/#.*/, '')).pathname.replace(/\/$/, '');

function writeQuery(query: Values): string {
  const result = new URLSearchParams();
  const add = (name: string, value: unknown): void => {
    if (value === undefined || value === null || value === '') return;
    if (Array.isArray(value)) value.forEach((one) => add(name, one));
    else if (typeof value === 'object') Object.entries(value).forEach(([key, one]) => add(`${name}[${key}]`, one));
    else result.append(name, String(value));
  };
  Object.entries(query).forEach(([name, value]) => add(name, value));
  return result.size ? `?${result}` : '';
}

// A resource may have slashes in its path, which stay as they are.
function writePath(path: string, values: Values): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = encodeURIComponent(String(values[name]));
    return name === 'resource' ? value.replaceAll('%2F', '/') : value;
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function send(method: string, address: string, {params = {}, headers: named, body, signal}: Wish = {}) {
  const headers = new Headers(named);
  for (const [name, value] of Object.entries(params.header ?? {})) headers.set(name, String(value));
  if (body !== undefined) headers.set('Content-Type', 'application/json');
  authorize(headers);
  const path = base + writePath(address, params.path ?? {}) + writeQuery(params.query ?? {});
  const wish: RequestInit = {method, headers, ...(body !== undefined && {body: JSON.stringify(body)}), ...(signal && {signal})};
  const [response, text] = await answered(path, wish);
  const answer = parsed(text);
  return response.ok ? {data: answer, response} : {error: answer, response};
}

const by = (method: string) => (address: string, wish?: Wish) => send(method, address, wish);

export const client = {GET: by('GET'), POST: by('POST'), PATCH: by('PATCH'), DELETE: by('DELETE')} as unknown as Pick<
  Client<paths, `application/${string}`>,
  'GET' | 'POST' | 'PATCH' | 'DELETE'
>;
