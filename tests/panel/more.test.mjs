// What one is told beside what was asked for: what a purge leaves behind, how far an operation is, times as one reads them.
import {assert, credentials, scenario} from './world.mjs';

const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

scenario('before a deletion is deleted for good, those that stay in the trash and refer to it are named', {
  open: {
    sql: `INSERT INTO task (id, project, name)
SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, '00000000-0000-4000-8000-000000000001', 'apart ' || n FROM generate_series(1, 22) n`,
  },
}, async (visit, site) => {
  const task = (n) => `time/tasks/00000000-0000-4000-9000-${String(n).padStart(12, '0')}`;
  for (let n = 1; n <= 22; n += 1) await site.remove(task(n));
  const item = await site.remove(project(1));
  const alone = await site.remove(project(2));
  await visit.open(`#/trash/${item}/purge`);
  await visit.reads('22 deletions that stay in the trash refer to this, and cannot come back as they were then:');
  const note = visit.page.locator('.note', {hasText: 'refer to this'});
  assert.equal(await note.getByRole('listitem').count(), 20);
  assert.match(await note.innerText(), /and 2 more/);
  await note.getByRole('link', {name: 'apart 22'}).click();
  await visit.title('apart 22');
  await visit.go(`#/trash/${alone}/purge`);
  await visit.reads(/are deleted for good$/);
  assert.equal(await visit.page.locator('.note', {hasText: 'refer to this'}).count(), 0);
});

scenario('deletions that could never come back without what is deleted for good go along, where one asks for it', {
  open: {
    sql: `ALTER TABLE task ALTER project SET NOT NULL;
INSERT INTO task (id, project, name)
SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, '00000000-0000-4000-8000-000000000001', 'apart ' || n FROM generate_series(1, 3) n`,
  },
}, async (visit, site) => {
  const items = [];
  for (let n = 1; n <= 3; n += 1) items.push(await site.remove(`time/tasks/00000000-0000-4000-9000-${String(n).padStart(12, '0')}`));
  const item = await site.remove(project(1));
  const {data} = await site.api('DELETE', `/v1/trash/${item}?dryRun=true`);
  const alone = data.items;
  await visit.open(`#/trash/${item}/purge`);
  await visit.reads(`${alone} rows are deleted for good`);
  await visit.page.getByLabel('Delete these for good, too: 3 deletions with 3 rows that could never come back without it').check();
  await visit.reads(`${alone + 3} rows are deleted for good`);
  assert.equal(await visit.page.locator('.note', {hasText: 'refer to this'}).count(), 0);
  await visit.page.locator('form input[inputmode=numeric]').fill(String(alone + 3));
  await visit.page.getByRole('button', {name: `Delete ${alone + 3} rows for good`}).click();
  await visit.reads(/Deleted .* for good: /);
  for (const one of [item, ...items]) assert.equal((await fetch(`${site.base}/v1/trash/${one}`)).status, 410);
});

scenario('columns that are called as the trash calls its own are among the fields of a row', {
  open: {sql: `CREATE TABLE old (id int PRIMARY KEY, name text, "deletedAt" text, "trashItem" text);
INSERT INTO old VALUES (1, 'one', 'in May', 'number 7')`},
}, async (visit, site) => {
  const shown = async () => {
    await visit.reads('in May');
    await visit.reads('number 7');
    assert.deepEqual(await visit.page.locator('dl.fields dt').evaluateAll((all) => all.map((one) => one.firstChild.textContent)), ['id', 'name', 'deletedAt', 'trashItem']);
  };
  await visit.open('#/rows/old/1');
  await shown();
  const item = await site.remove('old/1');
  await visit.go(`#/trash/${item}`);
  await shown();
});

scenario('a search that finds nothing in the trash leads to the live rows that it finds', {}, async (visit) => {
  await visit.open('#/trash?q=relaunch&resource=time%2Fprojects');
  await visit.reads('Nothing has “relaunch” in its name, id or reason.');
  await visit.press('Look in live rows', 'link');
  await visit.page.waitForURL(/where=name%3Acontains%3Arelaunch/);
  const found = await visit.page.locator('main tbody a.name').allInnerTexts();
  assert.ok(found.length > 0 && found.every((one) => /relaunch/i.test(one)), found.join());
  await visit.go('#/trash?q=relaunch');
  await visit.press('Look in live rows', 'link');
  await visit.title('Rows');
  await visit.act(() => visit.page.getByRole('link', {name: 'Project', exact: true}).click());
  await visit.page.waitForURL(/where=name%3Acontains%3Arelaunch/);
  assert.deepEqual(await visit.page.locator('main tbody a.name').allInnerTexts(), found);
});

scenario('the undo of a restore of many is offered to those alone who may move it to the trash again', {
  open: {config: `${credentials}[roles]\nall = "*"\nback = ["read", "view-trash", "restore"]\n\n`, keys: {ann: 'all', ben: 'back'}},
}, async (visit, site) => {
  const key = site.keys.ann;
  const back = async (name) => {
    for (const n of [3, 4]) await site.remove(project(n), {key});
    await visit.signIn(name, '#/trash?resource=time%2Fprojects');
    await visit.page.getByLabel('Select all on this page').check();
    await visit.press('Restore…');
    await visit.press(/^Restore \d+ rows$/);
    await visit.title(/^Restored 2 deletions/);
    return visit.page.locator('main .changes');
  };
  await (await back('ben')).getByText('You cannot undo this by yourself').waitFor();
  await visit.page.evaluate(() => sessionStorage.clear());
  await visit.page.reload();
  await (await back('ann')).getByRole('button', {name: /^Undo/}).click();
  await visit.reads(/^Undone: Restored 2 deletions/);
  assert.equal(await site.count('project', `id::text LIKE '%000000000003'`), 0);
});

scenario('lists are dense and times those of UTC where one chooses that, and stay so', {
  look: {timezoneId: 'Pacific/Auckland'},
}, async (visit, site) => {
  await site.remove(project(5));
  const at = '2020-03-04T23:30:00Z';
  await site.sql(`UPDATE trashd.trash_group SET created_at = '${at}'`);
  const row = visit.page.locator('main tbody tr').first();
  const time = () => row.locator('time').first().innerText();
  await visit.open('#/trash?when=dates&from=2020-03-05&to=2020-03-05');
  await visit.reads('1–1 of 1 deletion');
  assert.match(await time(), /^Mar 5, 2020, 12:30$/);
  const {height} = await row.boundingBox();
  await visit.go('#/settings');
  await visit.page.getByRole('radio', {name: 'Compact'}).check();
  await visit.page.getByRole('radio', {name: 'UTC'}).check();
  await visit.go('#/trash?when=dates&from=2020-03-05&to=2020-03-05');
  await visit.reads('Nothing in the trash matches.');
  await visit.go('#/trash?when=dates&from=2020-03-04&to=2020-03-04');
  await visit.page.reload();
  await visit.reads('1–1 of 1 deletion');
  assert.match(await time(), /^Mar 4, 2020, 23:30$/);
  assert.ok((await row.boundingBox()).height < height - 8);
});

scenario('own deletions are one click away, and what who sees own rows alone begins with', {
  open: {
    config: `${credentials}[roles]\nall = "*"\npeople = { "*" = "*", owner = "author" }\n\n[[resource]]\ntable = "public.note"\npath = "notes"\n\n`,
    keys: {ann: 'all', ben: 'people'},
    sql: `CREATE TABLE note (id int PRIMARY KEY, author text, title text);
INSERT INTO note VALUES (1, 'key:ben', 'by Ann'), (2, 'key:ben', 'by Ben')`,
  },
}, async (visit, site) => {
  await site.remove('notes/1', {key: site.keys.ann});
  await site.remove('notes/2', {key: site.keys.ben});
  await visit.signIn('ann', '#/trash');
  await visit.reads('1–2 of 2 deletions');
  await visit.press('My deletions', 'link');
  await visit.reads('1–1 of 1 deletion');
  await visit.reads('by Ann');
  await visit.press('My deletions', 'link');
  await visit.reads('1–2 of 2 deletions');
  await visit.page.reload();
  await visit.signIn('ben', '');
  await visit.act(() => visit.page.getByRole('link', {name: 'Trash', exact: true}).click());
  await visit.reads('1–1 of 1 deletion');
  await visit.reads('by Ben');
});

scenario('an operation tells its pace, the title how many run, and a delete that was one is undone from Recent wherever one is', {
  open: {
    config: '[limits]\nasync_rows = 20\nlock_timeout_ms = 60000\n\n',
    sql: `CREATE TABLE folder (id int PRIMARY KEY, name text);
CREATE TABLE paper (id int PRIMARY KEY, folder int REFERENCES folder ON DELETE CASCADE);
INSERT INTO folder VALUES (1, 'Folder 1'), (2, 'Folder 2');
INSERT INTO paper SELECT n, 1 FROM generate_series(1, 40) n`,
  },
}, async (visit, site) => {
  // Operations run one after the other, so this one waits for one that waits for a row.
  await site.hold('SELECT FROM folder WHERE id = 2 FOR UPDATE');
  await site.api('DELETE', '/v1/folder/2', {headers: {Prefer: 'respond-async'}});
  await visit.open('#/delete/folder?id=1');
  await visit.press('Move 41 rows to the trash');
  const bar = visit.page.locator('main .bar');
  await bar.getByText(/^waiting · /).waitFor();
  await visit.page.waitForFunction(() => document.title.startsWith('(2) '));
  await site.hold('SELECT FROM folder WHERE id = 1 FOR UPDATE', 'next');
  await site.release();
  await bar.getByText(/^running · 0 of 41 rows$/).waitFor();
  await visit.page.waitForFunction(() => document.title.startsWith('(1) '));
  assert.doesNotMatch(await bar.innerText(), /a second/);
  await site.sql('UPDATE trashd.operation SET done = 20 WHERE total = 41');
  await bar.getByText(/^running · 20 of 41 rows · \d+ rows? a second, about \d+ seconds? left$/).waitFor();
  await visit.go('#/storage');
  await site.release('next');
  await visit.reads('“Folder 1” and 40 more rows are in the trash');
  await visit.page.waitForFunction(() => document.title === 'Storage');
  assert.equal(await site.count('paper'), 0);
  await visit.press('Recent');
  await visit.page.getByRole('button', {name: /^Undo/}).click();
  await visit.reads(/^Undone: “Folder 1”/);
  for (let tries = 0; tries < 100 && (await site.count('paper')) < 40; tries += 1) await visit.page.waitForTimeout(200);
  assert.equal(await site.count('paper'), 40);
});
