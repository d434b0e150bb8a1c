// What stands between the browser and the service: prefixes and names of proxies, lost answers, limits, restarts.
import {after} from 'node:test';
import {Proxy} from './proxy.mjs';
import {assert, scenario} from './world.mjs';

const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const idOf = (path) => path.split('/').at(-1);
const isLive = async (site, path) => (await site.count('project', `id = '${idOf(path)}'`)) === 1;

const plain = await new Proxy().listen();
const under = await new Proxy({prefix: '/tool/trash'}).listen();
const renaming = await new Proxy({prefix: '/tool/trash', keepHost: false}).listen();
const named = await new Proxy({prefix: '/tool/trash', keepHost: false}).listen();
after(() => [plain, under, renaming, named].forEach((one) => one.close()));

// Deletes one project, looks at it in the trash, restores it, and takes the restore back and forth.
async function walk(visit, site, path) {
  await visit.open(`#/delete/time%2Fprojects?id=${idOf(path)}`);
  await visit.page.getByLabel(/^Yes, /).check();
  await visit.press(/^Move [\d,]+ rows to the trash$/);
  await visit.press('Look at it in the trash', 'link');
  await visit.sees('link', 'Restore…');
  assert.equal(await isLive(site, path), false);
  await visit.page.reload();
  await visit.press('Restore…', 'link');
  await visit.press(/^Restore [\d,]+ rows$/);
  await visit.page.locator('#done').waitFor();
  assert.equal(await isLive(site, path), true);
  await visit.press(/^Undo/);
  await visit.page.locator('.said', {hasText: /^Undone: /}).waitFor();
  assert.equal(await isLive(site, path), false);
}

scenario('under a prefix of a proxy all works, whether Host is kept or rewritten; a page that is not known as the service’s own is told why', {
  open: {config: `[proxy]\ntrusted = ["127.0.0.1"]\n\n[http]\norigins = ["${named.origin}"]\n\n`},
}, async (visit, site) => {
  visit.base = under.to(site);
  await visit.page.goto(`${visit.base}/`);
  const links = await visit.page.locator('a').evaluateAll((list) => list.map((one) => one.href));
  assert.equal(links.length, 8);
  for (const link of links) assert.equal((await fetch(link)).status, 200, link);
  await visit.page.goto(`${visit.base}/problems`);
  await visit.page.getByRole('link', {name: 'stale'}).click();
  await visit.sees('heading', 'stale (412)');
  await walk(visit, site, project(1));

  visit.base = named.to(site);
  await walk(visit, site, project(2));

  visit.base = renaming.to(site);
  const item = await site.remove(project(3));
  await visit.open('#/trash');
  await visit.reads('1–3 of 3 deletions');
  await visit.go(`#/trash/${item}/restore`);
  await visit.reads(/a page of another site must not change anything.*\[http\] origins/);
  assert.equal(await isLive(site, project(3)), false);
});

const changes = (kind) => (request) => request.method === kind && !/dryRun/.test(request.url);
const sent = (kind) => plain.seen.filter(({method, path}) => method === kind && !/dryRun/.test(path));

// The last so many of the requests that were sent, which must be one request under one key.
function repeated(kind, count) {
  const last = sent(kind).slice(-count);
  assert.equal(last.length, count);
  assert.deepEqual(new Set(last.map(({path, key}) => `${path} ${key}`)).size, 1);
  assert.ok(last[0].key);
}

scenario('an answer is lost, of a delete, a restore, an undo and a purge: each is sent again and done once', {}, async (visit, site) => {
  visit.base = plain.to(site);
  visit.allow(/net::ERR_/);
  const entries = async (action) => (await site.api('GET', `/v1/history?action=${action}`)).data.map(({trashItem, trashItemId}) => trashItem ?? trashItemId);
  await visit.open(`#/delete/time%2Fprojects?id=${idOf(project(5))}`);
  await visit.page.getByLabel(/^Yes, /).check();
  await visit.page.getByLabel('Reason').fill('lost on the way');
  plain.lose(2, changes('DELETE'));
  await visit.press(/^Move [\d,]+ rows to the trash$/);
  await visit.reads(/The service cannot be reached/);
  await visit.press('Look at it in the trash', 'link');
  await visit.reads('lost on the way');
  repeated('DELETE', 3);
  const [item, ...others] = await entries('trashed');
  assert.deepEqual(others, []);
  assert.ok(visit.page.url().endsWith(item));

  await visit.press('Restore…', 'link');
  await visit.page.locator('[data-key=restore]:not([aria-disabled=true])').waitFor();
  plain.lose(1, changes('POST'));
  await visit.press(/^Restore [\d,]+ rows$/);
  await visit.page.locator('#done').waitFor();
  repeated('POST', 2);
  assert.deepEqual(await entries('restored'), [item]);
  assert.ok(await isLive(site, project(5)));

  plain.lose(1, changes('POST'));
  await visit.press(/^Undo/);
  await visit.page.locator('.said', {hasText: /^Undone: /}).waitFor();
  repeated('POST', 2);
  assert.equal(await isLive(site, project(5)), false);
  assert.deepEqual(await entries('trashed'), [item, item]);

  await visit.go(`#/trash/${item}/purge`);
  const {data} = await site.api('GET', `/v1/trash/${item}`);
  await visit.page.getByLabel(/the number of rows$/).fill(String(data.groupSize));
  plain.lose(1, changes('DELETE'));
  await visit.press(`Delete ${data.groupSize} rows for good`);
  await visit.reads('Receipt:');
  repeated('DELETE', 2);
  assert.deepEqual(await entries('purged'), [item]);
});

// What is half done on the page when the service does not answer as it should.
async function halfDone(visit, n, reason) {
  await visit.go(`#/delete/time%2Fprojects?id=${idOf(project(n))}`);
  await visit.page.getByLabel(/^Yes, /).check();
  await visit.page.getByLabel('Reason').fill(reason);
}

// It has waited and gone on by itself, with all that was typed.
async function wentOn(visit, site, n, reason) {
  await visit.press('Look at it in the trash', 'link');
  await visit.reads(reason);
  assert.equal(await isLive(site, project(n)), false);
}

const move = /^Move [\d,]+ rows to the trash$/;
const counts = (visit) => visit.reads(/^Tried again in \d+ seconds?\.$/);

scenario('too many requests, rows that others hold, no network, a restart: the page counts down, goes on, and loses nothing that was typed', {
  open: {config: '[limits]\nrequests_per_second = 4\nburst = 50\nlock_timeout_ms = 500\n\n'},
}, async (visit, site) => {
  visit.allow(/status of 503|net::ERR_/);
  await visit.open();
  await halfDone(visit, 1, 'too many');
  // Others ask as fast as they can, and leave nothing over.
  let asking = true;
  const others = Array.from({length: 8}).map(async () => {
    while (asking) await fetch(`${site.base}/v1/time/projects?limit=1`);
  });
  try {
    while ((await fetch(`${site.base}/v1/time/projects?limit=1`)).status !== 429);
    await visit.press(move);
    await counts(visit);
  } finally {
    asking = false;
    await Promise.all(others);
  }
  await wentOn(visit, site, 1, 'too many');

  await halfDone(visit, 2, 'held by others');
  await site.hold(`SELECT FROM project WHERE id = '${idOf(project(2))}' FOR UPDATE`);
  await visit.press(move);
  await counts(visit);
  assert.ok(await isLive(site, project(2)));
  await site.release();
  await wentOn(visit, site, 2, 'held by others');

  await halfDone(visit, 3, 'no network');
  await visit.page.context().setOffline(true);
  await visit.press(move);
  await counts(visit);
  await visit.page.context().setOffline(false);
  await wentOn(visit, site, 3, 'no network');

  await halfDone(visit, 4, 'a restart');
  await site.stop();
  await visit.press(move);
  await counts(visit);
  await site.start();
  await wentOn(visit, site, 4, 'a restart');
});
