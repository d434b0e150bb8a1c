// The one way to the service: a client that is typed from its contract, errors as Problems, pages, and the cache.
import {cache} from './cache';
import type {components} from './schema';
import {credential, expired} from './session';

export {cache} from './cache';
export {client} from './client';

export type Schemas = components['schemas'];
export type TrashItem = Schemas['TrashItem'];
export type Conflict = Schemas['Conflict'];
export type Operation = Schemas['Operation'];
export type Row = Record<string, unknown>;

type Body = Partial<Omit<Schemas['Problem'], 'code'>> & {code?: Schemas['Code'] | 'unreachable'};

export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly body: Body,
    readonly retryAfter: number | null = null,
  ) {
    super(body.detail ?? body.title ?? String(status));
  }

  get code(): Body['code'] {
    return this.body.code;
  }
}

export interface Answer<T> {
  data: T;
  response: Response;
}

function secondsOf(response: Response): number | null {
  const text = response.headers.get('Retry-After');
  return text === null ? null : Math.max(1, Number(text) || 1);
}

function bodyOf(error: unknown): Body {
  return typeof error === 'object' && error !== null ? (error as Body) : {};
}

export async function read<T>(call: Promise<{data?: T; error?: unknown; response: Response}>): Promise<Answer<T>> {
  let result;
  try {
    result = await call;
  } catch (cause) {
    if ((cause as Error).name === 'AbortError') throw cause;
    throw new Problem(0, {code: 'unreachable'}, 3);
  }
  const {response} = result;
  if (!response.ok) {
    if (response.status === 401 && credential.value) expired.value = true;
    throw new Problem(response.status, bodyOf(result.error), secondsOf(response));
  }
  return {data: result.data as T, response};
}

export async function value<T>(call: Promise<{data?: T; error?: unknown; response: Response}>): Promise<T> {
  return (await read(call)).data;
}

export interface Page<T> {
  rows: T[];
  total: number | null;
  next: string | null;
  prev: string | null;
  partial: boolean;
}

// Links hold addresses without the prefix of a proxy, so the cursor alone is taken from them.
function cursorOf(links: string, relation: string): string | null {
  const found = new RegExp(`<([^>]*)>; rel="${relation}"`).exec(links);
  return found ? new URL(found[1] ?? '', location.origin).searchParams.get('cursor') : null;
}

export async function page<T>(call: Promise<{data?: T[]; error?: unknown; response: Response}>): Promise<Page<T>> {
  const {data, response} = await read(call);
  const links = response.headers.get('Link') ?? '';
  const total = response.headers.get('X-Total-Count');
  return {
    rows: data,
    total: total === null ? null : Number(total),
    next: cursorOf(links, 'next'),
    prev: cursorOf(links, 'prev'),
    partial: response.headers.get('X-Partial') === 'true',
  };
}

// Random whether or not the page came over TLS, where randomUUID is missing.
export function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

// Before the address of the service there may stand a prefix of a proxy, of whatever words.
export function undoOf(source: {undo?: {href: string}} | Response): string | null {
  const text = source instanceof Response ? (source.headers.get('Link') ?? '') : (source.undo?.href ?? '');
  return /\/v1\/history\/([^/]+)\/\$undo/.exec(text)?.[1] ?? null;
}

export function itemOf(location: string | null): string | null {
  return /\/v1\/trash\/([^/?]+)/.exec(location ?? '')?.[1] ?? null;
}

// Waits as long as the service asks for, as often as it asks.
export function mayRetry(error: unknown): error is Problem & {retryAfter: number} {
  return error instanceof Problem && error.retryAfter !== null;
}

// Whatever has changed may show in every list, so all that is on the screen is read anew.
export function changed(): void {
  void cache.invalidate();
}
