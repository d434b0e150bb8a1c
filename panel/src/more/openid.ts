// Signing in at an identity provider: OpenID Connect's authorization code flow with PKCE (RFC 7636). The provider's page
// opens in a window of its own, so the state of this one stays; that window comes back to the panel's address and hands
// over what the provider gave it (handOver in session.ts).
import {channelName, current, signIn, t, type Handed, type Provider} from '../shared';

interface Endpoints {
  authorization_endpoint: string;
  token_endpoint: string;
}

interface Tokens {
  access_token: string;
  expires_in?: number;
  refresh_token?: string;
}

const ahead = 60; // seconds before its end that a token is renewed

function encoded(bytes: ArrayBuffer | Uint8Array): string {
  const text = btoa(String.fromCharCode(...new Uint8Array(bytes)));
  return text.replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

const random = (): string => encoded(crypto.getRandomValues(new Uint8Array(32)));

async function challengeOf(verifier: string): Promise<string> {
  return encoded(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier)));
}

async function endpointsOf({issuer}: Provider): Promise<Endpoints> {
  const answer = await fetch(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`);
  if (!answer.ok) throw new Error(`${answer.status} ${answer.statusText}`);
  return (await answer.json()) as Endpoints;
}

// The provider sends back to the panel itself, to the letter as it was registered there.
const back = (): string => location.origin + location.pathname;

function addressOf(provider: Provider, endpoint: string, state: string, challenge: string): string {
  const address = new URL(endpoint);
  const query = {
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: back(),
    scope: provider.scope,
    state,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  Object.entries(query).forEach(([name, value]) => address.searchParams.set(name, value));
  return address.href;
}

async function tokensOf(endpoint: string, form: Record<string, string>): Promise<Tokens> {
  const answer = await fetch(endpoint, {method: 'POST', body: new URLSearchParams(form)});
  const body = (await answer.json()) as Tokens & {error?: string; error_description?: string};
  if (!answer.ok) throw new Error(body.error_description ?? body.error ?? String(answer.status));
  return body;
}

let channel: BroadcastChannel | null = null;

// The window is another's while the provider has it, so whether it was closed cannot be seen: a second try takes the
// place of the first. What comes under another state is none of ours.
function handedUnder(state: string): Promise<Handed> {
  channel?.close();
  const mine = (channel = new BroadcastChannel(channelName));
  return new Promise((resolve) => {
    mine.onmessage = ({data}: MessageEvent<Handed>) => {
      if (data.state !== state) return;
      mine.close();
      resolve(data);
    };
  });
}

// A token that cannot be renewed ends, and then the page asks to sign in again.
function renewInTime(provider: Provider, endpoint: string, tokens: Tokens): void {
  const {access_token: taken, expires_in: seconds, refresh_token: again} = tokens;
  if (!again || !seconds) return;
  const renew = async (): Promise<void> => {
    if (current() !== taken) return;
    const form = {grant_type: 'refresh_token', refresh_token: again, client_id: provider.clientId};
    const next = {refresh_token: again, ...(await tokensOf(endpoint, form))};
    if (current() !== taken) return;
    signIn({kind: 'token', value: next.access_token}, false);
    renewInTime(provider, endpoint, next);
  };
  setTimeout(() => void renew().catch(() => {}), (seconds - Math.min(ahead, seconds / 2)) * 1000);
}

// take tries a token and keeps it, and tells what is wrong with it, as this does.
export async function signInAt(provider: Provider, take: (token: string) => Promise<string | null>): Promise<string | null> {
  const words = t().session;
  if (!crypto.subtle) return words.insecure;
  // Opened at once, while the click still counts: a browser stops windows that open by themselves.
  const opened = open('about:blank', channelName, 'popup,width=520,height=720');
  if (!opened) return words.blocked;
  try {
    const endpoints = await endpointsOf(provider);
    const [state, verifier] = [random(), random()];
    const waiting = handedUnder(state);
    opened.location.href = addressOf(provider, endpoints.authorization_endpoint, state, await challengeOf(verifier));
    const {code, error} = await waiting;
    if (!code) return words.refused(error ?? '');
    const form = {
      grant_type: 'authorization_code',
      code,
      redirect_uri: back(),
      client_id: provider.clientId,
      code_verifier: verifier,
    };
    const tokens = await tokensOf(endpoints.token_endpoint, form);
    const fault = await take(tokens.access_token);
    if (fault === null) renewInTime(provider, endpoints.token_endpoint, tokens);
    return fault;
  } catch (cause) {
    opened.close();
    return words.refused((cause as Error).message);
  }
}
