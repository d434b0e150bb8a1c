import {assert, credentials, scenario} from './world.mjs';

const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const idOf = (path) => path.split('/').at(-1);

async function first(site, resource) {
  return (await site.api('GET', `/v1/${resource}?limit=1`)).data[0];
}

scenario('a clean restore: what the preview says is what comes back, and the page of the deletion says so after', {}, async (visit, site) => {
  const before = await site.count('task');
  const item = await site.remove(project(2));
  const {data} = await site.api('GET', `/v1/trash/${item}`);
  await visit.open(`#/trash/${item}`);
  await visit.press('Restore…', 'link');
  await visit.reads(new RegExp(`^${data.groupSize} rows in \\d tables come back$`));
  const promised = await visit.text('.counts');
  await visit.press(`Restore ${data.groupSize} rows`);
  await visit.title(`“${data.displayName}” is back`);
  assert.equal(await visit.text('.counts'), promised);
  assert.equal(await site.count('task'), before);
  await visit.press(`Open “${data.displayName}”`, 'link');
  await visit.page.locator('.fields').waitFor();
  assert.match(visit.page.url(), new RegExp(data.deletedObjectId));
  await visit.go(`#/trash/${item}`);
  await visit.title('Restored already');
});

scenario('a parent in the trash is offered, and comes back in the same restore', {}, async (visit, site) => {
  const [[task]] = await site.sql(`SELECT id FROM task WHERE project = '${idOf(project(3))}' LIMIT 1`);
  const item = await site.remove(`time/tasks/${task}`);
  const parent = await site.remove(project(3));
  await visit.open(`#/trash/${item}/restore`);
  await visit.reads('is in the trash');
  const button = visit.page.locator('[data-key=restore]');
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  await visit.page.getByRole('link', {name: (await site.api('GET', `/v1/trash/${parent}`)).data.displayName}).waitFor();
  await visit.act(() => visit.page.getByLabel('Restore it too').check());
  await visit.reads('1 other deletion comes back with it');
  await visit.act(() => button.click());
  await visit.page.locator('#done').waitFor();
  assert.equal(await site.count('project', `id = '${idOf(project(3))}'`), 1);
  assert.equal(await site.count('task', `id = '${task}'`), 1);
});

scenario('a taken value: both rows are shown, and another value, the trash, or leaving it out end as they say', {}, async (visit, site) => {
  const bill = await first(site, 'billing/bills');
  const item = await site.remove(`billing/bills/${bill.id}`);
  await site.sql(`INSERT INTO bill ("docNumber", description) VALUES ('${bill.docNumber}', 'in the way') RETURNING id`);
  await visit.open(`#/trash/${item}/restore`);
  await visit.reads('Another row has this value');
  await visit.page.locator('.beside summary').click();
  await visit.reads('in the way');
  await visit.page.getByLabel('Move the live row to the trash').check();
  await visit.reads(/^Restore \d+ rows, move 1 live row to the trash$/);
  await visit.page.getByLabel('Give it another value').check();
  await visit.page.getByRole('textbox', {name: 'docNumber'}).fill('A new number');
  await visit.press('Use these');
  await visit.reads(/with other values, as chosen/);
  await visit.act(() => visit.page.locator('[data-key=restore]').click());
  await visit.page.locator('#done').waitFor();
  assert.equal(await site.count('bill', `id = '${bill.id}' AND "docNumber" = 'A new number'`), 1);
  assert.equal(await site.count('bill', `description = 'in the way'`), 1);
});

scenario('the world changes between the preview and the click: nothing is restored, the new preview is shown', {}, async (visit, site) => {
  const bill = await first(site, 'billing/bills');
  const item = await site.remove(`billing/bills/${bill.id}`);
  await visit.open(`#/trash/${item}/restore`);
  await visit.page.locator('[data-key=restore]:not([aria-disabled=true])').waitFor();
  await site.sql(`INSERT INTO bill ("docNumber") VALUES ('${bill.docNumber}') RETURNING id`);
  await visit.act(() => visit.page.locator('[data-key=restore]').click());
  await visit.reads('Something has changed since the preview was made');
  await visit.reads('Another row has this value');
  assert.equal(await site.count('bill', `id = '${bill.id}'`), 0);
});

scenario('a delete shows its impact, Enter does it, and Undo brings all back', {}, async (visit, site) => {
  const [[id, name]] = await site.sql(`SELECT id, description FROM time_record ORDER BY id LIMIT 1`);
  await visit.open(`#/rows/time%2Ftimerecords/${id}`);
  await visit.title(name);
  await visit.press('Move to trash…', 'link');
  await visit.reads('1 row in 1 table goes to the trash');
  const button = visit.page.getByRole('button', {name: 'Move 1 row to the trash'});
  await button.focus();
  await visit.act(() => visit.page.keyboard.press('Enter'));
  await visit.title(`“${name}” is in the trash`);
  assert.equal(await site.count('time_record', `id = '${id}'`), 0);
  await visit.press(/^Undo/);
  await visit.page.locator('.said', {hasText: /^Undone: /}).waitFor();
  assert.equal(await site.count('time_record', `id = '${id}'`), 1);
});

scenario('what needs the row refuses the delete, is named, and is taken along on demand', {}, async (visit, site) => {
  const [[user]] = await site.sql(`SELECT owner FROM project ORDER BY id LIMIT 1`);
  await visit.open(`#/delete/users?id=${user}`);
  await visit.reads('Other rows need it, so it cannot go');
  assert.ok((await visit.page.locator('.blocker a').count()) > 0);
  assert.equal(await visit.page.locator('[data-key=delete]').count(), 0);
  await visit.act(() => visit.page.getByLabel('Take these rows along too').check());
  await visit.page.getByLabel(/^Yes, /).check();
  await visit.press(/^Move [\d,]+ rows to the trash$/);
  await visit.reads(/more rows are in the trash/);
  assert.equal(await site.count('"user"', `id = '${user}'`), 0);
});

scenario('a reason that is needed is asked for before anything is sent', {
  open: {sql: `CREATE TABLE contract (id integer PRIMARY KEY, name text); INSERT INTO contract VALUES (1, 'Lease')`,
    config: '[[resource]]\ntable = "contract"\nrequire_reason = true\n\n'},
}, async (visit, site) => {
  await visit.open('#/delete/contract?id=1');
  await visit.reads('Say why, then it can be deleted.');
  await visit.act(() => visit.page.locator('[data-key=delete]').click({force: true}));
  assert.equal(await site.count('contract'), 1);
  await visit.page.getByLabel('Reason').fill('it has ended');
  await visit.press('Move 1 row to the trash');
  await visit.title('“Lease” is in the trash');
  assert.equal(await site.count('contract'), 0);
});

scenario('a row that another has changed is not deleted', {}, async (visit, site) => {
  const [[id]] = await site.sql(`SELECT id FROM time_record ORDER BY id LIMIT 1`);
  await visit.open(`#/delete/time%2Ftimerecords?id=${id}`);
  await visit.page.locator('[data-key=delete]').waitFor();
  await site.sql(`UPDATE time_record SET description = 'changed' WHERE id = '${id}' RETURNING id`);
  await visit.press('Move 1 row to the trash');
  await visit.reads('The row was changed by someone else');
  assert.equal(await site.count('time_record', `id = '${id}'`), 1);
  await visit.press('Look at it as it is now');
  await visit.press('Move 1 row to the trash');
  await visit.title('“changed” is in the trash');
});

scenario('deleting for good needs the number typed: a wrong one and Enter do nothing', {
  open: {config: `${credentials}[roles]\nadmins = "*"\nsupport = { read = "*", view-trash = "*", restore = "*" }\n\n`, keys: {ada: 'admins', sam: 'support'}},
}, async (visit, site) => {
  const item = await site.remove(project(4), {key: site.keys.ada});
  const {data} = await site.api('GET', `/v1/trash/${item}`, {key: site.keys.ada});
  await visit.signIn('sam', `#/trash/${item}`);
  await visit.sees('link', 'Restore…');
  assert.equal(await visit.page.getByRole('link', {name: 'Delete for good…'}).count(), 0);
  await visit.press('sam');
  await visit.press('Sign out');
  await visit.signIn('ada', `#/trash/${item}/purge`);
  const field = visit.page.getByLabel(/the number of rows$/);
  await field.fill(String(data.groupSize + 1));
  await visit.act(() => field.press('Enter'));
  assert.equal((await site.api('GET', `/v1/trash/${item}`, {key: site.keys.ada})).data.id, item);
  await field.fill(String(data.groupSize));
  await visit.press(`Delete ${data.groupSize} rows for good`);
  await visit.reads('Receipt:');
  await visit.go(`#/trash/${item}`);
  await visit.title('Deleted for good');
});

scenario('personal data is erased after its rows are told, a reason given and their number typed, and only by who may', {
  open: {
    config: `${credentials}[roles]\nadmins = "*"\nsupport = { read = "*", view-trash = "*", restore = "*" }\n\n[[resource]]\ntable = "public.person"\npersonal = ["name"]\n\n`,
    keys: {ada: 'admins', sam: 'support'},
    sql: `CREATE TABLE person (id int PRIMARY KEY, name text); INSERT INTO person VALUES (1, 'Ann Lee')`,
  },
}, async (visit, site) => {
  const item = await site.remove('person/1', {key: site.keys.ada});
  await visit.signIn('sam', `#/trash/${item}`);
  await visit.sees('link', 'Restore…');
  assert.equal(await visit.page.getByRole('link', {name: 'Erase personal data…'}).count(), 0);
  await visit.press('sam');
  await visit.press('Sign out');
  await visit.signIn('ada', `#/trash/${item}`);
  await visit.press('Erase personal data…', 'link');
  await visit.title('Erase personal data of “Ann Lee”?');
  await visit.reads('Personal data in 1 row of 1 deletion');
  await visit.page.getByLabel(/the number of rows$/).fill('1');
  await visit.act(() => visit.page.getByLabel(/the number of rows$/).press('Enter'));
  assert.equal(await site.count('trashd.item', `payload::text LIKE '%Ann%'`), 1);
  await visit.page.getByLabel(/^Reason/).fill('asked by letter');
  await visit.press('Erase personal data');
  await visit.reads('Personal data is erased in 1 row');
  await visit.reads('Receipt:');
  assert.equal(await site.count('trashd.item', `payload::text LIKE '%Ann%'`), 0);
  await visit.go('#/history?action=erased');
  await visit.reads('Personal data erased');
  await visit.go(`#/trash/${item}/erase`);
  await visit.reads('There is no personal data of this in the trash');
});

scenario('the undo of a restore is refused where a row was changed since, and the row is named', {}, async (visit, site) => {
  const [[id]] = await site.sql(`SELECT id FROM time_record ORDER BY id LIMIT 1`);
  const item = await site.remove(`time/timerecords/${id}`);
  await visit.open(`#/trash/${item}/restore`);
  await visit.press('Restore 1 row');
  await visit.page.locator('#done').waitFor();
  await site.sql(`UPDATE time_record SET description = 'changed' WHERE id = '${id}' RETURNING id`);
  await visit.press(/^Undo/);
  await visit.sees('link', `time/timerecords ${id}`);
  assert.equal(await site.count('time_record', `id = '${id}' AND description = 'changed'`), 1);
});

scenario('by keyboard alone: find, restore, undo', {}, async (visit, site) => {
  const item = await site.remove(project(1));
  const {data} = await site.api('GET', `/v1/trash/${item}`);
  const {keyboard} = visit.page;
  await visit.open('#/trash');
  await visit.reads('1–1 of 1 deletion');
  await keyboard.press('j');
  await keyboard.press('Enter');
  await visit.title(data.displayName);
  await visit.sees('link', 'Restore…');
  await keyboard.press('r');
  await visit.page.locator('[data-key=restore]:not([aria-disabled=true])').waitFor();
  await visit.page.getByRole('button', {name: `Restore ${data.groupSize} rows`}).waitFor();
  await visit.act(() => keyboard.press('r'));
  await visit.page.locator('#done').waitFor();
  await visit.act(() => keyboard.press('u'));
  await visit.page.locator('.said', {hasText: /^Undone: /}).waitFor();
  assert.equal((await site.api('GET', `/v1/trash/${item}`)).data.id, item);
});
