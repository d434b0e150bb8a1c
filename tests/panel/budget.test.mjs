// What can be counted of how fast the panel is: bytes, requests, rows in the page. Times are measured by script/bench.
import {readFileSync} from 'node:fs';
import {gzipSync} from 'node:zlib';
import {test} from 'node:test';
import {assert, scenario} from './world.mjs';

const dist = new URL('../../panel/dist/', import.meta.url);
const packed = (name) => gzipSync(readFileSync(new URL(name, dist)), {level: 9}).length;
const settled = () => !document.querySelector('main .skeleton, main .old');

test('what is fetched stays small: 45 KiB of page and script with the words of a language, 8 of style, 60 of all scripts, compressed', () => {
  const words = Math.max(packed('en.js'), packed('de.js'));
  const start = packed('index.html') + packed('app.js') + words;
  assert.ok(start <= 45 * 1024, `${start} bytes at the start`);
  assert.ok(packed('app.css') <= 8 * 1024, `app.css has ${packed('app.css')} bytes`);
  assert.ok(start + packed('more.js') <= 60 * 1024, `${start + packed('more.js')} bytes in all`);
});

const names = (site, requests) => requests.map((url) => url.replace(`${site.base}/`, '').replace(/\?.*/, ''));

// Who asks is told only when the first screen's data has been asked for as well.
async function holdUntil(visit, pattern) {
  let asked;
  const seen = new Promise((resolve) => {
    asked = resolve;
  });
  visit.page.on('request', (request) => pattern.test(request.url()) && asked());
  await visit.page.route('**/v1/@me', async (route) => {
    await seen;
    await route.continue();
  });
}

// When the first row was about to be painted, and how many rows there were then.
function noteRow(selector) {
  const observer = new MutationObserver(() => {
    if (!document.querySelector(selector)) return;
    observer.disconnect();
    window.rowsFirst = document.querySelectorAll(selector).length;
    requestAnimationFrame(() => (window.rowAt = performance.now()));
  });
  observer.observe(document, {childList: true, subtree: true});
}

for (const [name, address, pattern, row] of [
  ['the overview', () => '', /\/v1\/trash\?/, 'main ul.lines a'],
  ['the trash', () => '#/trash', /\/v1\/trash\?/, 'main tbody tr[data-row] a'],
  ['a deletion', (item) => `#/trash/${item}`, /\/v1\/trash\/[0-9a-f]/, 'main section[aria-labelledby=row] dd'],
]) {
  scenario(`${name}: page, script and style, then its data beside who asks, and nothing else before its first row`, {}, async (visit, site) => {
    const item = await site.remove('time/projects/00000000-0000-4000-8000-000000000042');
    const requests = [];
    visit.page.on('request', (request) => request.url().startsWith('http') && requests.push(request.url()));
    await visit.page.addInitScript(noteRow, row);
    await holdUntil(visit, pattern);
    await visit.open(address(item));
    await visit.page.waitForFunction(() => window.rowAt);
    const before = await visit.page.evaluate(() => performance.getEntriesByType('resource').filter(({name, startTime}) => name.startsWith('http') && startTime < window.rowAt).length);
    assert.deepEqual(names(site, requests).slice(0, 3).sort(), ['panel/', 'panel/app.css', 'panel/app.js']);
    assert.ok(1 + before <= 6, names(site, requests).join(' '));
    await visit.page.waitForFunction(settled);
    await visit.page.locator('a.brand', {hasText: /./}).waitFor();
    assert.equal(new Set(requests).size, requests.length, `something was asked for twice: ${requests.join(' ')}`);
    assert.ok(requests.length > 1 + before, 'what is beside the rows is asked for after them');
  });
}

scenario('of a long list the rows in sight come first, and then all', {}, async (visit, site) => {
  await trashMany(site);
  await visit.page.addInitScript(noteRow, 'main tbody tr[data-row] a');
  await visit.open('#/trash');
  await visit.page.locator('main tbody tr[data-row]').nth(49).waitFor();
  assert.ok((await visit.page.evaluate(() => window.rowsFirst)) <= 20);
  // Once something has been painted, a list comes whole.
  await visit.go('#/');
  await visit.page.locator('main ul.lines a').first().waitFor();
  await visit.go('#/trash?view=rows');
  await visit.page.locator('main tbody tr[data-row]').first().waitFor();
  assert.equal(await visit.page.locator('main tbody tr[data-row]').count(), 50);
});

// Each answer is held back for a moment, so that what is asked for at once is seen at once.
async function holdBack(visit) {
  await visit.page.route(/\/v1|\.json|more\.js|(en|de)\.js/, async (route) => {
    await new Promise((done) => setTimeout(done, 200));
    await route.continue().catch(() => {}); // the page may have been left
  });
}

// Of what the page has asked for since it began, without its own script and style: by its own clock, when.
async function asked(visit) {
  const spans = await visit.page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({name}) => !/^data:|app\.(js|css)$/.test(name))
      .map(({name, startTime, responseEnd}) => ({name, start: startTime, end: responseEnd})),
  );
  const atOnce = ({start}) => spans.filter((other) => other.start <= start && start < other.end);
  return {all: spans.length, most: spans.map(atOnce).sort((one, other) => other.length - one.length)[0] ?? []};
}

scenario('at most four requests run at once, on whatever screen one begins and wherever one goes', {look: {locale: 'de'}}, async (visit, site) => {
  const item = await site.remove('time/projects/00000000-0000-4000-8000-000000000042');
  await holdBack(visit);
  const screens = ['#/', '#/trash', `#/trash/${item}`, `#/trash/${item}/restore`, '#/rows/time%2Fprojects', '#/admin/health'];
  const few = async () => {
    await visit.page.waitForFunction(settled);
    const {all, most} = await asked(visit);
    assert.ok(most.length <= 4, most.map(({name}) => name).join(' '));
    return all;
  };
  let sum = 0;
  for (const address of screens) {
    await visit.page.goto('about:blank');
    await visit.open(address);
    await visit.page.locator('main h1').waitFor();
    sum += await few();
  }
  assert.ok(sum > 5 * screens.length, `${sum} requests`);
  for (const address of screens) await visit.go(address);
  await few();
});

async function trashMany(site) {
  const project = '00000000-0000-4000-8000-000000000042';
  await site.sql(`INSERT INTO task (name, project) SELECT 'Part ' || n, '${project}' FROM generate_series(1, 1200) n`);
  const ids = (await site.sql(`INSERT INTO task (name) SELECT 'Alone ' || n FROM generate_series(1, 300) n RETURNING id`)).flat();
  await site.api('POST', '/v1/time/tasks/bulk-delete', {body: {ids}});
  return site.remove(`time/projects/${project}`);
}

scenario('never more than 1,000 rows are in the page, however many there are', {}, async (visit, site) => {
  const item = await trashMany(site);
  await visit.open(`#/trash/${item}`);
  const branch = visit.page.locator('ul.tree > li', {hasText: 'task_project_fkey'});
  await branch.locator('summary').first().click();
  const leaves = branch.locator('ul.tree > li');
  for (const count of [100, 300, 500, 700, 900, 1000]) {
    await leaves.nth(count - 1).waitFor();
    assert.equal(await leaves.count(), count);
    if (count < 1000) await branch.getByRole('button').click();
  }
  await branch.locator(`a[href*="view=rows"]`).waitFor();

  await visit.go('#/trash');
  await visit.page.getByLabel('Rows a page').selectOption('200');
  await visit.page.locator('main tbody tr[data-row]').nth(199).waitFor();
  assert.equal(await visit.page.locator('main tbody tr').count(), 200);
  const nodes = await visit.page.evaluate(() => document.querySelectorAll('*').length);
  assert.ok(nodes <= 200 * 25, `${nodes} elements for 200 rows`);
});
