// Until when deletions are kept, and what keeps them from being deleted for good: who says so, where it is told, how it
// is released, and what a purge makes of it.
import {readFileSync} from 'node:fs';
import {assert, credentials, require, scenario} from './world.mjs';

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const idOf = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const project = (n) => `time/projects/${idOf(n)}`;
const retention = '[retention]\nkeep = "30d"\nevery = "1d"\n\n';

const itemOf = async (site, id, options) => (await site.api('GET', `/v1/trash/${id}`, options)).data;
const holds = async (site, query = '', options) => (await site.api('GET', `/v1/@holds${query}`, options)).data;
const hold = async (site, body, options) => (await site.api('POST', '/v1/@holds', {body: {reason: 'a lawsuit', ...body}, ...options})).data;
const trashed = async (site) => Number((await site.api('GET', '/v1/trash?root=true&limit=1&count=true')).answer.headers.get('X-Total-Count'));

// What a day is called as fields have it, so many days from now.
const dayIn = (days) => new Date(Date.now() + days * 86_400_000).toLocaleDateString('sv');

async function noFault(visit) {
  await visit.page.evaluate(axe);
  const found = await visit.page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
    return (await window.axe.run(document, {runOnly: tags})).violations.map(({id, nodes}) => `${id}: ${nodes[0].html}`);
  });
  const over = await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.deepEqual([...found, ...(over > 0 ? [`goes ${over} px to the side`] : [])], []);
}

async function picture(visit, name) {
  await visit.page.waitForFunction(() => !document.querySelector('main .skeleton, main .old'));
  await noFault(visit);
  if (process.env.PANEL_PICTURES) await visit.page.screenshot({path: `${process.env.PANEL_PICTURES}/holds-${name}.png`});
}

scenario('until when a deletion is kept is told and changed: to the end of a day, and for ever', {open: {config: retention}}, async (visit, site) => {
  const item = await site.remove(project(1));
  await visit.open(`#/trash/${item}`);
  await visit.reads(/^until .* \(in 30 days\) Change…$/);
  await visit.press('Change…', 'link');
  await visit.title('How long is “Newsletter 1” kept?');
  const field = visit.page.getByLabel('Until the end of (empty: for ever)');
  assert.equal(await field.inputValue(), dayIn(30));
  await field.fill(dayIn(12));
  await visit.page.getByLabel('Reason (optional, kept in the ledger)').fill('asked for by the client');
  await picture(visit, 'keep');
  await visit.press('Keep it so long');
  await visit.title('Newsletter 1');
  await visit.page.getByRole('status').getByText('Expiry set: Newsletter 1').waitFor();
  await visit.reads(/^until .*23:59 \(in 1[23] days\) Change…$/);
  const {expiresAt} = await itemOf(site, item);
  const end = await visit.page.evaluate((day) => new Date(`${day}T23:59:59`).toISOString(), dayIn(12));
  assert.equal(new Date(expiresAt).toISOString(), end);
  await visit.reads('asked for by the client');

  await visit.go(`#/trash/${item}/keep`);
  await field.fill('');
  await visit.press('Keep it so long');
  await visit.reads(/^for ever Change…$/);
  assert.equal((await itemOf(site, item)).expiresAt, null);

  // What has passed cannot be meant: its rows would go at once.
  await visit.go(`#/trash/${item}/keep`);
  await field.fill(dayIn(-2));
  await visit.page.getByRole('button', {name: 'Keep it so long'}).click();
  assert.equal(await field.evaluate((one) => one.validity.rangeUnderflow), true);
  assert.equal((await itemOf(site, item)).expiresAt, null);
});

scenario('the list tells how long there is left, in red below a day, sorts by it and filters by it; emptying says so', {
  open: {config: retention},
}, async (visit, site) => {
  const [soon, week, later] = [await site.remove(project(1)), await site.remove(project(2)), await site.remove(project(3))];
  const expire = (id, hours) => site.api('PATCH', `/v1/trash/${id}`, {body: {expiresAt: new Date(Date.now() + hours * 3_600_000).toISOString()}});
  await expire(soon, 5.2);
  await expire(week, 73);
  await visit.open('#/trash');
  const cell = (id) => visit.page.locator(`tr[data-row="${id}"] td[data-title="Expires"]`);
  await cell(soon).getByText('in 5 hours').waitFor();
  await cell(week).getByText('in 3 days').waitFor();
  await cell(later).getByText('in 30 days').waitFor();
  assert.equal(await cell(soon).locator('.bad-text').count(), 1);
  assert.equal(await cell(week).locator('.bad-text').count(), 0);
  await picture(visit, 'list');

  const order = () => visit.page.locator('tbody tr[data-row]').evaluateAll((rows) => rows.map((row) => row.dataset.row));
  await visit.go('#/trash?sort=expiresAt');
  await visit.page.locator('th[aria-sort=ascending]', {hasText: 'Expires'}).waitFor();
  await visit.page.waitForFunction((id) => document.querySelector('tbody tr[data-row]')?.dataset.row === id, soon);
  assert.deepEqual(await order(), [soon, week, later]);
  await visit.page.getByRole('combobox', {name: 'Expires'}).selectOption('within 7 days');
  await cell(later).waitFor({state: 'detached'});
  assert.deepEqual(await order(), [soon, week]);
  assert.match(visit.page.url(), /expires=7/);
  await visit.press('Empty…', 'link');
  await visit.reads(/^expiring before .*, deleted before /);
  const sizes = await Promise.all([soon, week].map(async (id) => (await itemOf(site, id)).groupSize));
  await visit.page.getByLabel(/^Type /).fill(String(sizes[0] + sizes[1]));
  await visit.press(/^Delete \d+ rows for good$/);
  await visit.title(/^Deleted 2 deletions for good/);
  assert.equal((await itemOf(site, later)).id, later);
  assert.equal(await trashed(site), 1);
});

scenario('where nothing expires the list has no word of it, and the deletion is kept for ever', {}, async (visit, site) => {
  const item = await site.remove(project(1));
  await visit.open('#/trash');
  await visit.reads('Newsletter 1');
  assert.equal(await visit.page.locator('main').getByText('Expires', {exact: true}).filter({visible: true}).count(), 0);
  await visit.go(`#/trash/${item}`);
  await visit.reads(/^for ever Change…$/);
});

scenario('a deletion is held and released with reasons, by keyboard alone; meanwhile a purge says who holds it and why', {}, async (visit, site) => {
  const item = await site.remove(project(1));
  await visit.open(`#/trash/${item}`);
  await visit.press('Hold…', 'link');
  await visit.title('Hold “Newsletter 1”?');
  await visit.page.getByLabel('Reason (needed here)').focus();
  await visit.page.keyboard.press('Enter');
  assert.deepEqual(await holds(site), []);
  await visit.page.keyboard.type('lawsuit 7 O 12/26');
  await visit.page.getByLabel('Until the end of (empty: until it is released)').fill('2099-12-31');
  await picture(visit, 'new');
  await visit.page.getByLabel('Reason (needed here)').focus();
  await visit.act(() => visit.page.keyboard.press('Enter'));
  await visit.title('Newsletter 1');
  await visit.page.getByRole('status').getByText('Put on hold: Newsletter 1').waitFor();
  const note = visit.page.locator('.note', {hasText: 'Held'});
  await note.getByText('lawsuit 7 O 12/26').waitFor();
  assert.match(await note.innerText(), /anonymous · .* · until 31 Dec 2099, 23:59|until Dec 31, 2099, 23:59/);
  const [made] = await holds(site);
  assert.equal(made.reason, 'lawsuit 7 O 12/26');
  assert.equal(made.groupId, (await itemOf(site, item)).groupId);
  await picture(visit, 'deletion');

  await visit.press('Delete for good…', 'link');
  const alert = visit.page.getByRole('main').getByRole('alert');
  await alert.getByText('It is held, so it cannot be deleted for good. Nothing was deleted.').waitFor();
  await alert.getByText('lawsuit 7 O 12/26').waitFor();
  assert.equal(await visit.page.getByLabel(/^Type /).count(), 0);
  await picture(visit, 'purge');
  await visit.act(() => alert.getByRole('link', {name: 'Release…'}).focus().then(() => visit.page.keyboard.press('Enter')));
  await visit.title('Holds');
  await visit.page.getByLabel('Reason (needed here)').fill('settled');
  await picture(visit, 'release');
  await visit.act(() => visit.page.getByLabel('Reason (needed here)').press('Enter'));
  await visit.page.getByRole('status').getByText('Hold released: lawsuit 7 O 12/26').waitFor();
  await visit.page.getByRole('cell').getByText('settled').waitFor();
  assert.equal(await visit.page.getByLabel('Reason (needed here)').count(), 0);
  assert.deepEqual(await holds(site), []);
  assert.equal((await holds(site, '?all=true'))[0].releaseReason, 'settled');
  await visit.go(`#/trash/${item}/purge`);
  await visit.page.getByLabel(/^Type /).waitFor();
});

scenario('a hold that is made while a purge is asked for refuses it, and names itself', {}, async (visit, site) => {
  const item = await site.remove(project(1));
  const {groupId, groupSize} = await itemOf(site, item);
  await visit.open(`#/trash/${item}/purge`);
  await visit.page.getByLabel(/^Type /).fill(String(groupSize));
  await hold(site, {groupId});
  await visit.press(/^Delete \d+ rows for good$/);
  const alert = visit.page.getByRole('main').getByRole('alert');
  await alert.getByText('a lawsuit').waitFor();
  await alert.getByText('It is held, so it cannot be deleted for good.').waitFor();
  assert.equal((await itemOf(site, item)).groupSize, groupSize);
});

scenario('all holds are listed, those released when asked for, and are made for one object and by conditions', {}, async (visit, site) => {
  const item = await site.remove(project(1));
  await hold(site, {groupId: (await itemOf(site, item)).groupId});
  await visit.open('#/');
  await visit.page.getByRole('navigation', {name: 'Sections'}).getByRole('link', {name: 'Holds'}).click();
  await visit.title('Holds');
  const rows = visit.page.locator('tbody tr[data-row]');
  await rows.first().waitFor();
  await visit.press('Hold something…', 'link');
  await visit.title('Hold something…');
  const button = visit.page.getByRole('button', {name: 'Hold', exact: true});
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  await visit.page.getByLabel('Table').selectOption('time/projects');
  await visit.page.getByLabel('Id of one object').fill('no-such-id');
  await visit.page.getByLabel('Reason (needed here)').fill('an audit');
  await visit.act(() => button.click());
  await visit.reads('Nothing is here, or nothing that you may see.');
  await visit.page.getByLabel('Id of one object').fill(idOf(2));
  await visit.act(() => button.click());
  await visit.title('Holds');
  await rows.filter({hasText: 'an audit'}).getByRole('link', {name: `Project ${idOf(2)}`}).waitFor();

  await visit.press('Hold something…', 'link');
  await visit.page.getByLabel('Table').selectOption('time/projects');
  await visit.page.getByLabel('Column', {exact: true}).selectOption('name');
  await visit.page.getByLabel('Value', {exact: true}).fill('Newsletter');
  await visit.press('Filter');
  const matching = await site.count('project', `name ILIKE '%newsletter%'`) + 1;
  await visit.reads(`${matching} rows`);
  await visit.page.getByLabel('Reason (needed here)').fill('all newsletters');
  await picture(visit, 'condition');
  await visit.act(() => button.click());
  await visit.title('Holds');
  const byCondition = rows.filter({hasText: 'all newsletters'});
  await byCondition.getByText(`${matching} rows`).waitFor();
  const made = (await holds(site)).find(({reason}) => reason === 'all newsletters');
  assert.equal(made.objects, matching);
  assert.deepEqual(made.where, {and: [{name: {contains: 'Newsletter'}}]});
  await picture(visit, 'all');

  await rows.filter({hasText: 'an audit'}).getByRole('link', {name: 'Release…'}).click();
  await visit.page.getByLabel('Reason (needed here)').fill('done');
  await visit.press('Release');
  await visit.page.getByRole('cell').getByText('done').waitFor();
  await visit.go('#/holds');
  await byCondition.waitFor();
  assert.equal(await rows.filter({hasText: 'an audit'}).count(), 0);
  assert.equal(await rows.count(), 2);
  await visit.page.getByLabel('Also what is not held any more').check();
  await rows.filter({hasText: 'an audit'}).getByText('Released').waitFor();
  assert.equal(await rows.count(), 3);
  await picture(visit, 'released');
  await rows.filter({hasText: 'a lawsuit'}).getByRole('link', {name: 'Deletion'}).click();
  await visit.page.locator(`tr[data-row="${item}"]`).waitFor();
  assert.equal(await visit.page.locator('tbody tr[data-row]').count(), 1);
});

scenario('emptying tells before and after what stays because it is held, and asks for the number of the rest', {}, async (visit, site) => {
  const [held, free] = [await site.remove(project(1)), await site.remove(project(2))];
  const [one, other] = [await itemOf(site, held), await itemOf(site, free)];
  await hold(site, {groupId: one.groupId});
  await visit.open('#/empty');
  await visit.title(`Delete ${other.groupSize} rows of 1 deletion for good?`);
  await visit.reads(`Held, so it stays: 1 deletion, ${one.groupSize} rows`);
  await picture(visit, 'empty');
  await visit.page.getByLabel(`Type ${other.groupSize}, the number of rows`).fill(String(other.groupSize));
  await visit.press(`Delete ${other.groupSize} rows for good`);
  await visit.title(`Deleted 1 deletion for good: ${other.groupSize} rows. Held, so it stays: 1 deletion, ${one.groupSize} rows`);
  await picture(visit, 'emptied');
  assert.equal((await itemOf(site, held)).groupSize, one.groupSize);
  assert.equal(await trashed(site), 1);
  await visit.go('#/');
  await visit.go('#/empty');
  await visit.reads(`Held, so it stays: 1 deletion, ${one.groupSize} rows`);
  assert.equal(await visit.page.getByRole('button', {name: /for good$/}).getAttribute('aria-disabled'), 'true');
});

for (const way of ['ticked', 'all that match']) {
  scenario(`of several, ${way}, what is held is named with its reason and stays, and the rest goes`, {}, async (visit, site) => {
    const items = [await site.remove(project(1)), await site.remove(project(2)), await site.remove(project(3))];
    const found = await Promise.all(items.map((id) => itemOf(site, id)));
    await hold(site, {resource: 'time/projects', id: idOf(1)});
    await visit.open('#/trash');
    await visit.page.getByLabel('Rows a page').waitFor();
    if (way === 'ticked') await visit.page.getByLabel('Select all on this page').check();
    else {
      await visit.page.getByLabel('Select Newsletter 1').check();
      await visit.page.getByRole('button', {name: 'Select all 3 that match'}).click();
    }
    await visit.page.getByRole('group', {name: 'Selection'}).getByRole('button', {name: 'Delete for good…'}).click();
    const rest = found[1].groupSize + found[2].groupSize;
    await visit.title(`Delete ${rest} rows of 2 deletions for good?`);
    const stays = visit.page.locator('main li', {has: visit.page.locator(`a[href="#/trash/${items[0]}"]`)}).filter({hasText: 'is held'});
    await stays.getByText('a lawsuit').waitFor();
    if (way === 'ticked') await picture(visit, 'many');
    await visit.page.getByLabel(/^Type /).fill(String(rest));
    await visit.press(`Delete ${rest} rows for good`);
    await visit.title(`Deleted 2 deletions for good: ${rest} rows`);
    assert.equal(await trashed(site), 1);
    assert.equal((await itemOf(site, items[0])).groupSize, found[0].groupSize);
  });
}

const roles = `${credentials}[roles]\nviewers = ["read", "view-trash", "purge", "trash"]\nlawyers = ["read", "view-trash", "hold"]\nclerks = { read = "*", view-trash = "*", hold = ["time/projects"] }\nadmins = "*"\n\n`;

scenario('who has no right to hold sees that it is held and no button, and who may hold some releases own holds alone', {
  open: {config: roles, keys: {vic: 'viewers', lea: 'lawyers', ann: 'admins', cid: 'clerks'}},
}, async (visit, site, visitor) => {
  const item = await site.remove(project(1), {key: site.keys.ann});
  const {groupId} = await itemOf(site, item, {key: site.keys.ann});
  const {id} = await hold(site, {groupId}, {key: site.keys.ann});
  await visit.signIn('vic', `#/trash/${item}`);
  const note = visit.page.locator('.note', {hasText: 'a lawsuit'});
  await note.getByText('Held').waitFor();
  await note.getByText('key:ann').waitFor();
  await visit.page.getByRole('link', {name: 'Change…'}).waitFor();
  for (const name of ['Hold…', 'Release…', 'Holds']) assert.equal(await visit.page.getByRole('link', {name, exact: true}).count(), 0, name);
  await visit.go(`#/holds/${id}`);
  await visit.reads(/It needs the right “Hold”/);

  const lea = await visitor();
  await lea.signIn('lea', `#/trash/${item}`);
  await lea.page.getByRole('link', {name: 'Hold…', exact: true}).waitFor();
  await lea.page.getByRole('link', {name: 'Release…'}).waitFor();
  assert.equal(await lea.page.getByRole('link', {name: 'Change…'}).count(), 0);
  await lea.go(`#/trash/${item}/keep`);
  await lea.reads(/It needs the right “Delete for good”/);

  // Of the deletion's tables this one has the right for one only.
  const cid = await visitor();
  await cid.signIn('cid', `#/trash/${item}`);
  await cid.page.locator('.note', {hasText: 'a lawsuit'}).waitFor();
  for (const name of ['Hold…', 'Release…', 'Change…']) assert.equal(await cid.page.getByRole('link', {name, exact: true}).count(), 0, name);
  await cid.go(`#/holds/new?item=${item}`);
  await cid.page.getByLabel('Reason (needed here)').fill('mine');
  await cid.press('Hold');
  await cid.reads(/^You may not do this. It takes someone who may hold /);
  await cid.go(`#/holds/${id}`);
  await cid.reads('Nothing is here, or nothing that you may see.');
  await cid.go('#/holds/new');
  await cid.page.getByLabel('Table').selectOption('time/projects');
  await cid.page.getByLabel('Id of one object').fill(idOf(1));
  await cid.page.getByLabel('Reason (needed here)').fill('mine');
  await cid.press('Hold');
  await cid.title('Holds');
  await cid.page.locator('tbody tr[data-row]', {hasText: 'mine'}).waitFor();
  assert.equal(await cid.page.locator('tbody tr[data-row]').count(), 1);
  await cid.go(`#/trash/${item}`);
  await cid.page.locator('.note', {hasText: 'mine'}).waitFor();
  assert.equal(await cid.page.getByRole('link', {name: 'Release…'}).count(), 1);
});

scenario('what is held cannot be deleted past the trash either, and the page says so', {}, async (visit, site) => {
  await hold(site, {resource: 'time/projects', id: idOf(1)});
  await visit.open(`#/delete/time%2Fprojects?id=${idOf(1)}`);
  await visit.page.getByLabel(/^Skip the trash/).check();
  const alert = visit.page.getByRole('main').getByRole('alert');
  await alert.getByText('It is held, so it cannot be deleted for good. Nothing was deleted.').waitFor();
  await alert.getByText('a lawsuit').waitFor();
  await alert.getByRole('link', {name: `Project ${idOf(1)}`}).waitFor();
  await visit.page.getByLabel(/^Type /).waitFor({state: 'detached'});
  assert.equal(await site.count('project', `id = '${idOf(1)}'`), 1);
});

const looks = {
  'dark, German, of a phone': {viewport: {width: 390, height: 844}, colorScheme: 'dark', locale: 'de', hasTouch: true, isMobile: true},
  'German, at 400 %': {viewport: {width: 320, height: 256}, locale: 'de'},
  'dark, wide': {viewport: {width: 1280, height: 900}, colorScheme: 'dark'},
};

for (const [name, look] of Object.entries(looks)) {
  scenario(`every screen of holds, ${name}: no fault that axe knows, nothing goes to the side`, {open: {config: retention}, look}, async (visit, site) => {
    const item = await site.remove(project(1));
    await site.remove(project(2));
    const {groupId} = await itemOf(site, item);
    const made = await hold(site, {groupId, until: '2099-12-31'});
    await hold(site, {resource: 'time/projects', where: {name: {contains: 'Newsletter'}}, reason: 'an audit of all that was ever sent to anyone by anybody'});
    await hold(site, {resource: 'time/projects', id: idOf(3)});
    const over = await hold(site, {resource: 'time/projects', id: idOf(4)});
    await site.api('DELETE', `/v1/@holds/${over.id}?reason=settled`);
    await visit.open();
    const screens = {
      trash: '#/trash', deletion: `#/trash/${item}`, keep: `#/trash/${item}/keep`, purge: `#/trash/${item}/purge`, all: '#/holds?all=true',
      one: `#/holds/${made.id}`, held: `#/holds/new?item=${item}`, new: '#/holds/new', empty: '#/empty',
    };
    for (const [screen, address] of Object.entries(screens)) {
      await visit.go(address);
      await visit.page.waitForTimeout(300);
      await picture(visit, `${screen}-${name.replaceAll(/\W+/g, '-')}`);
    }
  });
}
