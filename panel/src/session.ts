// Who asks. Credentials are kept in memory, and for this tab only where that was wished: never where another page or
// another day could find them, and never in a cookie, so no request carries them by itself.
import {signal} from './signal';

export interface Credential {
  kind: 'key' | 'token';
  value: string;
}

const place = 'trashd.credential';

function kept(): Credential | null {
  try {
    return JSON.parse(sessionStorage.getItem(place) ?? 'null');
  } catch {
    return null;
  }
}

export const credential = signal<Credential | null>(kept());

// The service has refused the credentials while something else was on the screen.
export const expired = signal(false);

export function signIn(next: Credential, keep: boolean): void {
  credential.value = next;
  expired.value = false;
  if (keep) sessionStorage.setItem(place, JSON.stringify(next));
  else sessionStorage.removeItem(place);
}

export function signOut(): void {
  credential.value = null;
  expired.value = false;
  sessionStorage.clear();
}

// Keys of the service are known by how they begin; whatever else is pasted is taken for a token.
export function credentialOf(text: string): Credential {
  const value = text.trim();
  return {kind: value.split('.').length === 3 ? 'token' : 'key', value};
}

export function authorize(headers: Headers): void {
  const current = credential.value;
  // Credentials that are tried before they are taken stand in the request already.
  if (headers.has('X-API-Key') || headers.has('Authorization')) return;
  if (current?.kind === 'key') headers.set('X-API-Key', current.value);
  if (current?.kind === 'token') headers.set('Authorization', `Bearer ${current.value}`);
}

export const current = (): string | undefined => credential.value?.value;

// What an identity provider gave the window in which one signed in (more/openid.ts).
export interface Handed {
  state: string;
  code: string | null;
  error: string | null;
}

export const channelName = 'trashd.sign-in';

// Whether this is that window. It tells the page it was opened from, by a channel, because the provider's page between
// has cut the two apart.
export function handOver(): boolean {
  const query = new URLSearchParams(location.search);
  const state = query.get('state');
  if (state === null) return false;
  const handed: Handed = {state, code: query.get('code'), error: query.get('error_description') ?? query.get('error')};
  new BroadcastChannel(channelName).postMessage(handed);
  history.replaceState(null, '', location.pathname);
  window.close();
  return true;
}
