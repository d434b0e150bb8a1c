// What stands in the way of a restore, and how each way out ends.
import {assert, scenario} from './world.mjs';

const client = (n) => `00000000-0000-4000-8001-${String(n).padStart(12, '0')}`;
const restore = (visit) => visit.page.locator('[data-key=restore]');
const card = (visit, kind) => visit.page.locator('.conflict', {has: visit.page.getByRole('heading', {name: kind})});
const isOff = async (visit) => (await restore(visit).getAttribute('aria-disabled')) === 'true';

// A client with two bills in the trash, the number of one of which a new bill has by now.
async function taken(site) {
  const [[bill, number, holder]] = await site.sql(
    `SELECT id, "docNumber", client FROM bill b WHERE client IN (SELECT client FROM bill GROUP BY client HAVING count(*) > 1) ORDER BY id LIMIT 1`,
  );
  const bills = await site.count('bill', `client = '${holder}'`);
  const item = await site.remove(`time/clients/${holder}`);
  const [[other]] = await site.sql(`INSERT INTO bill ("docNumber", description) VALUES ('${number}', 'in the way') RETURNING id`);
  return {bill, number, holder, bills, item, other};
}

scenario('a taken value: left out, the row stays in the trash while the others come back, and can follow later', {}, async (visit, site) => {
  const {bill, holder, bills, item, other} = await taken(site);
  const {data} = await site.api('GET', `/v1/trash/${item}?expand=group`);
  await visit.open(`#/trash/${item}/restore`);
  await visit.reads('Another row has this value');
  assert.ok(await isOff(visit));
  await visit.act(() => visit.page.getByLabel('Leave out').check());
  await visit.reads(/^\d+ rows? stays? in the trash, as chosen$/);
  await visit.act(() => restore(visit).click());
  await visit.page.locator('#done').waitFor();
  assert.equal(await site.count('client', `id = '${holder}'`), 1);
  assert.equal(await site.count('bill', `client = '${holder}'`), bills - 1);
  const left = (await site.api('GET', `/v1/trash?deletedObjectId=${bill}`)).data[0];
  assert.equal(left.groupId, data.groupId);
  assert.ok(left.partly);
  await visit.go(`#/trash/${left.id}`);
  await visit.reads('A part of this deletion is back already');
  await site.sql(`DELETE FROM bill WHERE id = '${other}'`);
  await visit.press('Restore…', 'link');
  await visit.page.locator('[data-key=restore]:not([aria-disabled=true])').waitFor();
  await visit.act(() => restore(visit).click());
  await visit.page.locator('#done').waitFor();
  assert.equal(await site.count('bill', `id = '${bill}' AND client = '${holder}'`), 1);
});

scenario('a taken value: swapped, the live row is in the trash as a deletion of its own, and one undo takes both back', {}, async (visit, site) => {
  const {bill, number, item, other} = await taken(site);
  await visit.open(`#/trash/${item}/restore`);
  await visit.act(() => visit.page.getByLabel('Move the live row to the trash').check());
  await visit.press(/^Restore \d+ rows, move 1 live row to the trash$/);
  await visit.page.locator('#done').waitFor();
  assert.equal(await site.count('bill', `id = '${bill}' AND "docNumber" = '${number}'`), 1);
  assert.equal(await site.count('bill', `id = '${other}'`), 0);
  await visit.page.locator('summary', {hasText: '1 live row went to the trash to make room'}).click();
  const swapped = (await site.api('GET', `/v1/trash?deletedObjectId=${other}`)).data[0];
  assert.equal(await visit.page.getByRole('link', {name: `Bill “${number}”`}).getAttribute('href'), `#/trash/${swapped.id}`);
  await visit.press(/^Undo/);
  await visit.page.locator('.said', {hasText: /^Undone: /}).waitFor();
  assert.equal(await site.count('bill', `id = '${bill}'`), 0);
  assert.equal(await site.count('bill', `id = '${other}' AND description = 'in the way'`), 1);
});

scenario('a column was dropped: the values that have no place are listed before and after, and the rest comes back', {}, async (visit, site) => {
  const [[name, website]] = await site.sql(`SELECT name, website FROM client WHERE id = '${client(5)}'`);
  const item = await site.remove(`time/clients/${client(5)}`);
  await site.sql(`ALTER TABLE client DROP COLUMN website`);
  await visit.open(`#/trash/${item}/restore`);
  await visit.reads('The table has changed');
  assert.ok(await isOff(visit));
  await card(visit, 'The table has changed').getByText(website).waitFor();
  await visit.act(() => visit.page.getByLabel('Restore without these values').check());
  await visit.page.locator('section[aria-labelledby=lost]').getByText(website).waitFor();
  assert.ok(await isOff(visit));
  await visit.page.getByLabel('Yes, leave 1 value behind').check();
  assert.equal(await site.count('client', `id = '${client(5)}'`), 0);
  await visit.act(() => restore(visit).click());
  await visit.page.locator('#done').waitFor();
  const lost = visit.page.locator('details', {has: visit.page.locator('summary', {hasText: '1 value left behind'})});
  await lost.locator('summary').click();
  await lost.getByText(website).waitFor();
  await lost.getByText(client(5)).waitFor();
  assert.equal(await site.count('client', `id = '${client(5)}' AND name = '${name}'`), 1);
});

scenario('three kinds of conflict at once: all are shown, the button is off until each has its choice, and the choices hold', {}, async (visit, site) => {
  const [[bill, number, holder, line]] = await site.sql(
    `SELECT b.id, b."docNumber", b.client, i.id FROM bill b JOIN bill_item i ON i.bill = b.id WHERE b.client IS NOT NULL AND b."contactPerson" IS NULL ORDER BY b.id, i.id LIMIT 1`,
  );
  const [[another]] = await site.sql(`SELECT id FROM bill WHERE client <> '${holder}' ORDER BY id DESC LIMIT 1`);
  const item = await site.remove(`billing/bills/${bill}`);
  const parent = await site.remove(`time/clients/${holder}`);
  await site.sql(`INSERT INTO bill ("docNumber") VALUES ('${number}')`);
  await site.sql(`INSERT INTO bill_item (id, bill, "itemGroup") VALUES ('${line}', '${another}', 'in the way')`);
  await visit.open(`#/trash/${item}/restore`);
  const kinds = [/is in the trash$/, 'Another row has this value', 'Another row has this key'];
  for (const kind of kinds) await card(visit, kind).waitFor();
  await visit.reads('3 things keep it from coming back as it was');
  await visit.reads('3 need a decision. Nothing is changed before you restore.');
  assert.ok(await isOff(visit));
  await visit.act(() => restore(visit).click({force: true}));
  await card(visit, kinds[0]).getByLabel('Restore it too').check();
  await visit.reads('2 need a decision. Nothing is changed before you restore.');
  assert.ok(await isOff(visit));
  await card(visit, kinds[2]).getByLabel('Leave out').check();
  await visit.reads('1 needs a decision. Nothing is changed before you restore.');
  assert.ok(await isOff(visit));
  await card(visit, kinds[1]).getByLabel('Give it another value').check();
  assert.ok(await isOff(visit));
  await card(visit, kinds[1]).getByRole('textbox', {name: 'docNumber'}).fill('A new number');
  await visit.act(() => card(visit, kinds[1]).getByRole('button', {name: 'Use these'}).click());
  await visit.reads('All is decided.');
  await visit.page.locator('[data-key=restore]:not([aria-disabled=true])').waitFor();
  assert.equal(await site.count('bill', `id = '${bill}'`), 0);
  await visit.act(() => restore(visit).click());
  await visit.page.locator('#done').waitFor();
  assert.equal(await site.count('bill', `id = '${bill}' AND "docNumber" = 'A new number' AND client = '${holder}'`), 1);
  assert.equal(await site.count('client', `id = '${holder}'`), 1);
  assert.equal(await site.count('bill_item', `id = '${line}' AND "itemGroup" = 'in the way'`), 1);
  assert.equal((await site.api('GET', `/v1/trash?deletedObjectId=${line}`)).data.length, 1);
  await visit.go(`#/trash/${parent}`);
  await visit.title('Restored already');
});
