// Signing in at an identity provider, which is a small server of this test that follows the protocol: codes are good
// once and only with the verifier whose challenge they were asked for, tokens are signed with a key of its own.
import {createHash, createSign, generateKeyPairSync, randomBytes} from 'node:crypto';
import {mkdtemp, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {assert, scenario} from './world.mjs';

const {publicKey, privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
const encoded = (value) => Buffer.from(value).toString('base64url');
const digest = (text) => createHash('sha256').update(text).digest('base64url');

function tokenFor(issuer, seconds) {
  const now = Math.floor(Date.now() / 1000);
  const head = encoded(JSON.stringify({alg: 'RS256', kid: 'one', typ: 'JWT'}));
  const claims = encoded(JSON.stringify({iss: issuer, aud: 'trashd', sub: 'ann', roles: ['support'], iat: now, exp: now + seconds}));
  const signature = createSign('RSA-SHA256').update(`${head}.${claims}`).sign(privateKey, 'base64url');
  return `${head}.${claims}.${signature}`;
}

class Provider {
  constructor() {
    Object.assign(this, {codes: new Map(), refresh: new Set(), renewed: 0, seconds: 600, refuses: false});
    this.server = createServer((request, response) => this.answer(request, response));
  }

  async start() {
    await new Promise((done) => this.server.listen(0, '127.0.0.1', done));
    this.issuer = `http://127.0.0.1:${this.server.address().port}`;
    this.keys = join(await mkdtemp(join(tmpdir(), 'trashd-provider-')), 'keys.json');
    await writeFile(this.keys, JSON.stringify({keys: [{...publicKey.export({format: 'jwk'}), kid: 'one', alg: 'RS256', use: 'sig'}]}));
    await new Promise((done) => setTimeout(done, 0));
    return this;
  }

  async answer(request, response) {
    const url = new URL(request.url, this.issuer);
    const json = (status, body) => {
      response.writeHead(status, {'Content-Type': 'application/json', 'Access-Control-Allow-Origin': '*'}).end(JSON.stringify(body));
    };
    if (url.pathname === '/.well-known/openid-configuration')
      return json(200, {issuer: this.issuer, authorization_endpoint: `${this.issuer}/authorize`, token_endpoint: `${this.issuer}/token`});
    if (url.pathname === '/authorize') return this.authorize(url.searchParams, response);
    if (url.pathname === '/token') {
      let text = '';
      for await (const piece of request) text += piece;
      return this.token(new URLSearchParams(text), json);
    }
    return json(404, {});
  }

  // What a person would see: one link that goes on.
  authorize(query, response) {
    const code = randomBytes(16).toString('hex');
    this.codes.set(code, query);
    const back = new URL(query.get('redirect_uri'));
    back.searchParams.set('state', query.get('state'));
    if (this.refuses) back.searchParams.set('error', 'access_denied');
    else back.searchParams.set('code', code);
    // As a careful provider does: the page that opened the window has no hold of it.
    response
      .writeHead(200, {'Content-Type': 'text/html', 'Cross-Origin-Opener-Policy': 'same-origin'})
      .end(`<!doctype html><title>Provider</title><a href="${back.href.replaceAll('&', '&amp;')}">Continue as Ann</a>`);
  }

  token(form, json) {
    if (form.get('grant_type') === 'refresh_token') {
      if (!this.refresh.delete(form.get('refresh_token'))) return json(400, {error: 'invalid_grant'});
      this.renewed += 1;
      return this.give(json);
    }
    const asked = this.codes.get(form.get('code'));
    this.codes.delete(form.get('code'));
    const good =
      asked &&
      asked.get('code_challenge_method') === 'S256' &&
      asked.get('code_challenge') === digest(form.get('code_verifier')) &&
      asked.get('redirect_uri') === form.get('redirect_uri') &&
      form.get('client_id') === 'web';
    return good ? this.give(json) : json(400, {error: 'invalid_grant'});
  }

  give(json) {
    const again = randomBytes(16).toString('hex');
    this.refresh.add(again);
    return json(200, {access_token: tokenFor(this.issuer, this.seconds), token_type: 'Bearer', expires_in: this.seconds, refresh_token: again});
  }

  get config() {
    return (
      `[credentials]\njwt_keys = "${this.keys}"\nissuer = "${this.issuer}"\naudience = "trashd"\nclock_skew_seconds = 0\n\n` +
      '[panel]\nclient_id = "web"\n\n[roles]\nsupport = ["read", "view-trash", "restore"]\n'
    );
  }
}

const provider = await new Provider().start();
provider.server.unref();
const open = {config: provider.config};
const elsewhere = [provider.issuer];

async function signInThere(visit) {
  const window = visit.page.waitForEvent('popup');
  await visit.page.getByRole('button', {name: `Sign in at ${new URL(provider.issuer).host}`}).click();
  const page = await window;
  await page.getByRole('link', {name: 'Continue as Ann'}).click();
  return page;
}

scenario('one signs in at the provider in a window of its own, and is who the token says', {open, elsewhere}, async (visit) => {
  await visit.open('#/trash');
  await signInThere(visit);
  await visit.title('Trash');
  await visit.reads('ann');
  const kept = await visit.page.evaluate(() => [localStorage, sessionStorage].map((storage) => JSON.stringify(storage)).join());
  assert.doesNotMatch(kept, /eyJ/, 'no token is kept outside of memory');
  assert.equal(await visit.page.evaluate(() => location.hash), '#/trash');
});

scenario('whoever is refused by the provider is told so, and may try again', {open, elsewhere}, async (visit) => {
  provider.refuses = true;
  await visit.open();
  await signInThere(visit);
  await visit.reads('You were not signed in. access_denied');
  provider.refuses = false;
  await signInThere(visit);
  await visit.sees('navigation', 'Sections');
});

scenario('an answer under another state than was asked for signs nobody in', {open, elsewhere}, async (visit) => {
  await visit.open();
  const window = visit.page.waitForEvent('popup');
  await visit.page.getByRole('button', {name: /^Sign in at/}).click();
  const page = await window;
  const link = page.getByRole('link', {name: 'Continue as Ann'});
  const good = await link.getAttribute('href');
  const forged = new URL(good);
  forged.searchParams.set('state', 'forged');
  await page.goto(forged.href).catch(() => {});
  await visit.page.waitForTimeout(500);
  assert.equal(await visit.page.getByRole('navigation', {name: 'Sections'}).count(), 0);
  const second = await visit.page.context().newPage();
  await second.goto(good).catch(() => {});
  await visit.sees('navigation', 'Sections');
});

scenario('a token is renewed before it ends, without a word', {open, elsewhere}, async (visit) => {
  provider.seconds = 8;
  const before = provider.renewed;
  await visit.open('#/trash');
  await signInThere(visit);
  await visit.title('Trash');
  await visit.page.waitForFunction(() => document.querySelector('h1')?.textContent === 'Trash');
  for (let waited = 0; provider.renewed < before + 3 && waited < 60; waited += 1) await visit.page.waitForTimeout(500);
  provider.seconds = 600;
  assert.ok(provider.renewed >= before + 3, `renewed ${provider.renewed - before} times`);
  await visit.go('#/rows');
  await visit.title('Rows');
  assert.equal(await visit.page.getByRole('dialog').count(), 0);
});
