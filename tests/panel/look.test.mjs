import {readFileSync} from 'node:fs';
import {assert, require, scenario} from './world.mjs';

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

async function screens(site) {
  const project = '00000000-0000-4000-8000-000000000001';
  const trashed = await site.remove(`time/projects/${project}?reason=wrong%20client`);
  const [[task]] = await site.sql(`SELECT id FROM task LIMIT 1`);
  const [[parent]] = await site.sql(`SELECT project FROM task WHERE id = '${task}'`);
  const conflict = await site.remove(`time/tasks/${task}`);
  await site.remove(`time/projects/${parent}`);
  const client = '00000000-0000-4000-8001-000000000009';
  return {
    overview: '#/',
    trash: '#/trash',
    rows: '#/trash?view=rows',
    group: `#/trash/${trashed}`,
    restore: `#/trash/${trashed}/restore`,
    conflict: `#/trash/${conflict}/restore`,
    purge: `#/trash/${trashed}/purge`,
    resources: '#/rows',
    live: '#/rows/time%2Fclients',
    object: `#/rows/time%2Fclients/${client}`,
    delete: `#/delete/time%2Fclients?id=${client}`,
    history: '#/history',
    storage: '#/storage',
    operations: '#/operations',
    health: '#/admin/health',
    keys: '#/admin/keys',
    roles: '#/admin/roles',
    empty: '#/empty',
    recent: '#/recent',
    settings: '#/settings',
  };
}

// Nothing is left to be read and no number is on its way.
async function settle(visit) {
  await visit.page.waitForFunction(() => !document.querySelector('main .skeleton, main .old'));
  await visit.page.waitForTimeout(200);
}

async function check(visit, name) {
  const found = await visit.page.evaluate(
    async (tags) => (await window.axe.run(document, {runOnly: tags})).violations.map(({id, nodes}) => `${id}: ${nodes[0].html}`),
    rules,
  );
  assert.deepEqual(found, [], name);
  const over = await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(over <= 0, `${name} goes ${over} px to the side`);
}

async function walk(visit, site, name) {
  await visit.page.addInitScript(axe);
  const list = await screens(site);
  await visit.open();
  for (const [screen, address] of Object.entries(list)) {
    await visit.go(address);
    await settle(visit);
    if (process.env.PANEL_PICTURES) await visit.page.screenshot({path: `${process.env.PANEL_PICTURES}/${screen}-${name}.png`, fullPage: false});
    await check(visit, `${screen}, ${name}`);
  }
}

const looks = {
  'light, wide': {viewport: {width: 1280, height: 900}, colorScheme: 'light'},
  'dark, wide': {viewport: {width: 1280, height: 900}, colorScheme: 'dark'},
  'light, of a phone': {viewport: {width: 390, height: 844}, colorScheme: 'light', hasTouch: true, isMobile: true},
  'dark, German, 320 px': {viewport: {width: 320, height: 640}, colorScheme: 'dark', locale: 'de'},
};

for (const [name, look] of Object.entries(looks)) {
  scenario(`every screen, ${name}: no fault that axe knows, nothing goes to the side`, {look}, (visit, site) => walk(visit, site, name.replaceAll(/\W+/g, '-')));
}
