// The five things of docs/support.md, done as the page says, with its pictures: PANEL_GUIDE=docs/support takes them anew.
import {assert, credentials, scenario} from './world.mjs';

const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const relaunch = project(42);
const config = `${credentials}[roles]\nsupport = ["read", "write", "trash", "view-trash", "restore"]\neditors = ["read", "trash"]\n\n`;
const keys = {'Anna Kern': 'support', 'Martin Huber': 'editors', 'Jana Wolf': 'editors'};

async function picture(visit, name) {
  if (!process.env.PANEL_GUIDE) return;
  await visit.page.waitForFunction(() => !document.querySelector('main .skeleton, main .old'));
  await visit.page.evaluate(() => document.fonts.ready);
  await visit.page.screenshot({path: `${process.env.PANEL_GUIDE}/${name}.png`});
}

// What others have deleted in the last days.
async function deletions(site) {
  const [martin, jana] = [{key: site.keys['Martin Huber']}, {key: site.keys['Jana Wolf']}];
  const reason = (text) => `?reason=${encodeURIComponent(text)}`;
  for (const n of [3, 5, 8]) await site.remove(project(n) + reason('offer was refused'), jana);
  const tasks = await site.sql(`SELECT id FROM task WHERE project = '${project(7).split('/').at(-1)}' ORDER BY id LIMIT 3`);
  for (const [id] of tasks) await site.remove(`time/tasks/${id}${reason('twice in the list')}`, martin);
  return site.remove(relaunch + reason('wrong client'), martin);
}

const look = {viewport: {width: 1200, height: 760}};
const open = {config, keys};

scenario('the guide: what vanished is found by name, and what went with it is seen', {open, look}, async (visit, site) => {
  const item = await deletions(site);
  await visit.signIn('Anna Kern', '#/trash');
  await visit.page.getByRole('main').getByRole('searchbox').fill('website');
  await visit.press('Search');
  await visit.sees('link', 'Website relaunch');
  await visit.reads('wrong client');
  await picture(visit, 'find');
  await visit.press('Website relaunch', 'link');
  await visit.title('Website relaunch');
  assert.match(visit.page.url(), new RegExp(item));
  await picture(visit, 'look');
});

scenario('the guide: a deletion is taken back whole, and what was done is undone', {open, look}, async (visit, site) => {
  const item = await deletions(site);
  const {data} = await site.api('GET', `/v1/trash/${item}`, {key: site.keys['Anna Kern']});
  await visit.signIn('Anna Kern', `#/trash/${item}`);
  await visit.press('Restore…', 'link');
  await visit.page.locator('[data-key=restore]:not([aria-disabled=true])').waitFor();
  await picture(visit, 'restore');
  await visit.act(() => visit.page.locator('[data-key=restore]').click());
  await visit.title('“Website relaunch” is back');
  assert.equal(await site.count('project', `id = '${data.deletedObjectId}'`), 1);
  await visit.press(/^Recent/);
  await visit.page.getByRole('button', {name: 'Undo'}).first().waitFor();
  await picture(visit, 'undo');
  await visit.press('Undo');
  await visit.page.locator('.said', {hasText: /^Undone: /}).waitFor();
  assert.equal(await site.count('project', `id = '${data.deletedObjectId}'`), 0);
});

scenario('the guide: what stands in the way is named, and has a way out', {open, look}, async (visit, site) => {
  const [[id, number]] = await site.sql(`SELECT id, "docNumber" FROM bill WHERE "docNumber" IS NOT NULL ORDER BY id LIMIT 1`);
  const item = await site.remove(`billing/bills/${id}`, {key: site.keys['Anna Kern']});
  await site.sql(`INSERT INTO bill ("docNumber", description) VALUES ('${number}', 'Second invoice') RETURNING id`);
  await visit.signIn('Anna Kern', `#/trash/${item}/restore`);
  await visit.page.getByLabel('Give it another value').check();
  await visit.page.getByRole('textbox', {name: 'docNumber'}).fill(`${number}-A`);
  await visit.press('Use these');
  await visit.page.locator('[data-key=restore]:not([aria-disabled=true])').waitFor();
  await picture(visit, 'conflict');
  await visit.act(() => visit.page.locator('[data-key=restore]').click());
  await visit.page.locator('#done').waitFor();
  assert.equal(await site.count('bill', `"docNumber" = '${number}-A'`), 1);
});

scenario('the guide: a part of a deletion comes back alone', {open, look}, async (visit, site) => {
  await deletions(site);
  const item = await site.remove(project(2), {key: site.keys['Martin Huber']});
  await visit.signIn('Anna Kern', `#/trash/${item}`);
  await visit.page.locator('.tree summary', {hasText: 'task_project'}).first().click();
  const boxes = visit.page.locator('.tree .leaf > input');
  await boxes.nth(1).waitFor();
  await boxes.nth(0).check();
  await visit.reads('1 row selected');
  await picture(visit, 'part');
  await visit.press('Restore only these…');
  await visit.reads(/^Only 1 row of this deletion/);
});
