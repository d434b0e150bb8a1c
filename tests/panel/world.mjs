// What every test of the panel stands on: a service on a database of its own, a browser, and what must hold always.
import assert from 'node:assert/strict';
import {spawn} from 'node:child_process';
import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';

const root = new URL('../../', import.meta.url);
export const require = createRequire(new URL('panel/package.json', root));
const {chromium} = require('playwright-core');

class World {
  constructor() {
    this.process = spawn('/usr/bin/python3', [fileURLToPath(new URL('world.py', import.meta.url)), process.env.TRASHD_PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.lines = createInterface({input: this.process.stdout})[Symbol.asyncIterator]();
    this.turn = this.lines.next();
  }

  ask(command) {
    const answer = this.turn.then(() => {
      this.process.stdin.write(`${JSON.stringify(command)}\n`);
      return this.lines.next();
    });
    this.turn = answer;
    return answer.then(({value}) => JSON.parse(value));
  }

  close() {
    this.process.stdin.end();
    return new Promise((done) => this.process.once('exit', done));
  }
}

let world;
let browser;

before(async () => {
  world = new World();
  browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage']});
});

after(async () => {
  await browser?.close();
  await world?.close();
});

export const credentials = '[credentials]\napi_keys = true\n\n';

class Site {
  constructor({site, base, keys}) {
    Object.assign(this, {number: site, base, keys});
  }

  async api(method, path, {key, body, headers} = {}) {
    const answer = await fetch(this.base + path, {
      method,
      headers: {...(key && {'X-API-Key': key}), ...(body && {'Content-Type': 'application/json'}), ...headers},
      body: body && JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${text}`);
    return {answer, data: text ? JSON.parse(text) : null};
  }

  // The TrashItem of what was deleted.
  async remove(path, options) {
    const {answer} = await this.api('DELETE', `/v1/${path}`, options);
    return answer.headers.get('Location').split('/').at(-1);
  }

  async sql(text) {
    return (await world.ask({sql: text, site: this.number})).rows;
  }

  async count(table, where = 'true') {
    return Number((await this.sql(`SELECT count(*) FROM ${table} WHERE ${where}`))[0][0]);
  }

  // SQL in a transaction that stays open, so that whoever needs the rows waits until it is released.
  hold(text, name = 'held') {
    return world.ask({hold: text, site: this.number, name});
  }

  release(name = 'held') {
    return world.ask({release: this.number, name});
  }

  stop() {
    return world.ask({stop: this.number});
  }

  start() {
    return world.ask({start: this.number});
  }
}

// Chromium reports each answer of 400 and more as an error of the page, whatever the page makes of it.
const expected = /^Failed to load resource: the server responded with a status of 4/;

class Visit {
  constructor(page, site, elsewhere) {
    Object.assign(this, {page, site, base: site.base, faults: [], allowed: [expected]});
    page.on('console', (message) => {
      if (message.type() === 'error' && !this.allowed.some((one) => one.test(message.text()))) this.faults.push(`console: ${message.text()}`);
    });
    page.on('pageerror', (error) => this.faults.push(`error: ${error.stack}`));
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.origin !== new URL(this.base).origin && !elsewhere.includes(url.origin) && url.protocol !== 'data:') this.faults.push(`another host: ${url}`);
    });
  }

  // What the browser says of this kind belongs to what is tried.
  allow(pattern) {
    this.allowed.push(pattern);
  }

  async open(address = '') {
    await this.page.goto(`${this.base}/panel/${address}`);
  }

  async go(address) {
    await this.page.evaluate((hash) => {
      location.hash = hash;
    }, address);
  }

  async signIn(name, address = '') {
    await this.open(address);
    await this.page.getByLabel('API key or access token').fill(this.site.keys[name]);
    await this.page.getByRole('button', {name: 'Sign in'}).click();
    await this.sees('navigation', 'Sections');
  }

  // The text of one part of the page, once it is there.
  async text(selector) {
    return (await this.page.locator(selector).first().innerText()).replace(/\s+/g, ' ').trim();
  }

  async sees(role, name) {
    const options = name === undefined ? {} : {name};
    await this.page.getByRole(role, options).first().waitFor();
  }

  async reads(text) {
    await this.page.getByText(text).filter({visible: true}).first().waitFor();
  }

  title(text) {
    return this.page.getByRole('heading', {level: 1, name: text}).waitFor();
  }

  // Does something that changes the page, after which the focus must be somewhere.
  async act(action) {
    await action();
    await this.page.waitForTimeout(150);
    await this.page.waitForFunction(() => document.activeElement !== document.body, undefined, {timeout: 30_000});
  }

  async press(name, role = 'button') {
    await this.act(() => this.page.getByRole(role, {name}).first().click());
  }
}

// One scenario on a fresh database. open: what of configuration, keys and SQL it needs; look: of the browser; elsewhere:
// origins that the page may ask beside its own. What it is played with last opens the browser of another person.
export function scenario(name, {open = {}, look = {}, elsewhere = []}, play) {
  test(name, {timeout: 480_000}, async () => {
    const site = new Site(await world.ask({open}));
    const visits = [];
    const visitor = async () => {
      const context = await browser.newContext({viewport: {width: 1280, height: 900}, locale: 'en', ...look});
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      visits.push(new Visit(page, site, elsewhere));
      return visits.at(-1);
    };
    try {
      await play(await visitor(), site, visitor);
      assert.deepEqual(visits.flatMap(({faults}) => faults), []);
    } catch (error) {
      if (process.env.PANEL_PICTURES) await visits.at(-1)?.page.screenshot({path: `${process.env.PANEL_PICTURES}/failed.png`});
      throw error;
    } finally {
      for (const {page} of visits) await page.context().close();
      await world.ask({close: site.number});
    }
  });
}

export {assert};
