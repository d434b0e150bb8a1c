// Taking back what is in the way of itself: its code is used, its client is in the trash, and not everyone may decide.
import {assert, credentials, scenario} from './world.mjs';

const id = (n) => `00000000-0000-4000-9000-${String(n).padStart(12, '0')}`;
const project = id(1);
const other = id(2);
const client = id(100);

const roles = `${credentials}[roles]\nadmins = "*"\nsupport = { read = "*", view-trash = "*", restore = "*" }\n\n`;
// The demo's projects have a unique index over lower(code).
const rows = `INSERT INTO client (id, code, name) VALUES ('${client}', 'C901', 'Lindner & Partner');
INSERT INTO project (id, code, name, client, owner) SELECT '${project}', 'WEB27', 'Website relaunch', '${client}', id FROM "user" LIMIT 1;
INSERT INTO time_record ("user", client, project, start, stop, duration, description)
  SELECT (SELECT id FROM "user" LIMIT 1), '${client}', '${project}', now(), now() + '1 hour', 3600, 'Work ' || n FROM generate_series(1, 84) n`;
const open = {config: roles, keys: {ada: 'admins', sam: 'support'}, sql: rows};

// The project is deleted, then its client, and another project has taken the code.
async function vanish(site) {
  const key = site.keys.ada;
  const item = await site.remove(`time/projects/${project}`, {key});
  const parent = await site.remove(`time/clients/${client}`, {key});
  await site.sql(`INSERT INTO project (id, code, name, owner) SELECT '${other}', 'web27', 'Website relaunch (new)', id FROM "user" LIMIT 1 RETURNING id`);
  return {item, parent};
}

const button = (visit) => visit.page.locator('[data-key=restore]');
const off = (visit) => button(visit).getAttribute('aria-disabled');
const ready = (visit) => visit.page.locator('[data-key=restore]:not([aria-disabled=true])').waitFor();
const card = (visit, name) => visit.page.locator('section.conflict', {has: visit.page.getByRole('heading', {name})});

scenario('two causes are two cards with names; another value and the parent bring all back', {open}, async (visit, site) => {
  const {item} = await vanish(site);
  await visit.signIn('ada', `#/trash/${item}/restore`);
  await visit.reads('2 things keep it from coming back as it was');
  const parent = card(visit, 'Client “Lindner & Partner” is in the trash');
  assert.match(await parent.innerText(), /1 Project and 84 TimeRecord need it/);
  assert.equal(await visit.page.locator('section.conflict').count(), 2);
  const code = card(visit, 'WEB27 is used by “Website relaunch (new)”');
  await code.getByText('Project “Website relaunch”').waitFor();
  assert.equal(await off(visit), 'true');
  await visit.act(() => parent.getByLabel('Restore it too').check());
  await visit.reads('1 needs a decision');
  await code.getByLabel('Give it another value').check();
  const field = code.getByRole('textbox', {name: 'code'});
  assert.equal(await field.inputValue(), 'WEB27');
  await field.fill('WeB27');
  await visit.press('Use these');
  await visit.reads('What was chosen does not help');
  await field.fill('WEB27-1');
  await visit.press('Use these');
  await code.getByText('Will be WEB27-1').waitFor();
  await ready(visit);
  assert.equal((await button(visit).innerText()).trim(), 'Restore 86 rows');
  await visit.act(() => button(visit).click());
  await visit.title('“Website relaunch” is back');
  await visit.reads('1 other deletion came back with it');
  assert.equal(await site.count('project', `code = 'WEB27-1' AND id = '${project}'`), 1);
  assert.equal(await site.count('time_record', `client = '${client}'`), 84);
});

scenario('what was decided for one is checked on demand: the answer of the service counts', {open}, async (visit, site) => {
  const {item} = await vanish(site);
  await site.sql(`DELETE FROM project WHERE id = '${other}' RETURNING id`);
  await visit.signIn('ada', `#/trash/${item}/restore`);
  await visit.page.getByText('Each of the 85 by itself').click();
  const single = visit.page.locator('.conflict .conflict', {has: visit.page.getByRole('heading', {name: 'Project “Website relaunch”'})});
  await single.getByLabel('Restore it too').check();
  await visit.page.locator('.last').getByText('1 needs a decision').waitFor();
  assert.equal(await off(visit), 'true');
  await visit.press('Check again');
  await ready(visit);
  await visit.reads('All is decided.');
  await visit.act(() => button(visit).click());
  await visit.title('“Website relaunch” is back');
});

scenario('who may not choose anything is told so at the top, with a link to send', {open}, async (visit, site) => {
  const {item} = await vanish(site);
  await visit.signIn('sam', `#/trash/${item}/restore`);
  await visit.reads('You cannot solve this. Send this link to someone who may change Project and move Project to the trash.');
  await visit.page.getByRole('button', {name: 'Copy link'}).first().waitFor();
  const code = card(visit, /WEB27 is used by/);
  assert.ok(await code.getByLabel('Give it another value').isDisabled());
  assert.ok(await code.getByLabel('Move the live row to the trash').isDisabled());
  await code.getByText('Only for someone who may change Project.').waitFor();
  assert.ok(await visit.page.getByLabel('Insert a copy instead').isDisabled());
  assert.equal(await card(visit, /is in the trash/).getByLabel('Restore it too').isDisabled(), false);
});

scenario('who cannot undo a restore is told before, and is offered no Undo after', {open}, async (visit, site) => {
  const {item} = await vanish(site);
  await site.sql(`DELETE FROM project WHERE id = '${other}' RETURNING id`);
  await visit.signIn('sam', `#/trash/${item}/restore`);
  await visit.page.getByLabel('Restore it too').check();
  await ready(visit);
  await visit.reads('You cannot undo this by yourself');
  const sent = [];
  visit.page.on('request', (request) => sent.push(request.url()));
  await visit.act(() => button(visit).click());
  await visit.title('“Website relaunch” is back');
  await visit.reads('You cannot undo this by yourself');
  assert.equal(await visit.page.getByRole('button', {name: /^Undo/}).count(), 0);
  await visit.page.waitForTimeout(500);
  assert.deepEqual(sent.filter((url) => url.includes('dryRun=true')), []);
  await visit.page.getByRole('button', {name: 'Close'}).waitFor();
  await visit.page.waitForTimeout(1000);
  await visit.go('#/trash');
  await visit.title('Trash');
  await visit.page.locator('.said', {hasText: 'Restored'}).waitFor({state: 'detached'});
});

scenario('an undo that fails is told in red', {open}, async (visit, site) => {
  const {item} = await vanish(site);
  await site.sql(`DELETE FROM project WHERE id = '${other}' RETURNING id`);
  await visit.signIn('ada', `#/trash/${item}/restore`);
  await visit.page.getByLabel('Restore it too').check();
  await ready(visit);
  await visit.act(() => button(visit).click());
  await visit.title('“Website relaunch” is back');
  await site.sql(`UPDATE project SET name = 'Changed since' WHERE id = '${project}' RETURNING id`);
  await visit.press(/^Undo/);
  await visit.page.locator('.said.bad', {hasText: /^Not undone/}).waitFor();
  await visit.press('Close');
  assert.equal(await visit.page.locator('.said button').count(), 0);
});

scenario('decisions are still there after a look at the live row, and beside those for a copy', {open}, async (visit, site) => {
  const {item} = await vanish(site);
  await visit.signIn('ada', `#/trash/${item}/restore`);
  await visit.page.getByLabel('Restore it too').check();
  const code = card(visit, /WEB27 is used by/);
  await code.getByText('Compare both rows').click();
  await code.locator('tbody tr').first().getByText('taken').waitFor();
  await visit.press('Live row', 'link');
  await visit.title('Website relaunch (new)');
  await visit.page.goBack();
  await visit.title('Restore “Website relaunch”?');
  await visit.page.locator('.last').getByText('1 needs a decision').waitFor();
  assert.ok(await visit.page.getByLabel('Restore it too').isChecked());
  await visit.page.getByLabel('Insert a copy instead').check();
  const copied = card(visit, /WEB27 is used by/);
  await copied.getByLabel('Give it another value').check();
  await copied.getByRole('textbox', {name: 'code'}).fill('WEB27-C');
  await visit.press('Use these');
  await visit.page.getByLabel('Insert a copy instead').uncheck();
  await visit.page.locator('.last').getByText('1 needs a decision').waitFor();
  assert.ok(await visit.page.getByLabel('Restore it too').isChecked());
  await visit.page.getByLabel('Insert a copy instead').check();
  await visit.page.getByText('Will be WEB27-C').waitFor();
});

scenario('a deletion says before anyone tries that things stand in the way; a parent leads on to what needs it', {
  open: {...open, config: `${roles}[proof]\nafter_minutes = 0\ntriggers = true\n\n`},
}, async (visit, site) => {
  const {item, parent} = await vanish(site);
  const tried = async () => (await site.api('GET', `/v1/trash/${item}`, {key: site.keys.ada})).data.restorable !== null;
  while (!(await tried())) await visit.page.waitForTimeout(500);
  await visit.signIn('ada', `#/trash/${item}`);
  await visit.reads('1 × Another row has this value');
  await visit.press('Restore…', 'link');
  await visit.press('Open “Lindner & Partner”', 'link');
  await visit.title('Lindner & Partner');
  await visit.press('Restore…', 'link');
  await ready(visit);
  await visit.act(() => button(visit).click());
  await visit.title('“Lindner & Partner” is back');
  assert.equal((await site.api('GET', `/v1/trash/${item}`, {key: site.keys.ada})).data.root, true);
  assert.ok(parent);
  await visit.press('Continue with “Website relaunch”', 'link');
  await visit.reads('1 thing keeps it from coming back as it was');
});

scenario('on a phone both rows stand one above the other, and what decides stays in sight', {open: {sql: rows}, look: {viewport: {width: 390, height: 844}}}, async (visit, site) => {
  const {item} = await vanish(site);
  await visit.open(`#/trash/${item}/restore`);
  await card(visit, /WEB27 is used by/).getByText('Compare both rows').click();
  const cells = visit.page.locator('.beside tbody tr').first().locator('td');
  const [one, two] = [await cells.nth(0).boundingBox(), await cells.nth(1).boundingBox()];
  assert.equal(one.x, two.x);
  assert.ok(two.y >= one.y + one.height);
  assert.ok(await visit.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  const bar = await visit.page.locator('.last').boundingBox();
  assert.ok(bar.y + bar.height <= 844.5 && bar.y > 400);
  for (let n = 0; n < 12; n += 1) {
    await visit.page.keyboard.press('Tab');
    const hidden = await visit.page.evaluate(() => {
      const last = document.querySelector('.last');
      const at = document.activeElement.getBoundingClientRect();
      return !last.contains(document.activeElement) && at.top >= last.getBoundingClientRect().top;
    });
    assert.equal(hidden, false);
  }
});

scenario('a right that is missing is told in one sentence of the page', {
  open: {...open, config: `${credentials}[roles]\nadmins = "*"\nsupport = { read = "*", view-trash = "*", restore = ["time/clients"] }\n\n`},
}, async (visit, site) => {
  const {item} = await vanish(site);
  await visit.signIn('sam', `#/trash/${item}/restore`);
  await visit.reads(/^You may not do this\. It takes someone who may restore Project/);
  assert.equal(await visit.page.getByText('What is missing:').count(), 0);
});
