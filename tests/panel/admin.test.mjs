// What happened, how much there is, and what an administrator looks after.
import {assert, credentials, scenario} from './world.mjs';

const client = (n) => `time/clients/00000000-0000-4000-8001-${String(n).padStart(12, '0')}`;
const lines = (visit) => visit.page.locator('main .lines li');
const sum = (list) => list.reduce((one, other) => one + other, 0);
const numberOf = (text) => Number(text.replaceAll(',', ''));

async function until(found) {
  while (!(await found())) await new Promise((done) => setTimeout(done, 200));
}

scenario('what happened to an object, the ledger by its filters, and whether it is as written: good, and tampered with', {}, async (visit, site) => {
  const item = await site.remove(`${client(5)}?reason=a%20slip`);
  await site.api('POST', `/v1/trash/${item}/$restore`);
  await site.api('DELETE', `/v1/trash/${await site.remove(client(6))}`);
  await visit.open(`#/rows/${client(5).replace('/', '%2F')}`);
  const timeline = visit.page.getByRole('region', {name: 'What happened to it'});
  await timeline.locator('li', {hasText: 'Restored'}).waitFor();
  assert.deepEqual(await timeline.locator('li strong').allInnerTexts(), ['Restored', 'Moved to the trash']);
  await timeline.locator('li', {hasText: 'a slip'}).getByRole('link').click();
  await visit.title('Restored already');

  await visit.go('#/history');
  await lines(visit).nth(3).waitFor();
  assert.deepEqual(await lines(visit).locator('strong').allInnerTexts(), ['Deleted for good', 'Moved to the trash', 'Restored', 'Moved to the trash']);
  await visit.page.getByLabel('What').selectOption('purged');
  await lines(visit).nth(1).waitFor({state: 'detached'});
  assert.deepEqual(await lines(visit).locator('strong').allInnerTexts(), ['Deleted for good']);
  assert.match(visit.page.url(), /action=purged/);
  await visit.page.getByLabel('What').selectOption('');
  await lines(visit).nth(3).waitFor();
  const day = await visit.page.evaluate(() => new Intl.DateTimeFormat('sv', {dateStyle: 'short'}).format(new Date()));
  await visit.page.getByLabel('From', {exact: true}).fill(day);
  await visit.page.getByLabel('To', {exact: true}).fill(day);
  await visit.page.waitForURL(/from=.*to=/);
  await visit.page.locator('main .loaded:not(.old) .lines li').nth(3).waitFor();
  await visit.page.getByLabel('By', {exact: true}).fill('nobody');
  await visit.page.getByLabel('By', {exact: true}).press('Enter');
  await visit.reads('Nothing is recorded.');

  const seal = async () => (await site.api('GET', '/v1/history/$seal')).data;
  await until(async () => (await seal()).unsealed === 0);
  await visit.go('#/history');
  await visit.page.getByRole('region', {name: 'Seal'}).getByText((await seal()).head).waitFor();
  await visit.press('Verify now');
  await visit.reads('4 sealed entries are as written.');
  const [[entry]] = await site.sql(`SELECT id FROM trashd.ledger ORDER BY id LIMIT 1 OFFSET 1`);
  await site.sql('ALTER TABLE trashd.ledger DISABLE TRIGGER ALL');
  await site.sql(`UPDATE trashd.ledger SET reason = 'another' WHERE id = ${entry}`);
  await visit.press('Verify now');
  await visit.reads(new RegExp(`Not as it was written: .*\\b${entry}\\b`));
});

scenario('storage: the bars and the table say the same, the sums are those of the lists, and each leads to its list', {
  open: {sql: `INSERT INTO department (name) SELECT 'Bin ' || n FROM generate_series(1, 3) n`},
}, async (visit, site) => {
  await site.api('DELETE', `/v1/departments?${encodeURIComponent('where[name][contains]')}=Bin`);
  for (const n of [1, 2]) await site.remove(`time/projects/00000000-0000-4000-8000-00000000000${n}`);
  const count = async (query) => Number((await site.api('GET', `/v1/trash?limit=1&count=true${query}`)).answer.headers.get('X-Total-Count'));
  const [rows, groups] = [await count(''), await count('&root=true')];
  const stats = (await site.api('GET', '/v1/trash/$stats')).data;
  await visit.open('#/storage');
  await visit.reads(new RegExp(`^${groups} deletions, ${rows} rows,`));
  const tables = visit.page.locator('.bars');
  assert.equal(await tables.count(), 3);
  for (const table of await tables.all()) {
    assert.equal(sum((await table.locator('tbody td:nth-child(2)').allInnerTexts()).map(numberOf)), rows);
    for (const row of await table.locator('tbody tr').all()) {
      const bar = await row.locator('meter').evaluate(({value, max}) => value / max);
      assert.ok(bar > 0 && bar <= 1);
    }
    const bytes = await table.locator('meter').evaluateAll((list) => list.map(({value}) => value));
    assert.equal(sum(bytes), stats.bytes);
    const byAge = (await table.locator('th').first().innerText()) === 'By age';
    if (!byAge) assert.deepEqual(bytes, [...bytes].sort((one, other) => other - one));
  }
  const links = await visit.page.locator('.bars tbody tr').evaluateAll((list) =>
    list.map((row) => ({address: row.querySelector('a')?.getAttribute('href'), many: row.cells[1].textContent})));
  for (const {address, many} of links.filter((one) => one.address)) {
    await visit.go(address);
    await visit.reads(new RegExp(`of ${many} rows?$`));
  }
});

scenario('health names what stands in the way with the statement that mends it; a key is shown once, works, and is refused when it is revoked', {
  open: {
    config: `${credentials}[roles]\nadmins = "*"\nreaders = { read = "*" }\n\n`, keys: {ada: 'admins'},
    sql: 'CREATE TABLE shelf (id int PRIMARY KEY); CREATE TABLE book (id int PRIMARY KEY, shelf int REFERENCES shelf)',
  },
}, async (visit, site) => {
  await visit.signIn('ada', '#/admin/health');
  const finding = visit.page.locator('main .card', {hasText: /book/}).filter({hasText: /CREATE INDEX/});
  const statement = await finding.locator('code').first().innerText();
  await site.sql(statement);
  await visit.page.reload();
  await visit.page.getByLabel('API key or access token').fill(site.keys.ada);
  await visit.press('Sign in');
  await visit.title('Health');
  await visit.page.waitForFunction(() => !document.querySelector('main .skeleton'));
  assert.equal(await finding.count(), 0);

  await visit.go('#/admin/keys');
  await visit.page.getByLabel('Name').fill('nightly');
  await visit.page.getByLabel('Roles, with commas between').fill('readers');
  await visit.act(() => visit.page.getByRole('button', {name: 'Make a key'}).click());
  await visit.reads('This is the only time that the key is shown.');
  const key = await visit.page.locator('.note code').innerText();
  const status = async () => (await fetch(`${site.base}/v1/@me`, {headers: {'X-API-Key': key}})).status;
  assert.equal(await status(), 200);
  await visit.go('#/admin/roles');
  await visit.title('Roles');
  await visit.go('#/admin/keys');
  const row = visit.page.locator('tbody tr', {hasText: 'nightly'});
  await row.waitFor();
  assert.ok(!(await visit.page.locator('body').innerText()).includes(key));
  await row.getByRole('button', {name: 'Revoke…'}).click();
  assert.equal(await status(), 200);
  await visit.act(() => row.getByRole('button', {name: 'Revoke nightly for ever'}).click());
  await row.getByText('revoked').waitFor();
  assert.equal(await status(), 401);
});
