import {assert, credentials, scenario} from './world.mjs';

const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const client = (n) => `time/clients/00000000-0000-4000-8001-${String(n).padStart(12, '0')}`;

scenario('start without credentials: the strip says so, the overview counts the resources', {}, async (visit) => {
  await visit.open();
  await visit.title('Overview');
  await visit.reads('Anyone who reaches this address may do anything');
  await visit.reads('tables served');
  assert.match(await visit.text('.numbers'), /19 tables served/);
});

scenario('a wrong key is refused in the form, a good one shows name and role, nothing is left after signing out', {
  open: {config: `${credentials}[roles]\nsupport = "*"\n\n`, keys: {anna: 'support'}},
}, async (visit, site) => {
  await visit.open();
  await visit.title('Sign in');
  await visit.page.getByLabel('API key or access token').fill('trashd_wrong');
  await visit.press('Sign in');
  await visit.sees('alert');
  await visit.page.getByLabel('API key or access token').fill(site.keys.anna);
  await visit.page.getByLabel('Keep for this tab').check();
  await visit.press('Sign in');
  await visit.title('Overview');
  await visit.page.reload();
  await visit.title('Overview');
  await visit.press('anna');
  await visit.reads('Roles: support');
  await visit.press('Sign out');
  await visit.title('Sign in');
  assert.equal(await visit.page.evaluate(() => sessionStorage.length + localStorage.length), 0);
});

scenario('a role without the right sees no trash in the navigation, and its address names the right', {
  open: {config: `${credentials}[roles]\nreader = { read = "*" }\n\n`, keys: {rita: 'reader'}},
}, async (visit) => {
  await visit.signIn('rita');
  assert.equal(await visit.page.locator('nav.side').getByRole('link', {name: 'Trash'}).count(), 0);
  await visit.go('#/trash');
  await visit.reads('See the trash');
});

scenario('an empty trash says why it is empty', {}, async (visit) => {
  await visit.open('#/trash');
  await visit.reads('The trash is empty');
});

scenario('filters are in the address: the same list after a reload and on the way back', {}, async (visit, site) => {
  for (const n of [1, 2, 3]) await site.remove(`${project(n)}?reason=old`);
  await site.remove(client(40));
  await visit.open('#/trash');
  await visit.reads('1–4 of 4 deletions');
  await visit.press(/^Client/, 'link');
  await visit.reads('1–1 of 1 deletion');
  assert.match(visit.page.url(), /resource=time%2Fclients/);
  await visit.page.reload();
  await visit.reads('1–1 of 1 deletion');
  await visit.page.goBack();
  await visit.reads('1–4 of 4 deletions');
  await visit.page.getByLabel('When').selectOption('today');
  await visit.reads('1–4 of 4 deletions');
  await visit.page.getByRole('main').getByRole('searchbox').fill('nothing is called so');
  await visit.press('Search');
  await visit.reads('Nothing has “nothing is called so” in its name, id or reason.');
  await visit.press('Clear 2 filters', 'link');
  await visit.reads('1–4 of 4 deletions');
});

scenario('the search finds a deletion by a value of a row that went along', {}, async (visit, site) => {
  await site.remove(project(1));
  await site.remove(project(2));
  const {data} = await site.api('GET', '/v1/trash?resource=time/timerecords&root=false&limit=1&expand=object');
  await visit.open(`#/trash?in=values&q=${data[0].object.id}`);
  await visit.reads('1–1 of 1 deletion');
  const root = await site.api('GET', `/v1/groups/${data[0].groupId}`);
  await visit.sees('link', root.data.root.displayName);
});

scenario('pages go forward and back, sorting shows, and no deletion is twice or missing', {
  open: {sql: `INSERT INTO department (name) SELECT 'Bin ' || lpad(n::text, 3, '0') FROM generate_series(1, 120) n`},
}, async (visit, site) => {
  const where = encodeURIComponent('where[name][contains]');
  await site.api('DELETE', `/v1/departments?${where}=Bin`);
  await visit.open('#/trash?sort=displayName');
  await visit.reads('1–50 of 120 deletions');
  assert.equal(await visit.page.locator('th[aria-sort=ascending]').innerText(), 'What');
  const seen = [];
  const take = async () => seen.push(...(await visit.page.locator('td .name').allInnerTexts()));
  await take();
  await visit.press('Next', 'link');
  await visit.reads('51–100 of 120 deletions');
  await take();
  await visit.press('Next', 'link');
  await visit.reads('101–120 of 120 deletions');
  await take();
  assert.equal(new Set(seen).size, 120);
  assert.deepEqual(seen, [...seen].sort());
  await visit.press('Previous', 'link');
  await visit.reads('51–100 of 120 deletions');
  await visit.press('What');
  await visit.page.locator('th[aria-sort=descending]').waitFor();
  await visit.page.locator('main .loaded:not(.old) td .name').first().waitFor();
  assert.equal(await visit.text('td .name'), 'Bin 120');
});

scenario('the page of a deletion counts what it took, opens the tree, and shows a row that went along', {}, async (visit, site) => {
  const item = await site.remove(project(1));
  const {data} = await site.api('GET', `/v1/trash/${item}?expand=group`);
  await visit.open(`#/trash/${item}`);
  await visit.title(data.displayName);
  const kinds = new Set(data.group.counts.map(({resource}) => resource)).size;
  await visit.reads(`${data.groupSize} rows in ${kinds} tables`);
  const tasks = data.group.counts.find(({resource}) => resource === 'time/tasks');
  await visit.page.locator('.tree summary', {hasText: tasks.constraint}).click();
  const leaves = visit.page.locator('.tree .tree > li');
  await leaves.first().waitFor();
  assert.equal(await leaves.count(), tasks.count);
  const name = await leaves.first().locator('a').innerText();
  await visit.act(() => leaves.first().locator('a').click());
  await visit.page.getByRole('heading', {level: 2, name: `Task: ${name}`}).waitFor();
});

scenario('names and values are text and nothing else, and what turns text around is named', {
  open: {sql: `INSERT INTO department (id, name) VALUES ('00000000-0000-4000-8013-00000000abcd', '<img src=x onerror=alert(1)>' || U&'\\202E' || 'evil')`},
}, async (visit, site) => {
  const item = await site.remove(`departments/00000000-0000-4000-8013-00000000abcd?reason=${encodeURIComponent('<b>why</b>')}`);
  await visit.open('#/trash');
  await visit.reads('<b>why</b>');
  await visit.reads('U+202E');
  await visit.go(`#/trash/${item}`);
  await visit.reads('<img src=x onerror=alert(1)>');
  assert.equal(await visit.page.locator('main img, main b:has-text("why")').count(), 0);
});

scenario('a deletion that another has restored meanwhile is told as that, with the way to where it is', {}, async (visit, site) => {
  const item = await site.remove(client(5));
  await visit.open(`#/trash/${item}`);
  await visit.sees('link', 'Restore…');
  await site.api('POST', `/v1/trash/${item}/$restore`);
  await visit.page.reload();
  await visit.title('Restored already');
  await visit.reads('Restored by');
  await visit.press('Open this Client', 'link');
  await visit.page.locator('.fields').waitFor();
  assert.match(visit.page.url(), /rows\/time%2Fclients\/00000000-0000-4000-8001-000000000005/);
});
