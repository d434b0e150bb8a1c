import {assert, scenario} from './world.mjs';

const departments = (count) => `INSERT INTO department (name) SELECT 'Bin ' || lpad(n::text, 3, '0') FROM generate_series(1, ${count}) n`;
const where = encodeURIComponent('where[name][contains]');
const binAll = (site, reason = '') => site.api('DELETE', `/v1/departments?${where}=Bin&reason=${encodeURIComponent(reason)}`);
const box = (visit, name) => visit.page.getByRole('checkbox', {name: `Select ${name}`});
const age = (site, past, condition) =>
  site.sql(`UPDATE trashd.trash_group SET created_at = now() - interval '${past}' WHERE ${condition} RETURNING id`);
const namesLeft = async (site) => (await site.api('GET', '/v1/trash?root=true&sort=displayName')).data.map(({displayName}) => displayName);

async function selectAll(visit, count) {
  await visit.page.getByLabel('Select all on this page').check();
  await visit.press(`Select all ${count} that match`);
  await visit.reads(`All ${count} deletions that match are selected`);
}

async function giveReason(site, name, reason) {
  const [[id]] = await site.sql(`INSERT INTO department (name) VALUES ('${name}') RETURNING id`);
  return site.remove(`departments/${id}?reason=${encodeURIComponent(reason)}`);
}

scenario('emptying what is older than a month means what was so old when the page was opened', {
  open: {sql: departments(3)},
}, async (visit, site) => {
  await binAll(site);
  const {data} = await site.api('GET', '/v1/trash?root=true&sort=displayName');
  const old = data.slice(0, 2).map(({groupId}) => `'${groupId}'`);
  await age(site, '31 days', `uuid IN (${old})`);
  await visit.open('#/trash?when=older');
  await visit.press('Empty…', 'link');
  await visit.title('Delete 2 rows of 2 deletions for good?');
  await age(site, '30 days', `uuid = '${data[2].groupId}'`);
  await visit.page.getByLabel('Type 2, the number of rows').fill('2');
  await visit.press('Delete 2 rows for good');
  await visit.title('Deleted 2 deletions for good: 2 rows');
  assert.deepEqual(await namesLeft(site), ['Bin 003']);
});

scenario('all but what legal wants kept is emptied: a reason is filtered out, and one row is unticked', {
  open: {sql: departments(60)},
}, async (visit, site) => {
  await binAll(site, 'tidied');
  await giveReason(site, 'Kept', 'legal hold 4711');
  const searched = visit.page.getByRole('main').getByRole('searchbox');
  await visit.open('#/trash?sort=displayName');
  await visit.reads('1–50 of 61 deletions');
  await searched.fill('hold 4711');
  await visit.press('Search');
  await visit.reads('1–1 of 1 deletion');
  await searched.fill('');
  await visit.press('Search');
  await visit.reads('1–50 of 61 deletions');
  await visit.page.getByRole('combobox', {name: 'Reason', exact: true}).fill('legal hold 4711');
  await visit.page.keyboard.press('Enter');
  await visit.reads('1–1 of 1 deletion');
  assert.deepEqual(await visit.page.locator('#reasons option').evaluateAll((list) => list.map(({value}) => value)), ['legal hold 4711']);
  await visit.page.getByLabel('Reason is or is not').selectOption('true');
  await visit.reads('1–50 of 60 deletions');
  await selectAll(visit, 60);
  await box(visit, 'Bin 002').uncheck();
  await box(visit, 'Bin 003').uncheck();
  await visit.reads('All 60 deletions that match except 2 are selected, 58 rows');
  await box(visit, 'Bin 003').check();
  await visit.press('Next', 'link');
  await visit.reads('All 60 deletions that match except 1 are selected, 59 rows');
  await visit.press('Delete for good…');
  await visit.title('Delete 59 rows of 59 deletions for good?');
  await visit.reads('Department 59');
  await visit.page.getByLabel('Type 59, the number of rows').fill('59');
  await visit.press('Delete 59 rows for good');
  await visit.title('Deleted 59 deletions for good: 59 rows');
  assert.deepEqual(await namesLeft(site), ['Bin 002', 'Kept']);
  await visit.go('#/trash?without=legal%20hold%204711');
  await visit.press('Empty…', 'link');
  await visit.reads(/not with the reason “legal hold 4711”/);
  await visit.page.getByLabel('Type 1, the number of rows').fill('1');
  await visit.press('Delete 1 row for good');
  await visit.title('Deleted 1 deletion for good: 1 row');
  assert.deepEqual(await namesLeft(site), ['Kept']);
});

scenario('Cancel leads back to the list as it was: filters, page and selection', {
  open: {sql: departments(60)},
}, async (visit) => {
  await binAll(visit.site);
  await visit.open('#/trash?resource=departments&when=today&sort=displayName');
  await box(visit, 'Bin 003').check();
  await visit.press('Next', 'link');
  await box(visit, 'Bin 055').check();
  const address = visit.page.url();
  for (const button of ['Delete for good…', 'Restore…']) {
    await visit.press(button);
    await visit.title(/of 2 deletions for good\?|^Restore 2 deletions\?/);
    await visit.press('Cancel', 'link');
    await visit.reads('2 deletions selected, 2 rows, from 2 pages');
    assert.equal(visit.page.url(), address);
    assert.ok(await box(visit, 'Bin 055').isChecked());
    assert.equal(await visit.page.getByText('nothing is selected any more').count(), 0);
  }
  await visit.press('Clear the selection');
  await box(visit, 'Bin 056').check();
  await visit.press('Restore…');
  await visit.press('Restore 1 row');
  await visit.title('Restored 1 deletion: 1 row');
  await visit.press('Back to the trash', 'link');
  await visit.reads('51–59 of 59 deletions');
  assert.equal(visit.page.url(), address);
  await visit.press('Bin 055', 'link');
  await visit.press('Restore…', 'link');
  await visit.press('Restore 1 row');
  await visit.press('Back to the trash', 'link');
  await visit.reads('51–58 of 58 deletions');
  assert.equal(visit.page.url(), address);
  for (const name of ['Bin 057', 'Bin 058']) await box(visit, name).check();
  await visit.press('Empty…', 'link');
  await visit.title('Delete 58 rows of 58 deletions for good?');
  await visit.press('Cancel', 'link');
  await visit.reads('2 deletions selected, 2 rows');
  assert.equal(visit.page.url(), address);
});

scenario('what is ticked stays so under other filters, and is shown; all that matched does not, which is told once', {
  open: {sql: departments(60)},
}, async (visit, site) => {
  await binAll(site);
  const other = await giveReason(site, 'Other', 'why not');
  await visit.open('#/trash?q=Bin&sort=displayName');
  await box(visit, 'Bin 003').check();
  await box(visit, 'Bin 004').check();
  await visit.go('#/trash?q=Other');
  await visit.reads('1–1 of 1 deletion');
  await box(visit, 'Other').check();
  await visit.reads('3 deletions selected, 3 rows');
  await visit.press('2 selected are not shown here: show');
  const list = visit.page.getByRole('dialog');
  await list.getByLabel('Bin 003').uncheck();
  await list.getByRole('button', {name: 'Close'}).click();
  await visit.reads('2 deletions selected, 2 rows');
  await visit.press('Clear the selection');

  await visit.go('#/trash?q=Bin&sort=displayName');
  await visit.reads('1–50 of 60 deletions');
  await selectAll(visit, 60);
  const told = visit.page.getByText('nothing is selected any more');
  await visit.go('#/trash?sort=displayName');
  await told.waitFor();
  await visit.press('Next', 'link');
  await visit.reads('51–61 of 61 deletions');
  assert.equal(await told.count(), 0);
  await visit.go('#/trash?q=Bin&sort=displayName');
  await visit.reads('1–50 of 60 deletions');
  await selectAll(visit, 60);
  await visit.go('#/trash?sort=displayName');
  await told.waitFor();
  await box(visit, 'Bin 007').check();
  await visit.press('Delete for good…');
  await visit.title('Delete 1 row of 1 deletion for good?');
  assert.equal(await told.count(), 0);
  assert.equal((await site.api('GET', `/v1/trash/${other}`)).data.displayName, 'Other');
});

scenario('before it is for good one reads what goes: of which kind, why and when it was deleted, and each by name', {
  open: {sql: departments(6)},
}, async (visit, site) => {
  await binAll(site, 'doubled');
  await giveReason(site, 'Seventh', 'legal hold 4711');
  await age(site, '400 days', `uuid = '${(await site.api('GET', '/v1/trash?q=Bin%20001')).data[0].groupId}'`);
  const year = new Date(Date.now() - 400 * 86_400_000).getFullYear();
  await visit.open('#/trash?sort=displayName');
  const parts = ['Department 7', 'doubled 6', 'legal hold 4711 1', 'and 2 more', `Deleted from`, String(year)];
  const read = async () => {
    await visit.title('Delete 7 rows of 7 deletions for good?');
    await visit.page.locator('.card details').waitFor();
    const text = await visit.text('main .card');
    for (const part of parts) assert.ok(text.includes(part), `${part} in ${text}`);
    await visit.page.getByText('Show the 7').click();
    await visit.page.getByRole('link', {name: 'Seventh'}).waitFor();
  };
  await visit.press('Empty…', 'link');
  await read();
  await visit.press('Cancel', 'link');
  await visit.page.getByLabel('Select all on this page').check();
  await visit.press('Delete for good…');
  await read();
  await visit.page.getByLabel('Reason (optional, kept in the ledger)').fill('asked for by sales');
  await visit.page.getByLabel('Type 7, the number of rows').fill('7');
  await visit.press('Delete 7 rows for good');
  await visit.title('Deleted 7 deletions for good: 7 rows');
  const {data} = await site.api('GET', '/v1/history?action=purged');
  assert.deepEqual([...new Set(data.map(({reason}) => reason))], ['asked for by sales']);
});

scenario('what changed meanwhile is told in plain words, and the button means what is there now', {
  open: {sql: departments(4)},
}, async (visit, site) => {
  await binAll(site);
  await visit.open('#/trash?sort=displayName');
  for (const name of ['Bin 001', 'Bin 002', 'Bin 003']) await box(visit, name).check();
  await visit.press('Delete for good…');
  await visit.title('Delete 3 rows of 3 deletions for good?');
  const {data} = await site.api('GET', '/v1/trash?root=true&sort=displayName');
  await site.api('POST', `/v1/trash/${data[0].id}/$restore`);
  await visit.page.getByLabel('Type 3, the number of rows').fill('3');
  await visit.press('Delete 3 rows for good');
  await visit.reads('Changed meanwhile: 1 was restored. Now 2 deletions, 2 rows.');
  await visit.title('Delete 2 rows of 2 deletions for good?');
  assert.equal(await visit.page.locator('.note.bad').count(), 0);
  await visit.page.getByLabel('Type 2, the number of rows').fill('2');
  await visit.press('Delete 2 rows for good');
  await visit.title('Deleted 2 deletions for good: 2 rows');
  assert.deepEqual(await namesLeft(site), ['Bin 004']);

  await visit.open('#/trash');
  await visit.press('Empty…', 'link');
  await visit.title('Delete 1 row of 1 deletion for good?');
  await site.api('POST', `/v1/trash/${data[3].id}/$restore`);
  await visit.page.getByLabel('Type 1, the number of rows').fill('1');
  await visit.press('Delete 1 row for good');
  await visit.reads('Changed meanwhile: it was 1 deletion, 1 row. Now 0 deletions, 0 rows.');
  assert.equal(await visit.page.getByRole('button', {name: 'for good'}).count(), 0);
});

scenario('where to search is changed at once, and an empty result says what was searched', {}, async (visit, site) => {
  await giveReason(site, 'Archive', 'tidied');
  const [[id]] = await site.sql(`SELECT id FROM department LIMIT 1`);
  await site.remove(`departments/${id}`);
  await visit.open('#/trash');
  await visit.page.getByRole('main').getByRole('searchbox').fill('Archi');
  await visit.page.getByLabel('Where to search').selectOption('values');
  await visit.reads('1–1 of 1 deletion');
  assert.match(visit.page.url(), /in=values/);
  await visit.page.getByRole('main').getByRole('searchbox').fill('no such thing');
  await visit.press('Search');
  await visit.reads('Nothing has “no such thing” in any value.');
  await visit.page.getByLabel('Where to search').selectOption('names');
  await visit.reads('Nothing has “no such thing” in its name, id or reason.');
  await visit.press('Search in all values', 'link');
  await visit.reads('Nothing has “no such thing” in any value.');
});

scenario('the list has dates beyond a week and the total at its head, and another page is read from its top', {
  open: {sql: departments(60)},
}, async (visit, site) => {
  await binAll(site);
  await age(site, '20 days', 'true');
  await visit.open('#/trash?sort=displayName');
  await visit.reads('1–50 of 60 deletions');
  const then = new Date(Date.now() - 20 * 86_400_000);
  const day = new Intl.DateTimeFormat('en', {day: 'numeric', month: 'short'}).format(then);
  assert.match(await visit.text('td time'), new RegExp(`^${day}.*, \\d\\d:\\d\\d$`));
  const tally = await visit.page.locator('.tally').boundingBox();
  assert.ok(tally.y < (await visit.page.locator('table').boundingBox()).y);
  await visit.page.getByRole('link', {name: 'Next'}).scrollIntoViewIfNeeded();
  await visit.press('Next', 'link');
  await visit.reads('51–60 of 60 deletions');
  const table = await visit.page.locator('main .scroll').boundingBox();
  assert.ok(table.y >= 0 && table.y < 200, `the list begins at ${table.y}`);
});

scenario('the ledger folds what one request did to many, and calls what is still there by its name', {
  open: {sql: departments(5)},
}, async (visit, site) => {
  await binAll(site, 'tidied');
  await giveReason(site, 'Archive', 'moved');
  const bulk = {ids: (await site.api('GET', '/v1/trash?q=Bin%2000')).data.slice(0, 3).map(({id}) => id)};
  await site.api('POST', '/v1/trash/bulk-purge?reason=old', {body: bulk});
  await visit.open('#/history');
  const lines = visit.page.locator('main .lines > li');
  await visit.reads(/Department Archive/);
  assert.equal(await lines.count(), 3);
  const first = (await lines.first().locator('summary').innerText()).replace(/\s+/g, ' ');
  assert.match(first, /Deleted for good 3 deletions · old ?3 rows/);
  const entry = lines.first().locator('li a').first();
  assert.equal(await entry.isVisible(), false);
  await lines.first().locator('summary').click();
  await entry.waitFor();
  assert.equal(await lines.first().locator('li').count(), 3);
});

scenario('the page of an object leads to the deletions that hold its id', {}, async (visit, site) => {
  const [[project, client]] = await site.sql(`SELECT id, client FROM project WHERE client IS NOT NULL LIMIT 1`);
  const item = await site.remove(`time/projects/${project}`);
  const {data} = await site.api('GET', `/v1/trash/${item}`);
  await visit.open(`#/rows/time%2Fclients/${client}`);
  await visit.press('In the trash: 1 deletion refers to this', 'link');
  await visit.reads('1–1 of 1 deletion');
  await visit.sees('link', data.displayName);
});

scenario('on a phone: all of a page is ticked above the cards, ticks are free, and the bar is one line with a menu', {
  open: {sql: departments(60)},
  look: {viewport: {width: 390, height: 844}, hasTouch: true, isMobile: true},
}, async (visit, site) => {
  await binAll(site);
  await visit.open('#/trash?sort=displayName');
  await visit.reads('1–50 of 60 deletions');
  const top = async (locator) => (await locator.boundingBox()).y;
  const empty = visit.page.getByRole('link', {name: 'Empty…'});
  assert.ok((await top(empty)) > (await top(visit.page.getByLabel('When'))));
  const all = visit.page.getByLabel('Select all on this page');
  assert.ok((await top(all)) < (await top(box(visit, 'Bin 001'))));
  const menu = visit.page.locator('details.menu summary');
  const ticks = await box(visit, 'Bin 001').boundingBox();
  assert.ok(ticks.x + ticks.width < (await menu.boundingBox()).x);
  await all.check();
  await visit.reads('50 deletions, 50 rows');
  assert.equal(await menu.isVisible(), false);
  assert.ok((await visit.page.locator('.selection').boundingBox()).height < 72);
  await visit.press('More');
  await visit.press('Select all 60 that match');
  await visit.reads('60 deletions, 60 rows');
  await all.uncheck();
  await visit.reads('10 deletions, 10 rows');
  await visit.press('More');
  await visit.press('Clear the selection');
  await menu.waitFor();
});

scenario('before a few go for good, those that stay and refer to one of them are named, but not those that go as well', {}, async (visit, site) => {
  const project = '00000000-0000-4000-8000-000000000042';
  const [[title, client, called]] = await site.sql(`SELECT p.name, c.id, c.name FROM project p JOIN client c ON c.id = p.client WHERE p.id = '${project}'`);
  await site.remove(`time/projects/${project}`);
  await site.remove(`time/clients/${client}?cascade=true`);
  await visit.open('#/trash');
  await box(visit, called).check();
  await visit.press('Delete for good…');
  const note = visit.page.locator('main .note', {hasText: 'cannot come back as it was then'});
  await note.getByRole('link', {name: title}).waitFor();
  await visit.go('#/trash');
  await box(visit, title).check();
  await visit.press('Delete for good…');
  await visit.title(/of 2 deletions for good/);
  await visit.page.waitForFunction(() => !document.querySelector('main .skeleton, main .old'));
  await visit.page.waitForLoadState('networkidle');
  assert.equal(await note.count(), 0);
});
