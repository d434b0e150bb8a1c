import {assert, credentials, scenario} from './world.mjs';

const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

scenario('a path with a slash is a resource whether it was typed with / or %2F, and what follows is the id', {}, async (visit, site) => {
  const {data} = await site.api('GET', `/v1/${project(1)}`);
  await visit.open('#/rows/time/projects?sort=name');
  await visit.title('Project');
  assert.match(visit.page.url(), /#\/rows\/time%2Fprojects\?sort=name$/);
  await visit.go(`#/rows/${project(1)}`);
  await visit.title(data.name);
  await visit.go(`#/delete/time/projects?id=${data.id}`);
  await visit.title(`Move “${data.name}” to the trash?`);
  await visit.page.goBack();
  await visit.title(data.name);
  await visit.page.goBack();
  await visit.title('Project');
  await visit.go(`#/rows/time%2Fprojects/${data.id}`);
  await visit.title(data.name);
  await visit.go('#/rows/departments');
  await visit.title('Department');
});

scenario('members ticked in the tree come back by themselves, the dry run says what stays, and one choice answers all of a kind', {}, async (visit, site) => {
  const item = await site.remove(project(1));
  const {data} = await site.api('GET', `/v1/trash/${item}`);
  await visit.open(`#/trash/${item}`);
  await visit.page.locator('.tree summary', {hasText: 'task_project'}).first().click();
  const boxes = visit.page.locator('.tree .leaf > input');
  await boxes.nth(1).waitFor();
  await boxes.nth(0).check();
  await boxes.nth(1).check();
  await visit.reads('2 rows selected');
  await visit.press('Restore only these…');
  await visit.reads('Only 2 rows of this deletion, with what hangs on them');
  const button = visit.page.locator('[data-key=restore]');
  await visit.reads('2 Task need it.');
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  await visit.act(() => visit.page.getByLabel('Restore it too').check());
  await visit.page.locator('[data-key=restore]:not([aria-disabled=true])').waitFor();
  const said = /^Restore ([\d,]+) rows, leave ([\d,]+) rows in the trash$/.exec((await button.innerText()).trim());
  assert.equal(Number(said[1]) + Number(said[2]), data.groupSize);
  await visit.reads(`${said[2]} rows stay in the trash`);
  await visit.press(said[0]);
  await visit.title(`${said[1]} rows of “${data.displayName}” are back`);
  assert.equal(await site.count('project', `id = '${data.deletedObjectId}'`), 1);
  assert.equal(await site.count('task', `project = '${data.deletedObjectId}'`), 2);
  await visit.press(/^Undo/);
  await visit.page.locator('.said', {hasText: /^Undone: /}).waitFor();
  assert.equal(await site.count('task', `project = '${data.deletedObjectId}'`), 0);
});

scenario('rows of the trash list come back by themselves where they are of one deletion', {}, async (visit, site) => {
  const one = await site.remove(project(1));
  await site.remove(project(2));
  const {data} = await site.api('GET', `/v1/trash/${one}`);
  await visit.open(`#/trash?view=rows&sort=displayName&resource=time%2Fprojects`);
  await visit.page.getByLabel('Select all on this page').check();
  await visit.reads('Rows of one deletion at a time');
  await visit.page.getByLabel('Select all on this page').uncheck();
  await visit.page.getByRole('checkbox', {name: `Select ${data.displayName}`}).check();
  await visit.press('Restore only these…');
  await visit.act(() => visit.page.getByRole('button', {name: `Restore ${data.groupSize} rows`}).click());
  await visit.page.locator('#done').waitFor();
  await visit.press(data.displayName, 'link');
  await visit.title(data.displayName);
});

const parts = `CREATE TABLE batch (id integer PRIMARY KEY, name text);
  CREATE TABLE part (id integer PRIMARY KEY, batch integer REFERENCES batch ON DELETE CASCADE, code text UNIQUE);
  INSERT INTO batch VALUES (1, 'The first batch'); INSERT INTO part SELECT n, 1, 'code ' || n FROM generate_series(1, 40) n`;

scenario('forty conflicts of a kind: one choice for all, another for one of them, and the button says all it does', {open: {sql: parts}}, async (visit, site) => {
  const item = await site.remove('batch/1');
  await site.sql(`INSERT INTO part (id, code) SELECT n + 1000, 'code ' || n FROM generate_series(1, 40) n RETURNING id`);
  await visit.open(`#/trash/${item}/restore`);
  await visit.reads('40 × Another row has this value');
  const all = visit.page.getByRole('group', {name: 'The same for all 40'});
  assert.equal(await all.getByLabel('Give it another value').count(), 0);
  await all.getByLabel('Move the live row to the trash').check();
  await visit.reads('Restore 41 rows, move 40 live rows to the trash');
  await visit.page.getByText('Each of the 40 by itself').click();
  await visit.page.getByRole('region', {name: /code = code 7$/}).getByLabel('Leave out').check();
  await visit.press('Restore 40 rows, move 39 live rows to the trash, leave 1 row in the trash');
  await visit.page.locator('#done').waitFor();
  assert.equal(await site.count('part', 'batch = 1'), 39);
  assert.equal(await site.count('part', `code = 'code 7' AND id = 1007`), 1);
});

scenario('values without a place any more are listed and agreed to before they are left behind', {
  open: {sql: `CREATE TABLE contract (id integer PRIMARY KEY, name text, note text); INSERT INTO contract VALUES (1, 'Lease', 'by hand')`},
}, async (visit, site) => {
  const item = await site.remove('contract/1');
  await site.sql('ALTER TABLE contract DROP COLUMN note; SELECT 1');
  await visit.open(`#/trash/${item}/restore`);
  await visit.reads('The table has changed');
  await visit.page.getByLabel('Restore without these values').check();
  await visit.reads('contract 1, note: by hand');
  const button = visit.page.locator('[data-key=restore]');
  await visit.reads('Restore 1 row, leave 1 value behind');
  assert.equal(await button.getAttribute('aria-disabled'), 'true');
  await button.click({force: true});
  assert.equal(await site.count('contract'), 0);
  await visit.page.getByLabel('Yes, leave 1 value behind').check();
  await visit.press('Restore 1 row, leave 1 value behind');
  await visit.title('“Lease” is back');
  assert.equal(await site.count('contract'), 1);
});

scenario('what others restore stays in its place, struck through, what they delete waits to be shown, and nothing moves', {}, async (visit, site) => {
  const items = [];
  for (const n of [1, 2, 3]) items.push(await site.remove(project(n)));
  await visit.page.clock.install();
  await visit.open('#/trash');
  await visit.reads('1–3 of 3 deletions');
  const names = () => visit.page.locator('td .name').allInnerTexts();
  const before = await names();
  await visit.page.waitForLoadState('networkidle');
  await site.api('POST', `/v1/trash/${items[1]}/$restore`);
  await site.remove(project(4));
  await visit.page.clock.fastForward(15_000);
  await visit.reads('1 new deletion');
  const ended = visit.page.locator('tr.ended');
  await ended.getByText('Restored by').waitFor();
  assert.equal(await ended.count(), 1);
  assert.equal(await ended.getByRole('checkbox').count(), 0);
  assert.deepEqual(await names(), before);
  await visit.press('Show');
  await ended.waitFor({state: 'detached'});
  await visit.page.getByText('1 new deletion').waitFor({state: 'detached'});
  assert.equal((await names()).length, 3);
  assert.ok(!(await names()).includes(before[1]));
});

scenario('a deletion that another restores while one looks at its preview is told as that, not as an error', {}, async (visit, site) => {
  const item = await site.remove(project(5));
  await visit.open(`#/trash/${item}/restore`);
  await visit.page.locator('[data-key=restore]:not([aria-disabled=true])').waitFor();
  await site.api('POST', `/v1/trash/${item}/$restore`);
  await visit.act(() => visit.page.locator('[data-key=restore]').click());
  await visit.sees('link', 'Open this Project');
  assert.equal(await visit.page.getByRole('alert').count(), 0);
});

const odd = `CREATE TABLE meter (id integer PRIMARY KEY, name text NOT NULL, level numeric, broken boolean, read_at timestamptz, seen date);
  INSERT INTO meter SELECT n, 'meter ' || n, CASE WHEN n > 2 THEN n * 10 END, n % 2 = 0, timestamptz '2026-03-01 12:00+00' + n * interval '1 day', date '2026-03-01' + n
  FROM generate_series(1, 10) n`;

scenario('conditions on rows fit the type of their column, hold together, and are counted live and in the trash', {open: {sql: odd}}, async (visit, site) => {
  await site.remove('meter/10');
  await visit.open('#/rows/meter');
  const add = async (column, operator, value) => {
    await visit.page.getByLabel('Column', {exact: true}).selectOption(column);
    await visit.page.getByLabel('Comparison').selectOption({label: operator});
    const field = visit.page.getByLabel('Value', {exact: true});
    if (typeof value === 'string') await field.fill(value);
    if (typeof value === 'object') await field.selectOption(value);
    await visit.press('Filter');
  };
  const kinds = visit.page.getByRole('navigation', {name: 'View'});
  await kinds.getByText('In the trash 1').waitFor();
  await kinds.getByText('Both 10').waitFor();
  await add('level', 'is at least', '50');
  await visit.reads('1–5 of 5 rows');
  await kinds.getByText('In the trash 1').waitFor();
  await add('level', 'is at most', '80');
  await visit.reads('1–4 of 4 rows');
  await kinds.getByText('In the trash 0').waitFor();
  await add('broken', 'is', {label: 'true'});
  await visit.reads('1–2 of 2 rows');
  await add('seen', 'is before', '2026-03-08');
  await visit.reads('1–1 of 1 row');
  await visit.sees('button', /^seen is before 2026-03-08/);
  await visit.go('#/rows/meter');
  await visit.reads('1–9 of 9 rows');
  await add('level', 'has no value');
  await visit.reads('1–2 of 2 rows');
  await add('name', 'contains', '1');
  await visit.reads('1–1 of 1 row');
  await add('name', 'contains', 'met');
  await visit.reads('1–1 of 1 row');
  await visit.go('#/rows/meter');
  await add('read_at', 'is from', '2026-03-08T00:00');
  await visit.reads('1–3 of 3 rows');
});

scenario('columns are chosen for a list, and stay chosen in this browser', {open: {sql: odd}}, async (visit) => {
  await visit.open('#/rows/meter');
  await visit.sees('columnheader', 'broken');
  await visit.press('Columns');
  await visit.page.getByRole('group', {name: 'Columns'}).getByLabel('broken').uncheck();
  await visit.page.getByRole('columnheader', {name: 'broken'}).waitFor({state: 'detached'});
  await visit.page.reload();
  await visit.sees('columnheader', 'level');
  assert.equal(await visit.page.getByRole('columnheader', {name: 'broken'}).count(), 0);
  await visit.press('Columns');
  await visit.press('As at first');
  await visit.sees('columnheader', 'broken');
});

scenario('what was done survives a reload of the tab, with its way back and without names, and ends with signing out', {
  open: {config: `${credentials}[roles]\nadmins = "*"\n\n`, keys: {ada: 'admins'}},
}, async (visit, site) => {
  const [[id, name]] = await site.sql(`SELECT id, description FROM time_record ORDER BY id LIMIT 1`);
  await visit.open(`#/delete/time%2Ftimerecords?id=${id}`);
  await visit.page.getByLabel('API key or access token').fill(site.keys.ada);
  await visit.page.getByLabel('Keep for this tab').check();
  await visit.press('Sign in');
  await visit.press('Move 1 row to the trash');
  await visit.title(`“${name}” is in the trash`);
  const stored = () => visit.page.evaluate(() => sessionStorage.getItem('trashd.recent'));
  assert.ok(await stored());
  assert.ok(!(await stored()).includes(name));
  await visit.page.reload();
  await visit.go('#/recent');
  await visit.sees('link', 'Moved to the trash: 1 row');
  await visit.press(/^Undo/);
  await visit.page.locator('.said', {hasText: 'Undone: Moved to the trash: 1 row'}).waitFor();
  assert.equal(await site.count('time_record', `id = '${id}'`), 1);
  await visit.press('ada');
  await visit.press('Sign out');
  await visit.title('Sign in');
  assert.equal(await stored(), null);
});

scenario('after a while without use what is shown is covered, and a key or the button shows it again', {}, async (visit, site) => {
  const {data} = await site.api('GET', `/v1/${project(1)}`);
  await visit.page.clock.install();
  await visit.open(`#/delete/${project(1).replace('/projects/', '%2Fprojects?id=')}`);
  await visit.title(`Move “${data.name}” to the trash?`);
  const reason = visit.page.getByLabel('Reason');
  await reason.fill('half a reason');
  await visit.page.clock.fastForward(16 * 60_000);
  await visit.sees('button', 'Show it again');
  await visit.page.locator('html[data-covered]').waitFor();
  const heading = visit.page.getByText(data.name);
  assert.equal(await heading.filter({visible: true}).count(), 0);
  assert.ok(!(await visit.page.title()).includes(data.name));
  await visit.act(() => visit.page.keyboard.press('x'));
  await heading.filter({visible: true}).first().waitFor();
  assert.equal(await reason.inputValue(), 'half a reason');
  assert.ok(await reason.evaluate((one) => one === document.activeElement));
  await visit.page.clock.fastForward(16 * 60_000);
  await visit.act(() => visit.page.getByRole('button', {name: 'Show it again'}).click());
  await heading.filter({visible: true}).first().waitFor();
  await visit.go('#/settings');
  await visit.page.getByLabel('Cover what is shown').uncheck();
  await visit.page.clock.fastForward(60 * 60_000);
  await visit.title('Settings');
  assert.equal(await visit.page.getByRole('button', {name: 'Show it again'}).count(), 0);
});

scenario('a deletion is searched by name, and its page says what happened to it; the largest are under Storage', {}, async (visit, site) => {
  const item = await site.remove(`${project(1)}?reason=wrong%20client`);
  await site.remove('time/clients/00000000-0000-4000-8001-000000000040');
  const {data} = await site.api('GET', `/v1/trash?resource=time/tasks&limit=1`);
  await visit.open(`#/trash/${item}`);
  await visit.sees('heading', 'What happened to it');
  await visit.reads('· wrong client');
  await visit.page.getByLabel('Search in this deletion').fill(data[0].displayName);
  await visit.act(() => visit.page.getByLabel('Search in this deletion').press('Enter'));
  await visit.title('Trash');
  await visit.sees('link', data[0].displayName);
  await visit.go('#/storage');
  await visit.sees('heading', 'Largest deletions');
  const first = visit.page.getByRole('region', {name: 'Largest deletions'}).getByRole('row').nth(1);
  await first.getByText('Project', {exact: true}).waitFor();
});

scenario('reasons of this session are offered again', {}, async (visit, site) => {
  const list = await site.sql(`SELECT id FROM time_record ORDER BY id LIMIT 2`);
  await visit.open(`#/delete/time%2Ftimerecords?id=${list[0][0]}`);
  await visit.page.getByLabel('Reason').fill('entered twice');
  await visit.press('Move 1 row to the trash');
  await visit.page.locator('main .changes').waitFor();
  await visit.go(`#/delete/time%2Ftimerecords?id=${list[1][0]}`);
  await visit.page.locator('datalist option[value="entered twice"]').waitFor({state: 'attached'});
});
