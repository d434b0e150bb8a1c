// What is too large for one request runs apart from it: seen while it runs, left, found again, and told how it ended.
import {assert, scenario} from './world.mjs';

const folders = `CREATE TABLE folder (id int PRIMARY KEY, name text UNIQUE);
CREATE TABLE paper (id int PRIMARY KEY, folder int REFERENCES folder ON DELETE CASCADE, name text);
CREATE INDEX ON paper (folder);
CREATE TABLE pin (id int PRIMARY KEY, folder int NOT NULL REFERENCES folder);
CREATE INDEX ON pin (folder);
INSERT INTO folder SELECT n, 'Folder ' || n FROM generate_series(1, 8) n;
INSERT INTO paper SELECT n, 1 + n % 8, 'Paper ' || n FROM generate_series(1, 320) n`;

// What has not ended is seen on its page, in the top bar and on the overview, and found again after it was left.
async function leaveAndFind(visit, kind, state) {
  await visit.reads('It goes on when you leave this page.');
  await visit.page.getByRole('progressbar', {name: kind}).waitFor();
  await visit.go('#/');
  await visit.page.getByRole('region', {name: 'Running now'}).getByText(state).first().waitFor();
  await visit.press(/^\d running$/, 'link');
  await visit.title('Operations');
  const line = visit.page.locator('main li.card', {has: visit.page.getByText(state)}).filter({hasText: kind});
  await visit.act(() => line.getByRole('link').first().click());
  await visit.page.locator('#operation', {hasText: kind}).waitFor();
  await visit.page.locator('main .bar').getByText(state).waitFor();
}

scenario('a large delete, restore and emptying run apart: progress is shown, the page can be left, and the end is told, good or bad', {
  open: {config: '[limits]\nasync_rows = 20\nlock_timeout_ms = 60000\n\n', sql: folders},
}, async (visit, site) => {
  const live = (n) => site.count('paper', `folder = ${n}`);
  // Operations run one after the other, so what comes later waits for one that waits for a row.
  const occupy = async (n) => {
    await site.hold(`SELECT FROM folder WHERE id = ${n} FOR UPDATE`);
    await site.api('DELETE', `/v1/folder/${n}`, {headers: {Prefer: 'respond-async'}});
  };
  const move = async (n) => {
    await visit.go(`#/delete/folder?id=${n}`);
    await visit.title(`Move “Folder ${n}” to the trash?`);
    await visit.press('Move 41 rows to the trash');
  };
  const restore = async (item) => {
    await visit.go(`#/trash/${item}/restore`);
    await visit.press('Restore 41 rows');
    await visit.reads('It goes on when you leave this page.');
  };
  await visit.open();
  await occupy(5);
  await move(1);
  await leaveAndFind(visit, 'Move to the trash', /^waiting · /);
  await site.hold('SELECT FROM folder WHERE id = 1 FOR UPDATE', 'next');
  await site.release();
  await visit.page.locator('main .bar').getByText(/^running · /).waitFor();
  assert.equal(await live(1), 40);
  await site.release('next');
  await visit.reads('It is done.');
  await visit.page.locator('main .bar').getByText('done · 41 of 41 rows').waitFor();
  await visit.press('Look at it in the trash', 'link');
  await visit.title('Folder 1');
  await visit.reads('41 rows in 2 tables');
  assert.equal(await live(1), 0);
  const item = visit.page.url().split('/').at(-1);

  // Another begins to need the folder while its delete waits.
  await occupy(6);
  await move(2);
  await visit.reads('It goes on when you leave this page.');
  await site.sql('INSERT INTO pin VALUES (1, 2)');
  await site.release();
  await visit.page.getByRole('main').getByRole('alert').getByText(/\w/).first().waitFor();
  await visit.page.locator('main .bar').getByText(/^failed · /).waitFor();
  assert.equal(await live(2), 40);

  await occupy(7);
  await restore(item);
  await site.sql(`INSERT INTO folder VALUES (99, 'Folder 1')`);
  await site.release();
  await visit.page.getByRole('main').getByRole('alert').getByText(/\w/).first().waitFor();
  await visit.go('#/operations');
  await visit.page.locator('main li', {hasText: 'Restore'}).getByText(/^failed · /).waitFor();
  assert.equal(await live(1), 0);

  await site.sql('DELETE FROM folder WHERE id = 99');
  await occupy(8);
  await restore(item);
  await leaveAndFind(visit, 'Restore', /^waiting · /);
  await site.release();
  await visit.reads('It is done.');
  await visit.press('Open “folder 1”', 'link');
  await visit.title('Folder 1');
  assert.equal(await live(1), 40);
  // It is told of when it is done, and its undo is not done before it is.
  await visit.press('Recent');
  const line = visit.page.locator('.sheet:popover-open li').first();
  await line.getByRole('link', {name: /^Restored “Folder 1”/}).waitFor();
  await occupy(3);
  await line.getByRole('button', {name: 'Undo'}).click();
  await visit.reads(/^Being undone: Restored “Folder 1”/);
  assert.equal(await visit.page.getByText(/^Undone: /).count(), 0);
  assert.equal(await live(1), 40);
  await site.release();
  await visit.page.getByRole('status').getByText(/^Undone: Restored “Folder 1”/).waitFor();
  assert.equal(await live(1), 0);
  await visit.press(/^Undo ?: Undone: /);
  await visit.reads(/^Undone: Undone: /);
  assert.equal(await live(1), 40);

  await site.hold('SELECT FROM trashd.trash_group FOR UPDATE');
  await visit.go('#/empty');
  await visit.page.getByLabel('Type 205, the number of rows').fill('205');
  await visit.press('Delete 205 rows for good');
  await leaveAndFind(visit, 'Empty the trash', /^running · /);
  assert.equal((await site.api('GET', '/v1/trash?root=true')).data.length, 5);
  await site.release();
  await visit.reads('It is done.');
  await visit.go('#/trash');
  await visit.reads('The trash is empty: nothing was deleted that you may see.');
});
