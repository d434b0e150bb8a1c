// Who did something, by name, and what rows refer to.
import {assert, credentials, scenario} from './world.mjs';

const uuid = (kind, n) => `00000000-0000-4000-${kind}-${String(n).padStart(12, '0')}`;
const project = (n) => `time/projects/${uuid('8000', n)}`;
const editors = `${credentials}[roles]\neditors = "*"\n\n`;

scenario('who deleted and who restored is shown by name, with the id beside it', {
  open: {config: editors, keys: {anna: 'editors', ben: 'editors'}},
}, async (visit, site) => {
  const [item, back] = await Promise.all([1, 2].map((n) => site.remove(project(n), {key: site.keys.anna})));
  await site.sql("UPDATE trashd.principal SET name = 'Anna Huber' RETURNING 1");
  await visit.signIn('ben', '#/trash');
  const by = visit.page.locator('td[data-title="By"]').first();
  await by.getByText('Anna Huber').waitFor();
  assert.match(await by.innerText(), /^Anna Huber\s+key:anna$/);
  const people = visit.page.locator('.filters select').filter({hasText: 'Anna Huber'});
  await people.waitFor();
  assert.deepEqual(await people.locator('option').allTextContents(), ['anyone', 'Anna Huber (key:anna)']);
  await people.selectOption('key:anna');
  await visit.reads('1–2 of 2 deletions');
  await visit.go(`#/trash/${item}`);
  await visit.page.locator('dl.facts').getByText('Anna Huber').waitFor();
  assert.match(await visit.text('dl.facts'), /Anna Huber key:anna/);
  await visit.go('#/storage');
  await visit.page.getByRole('link', {name: 'Anna Huber (key:anna)'}).waitFor();
  await site.api('POST', `/v1/trash/${back}/$restore`, {key: site.keys.ben});
  await visit.go(`#/trash/${back}`);
  const end = visit.page.locator('main .card').getByTitle('key:ben');
  await end.waitFor();
  assert.equal(await end.innerText(), 'ben');
  await visit.go('#/history');
  await visit.page.locator('ul.lines').getByText('Anna Huber').first().waitFor();
});

scenario('a hostile name is text wherever it stands, and what turns it around is marked', {
  open: {config: editors, keys: {anna: 'editors'}},
}, async (visit, site) => {
  const item = await site.remove(project(1), {key: site.keys.anna});
  const name = '<img src=x onerror=document.title=1>';
  await site.sql(`UPDATE trashd.principal SET name = '${name}' || U&'\\202E' || 'moc' RETURNING 1`);
  await visit.signIn('anna', '#/trash');
  for (const address of ['#/trash', `#/trash/${item}`, '#/', '#/storage', '#/history']) {
    await visit.go(address);
    await visit.page.locator('main').getByText(name).filter({visible: true}).first().waitFor();
    assert.equal(await visit.page.locator('main img').count(), 0);
    assert.ok(!(await visit.page.locator('main').innerText()).includes('\u202e'), address);
  }
  assert.notEqual(await visit.page.title(), '1');
});

scenario('references of a row in the trash lead to what they mean: live, in the same deletion, in another one, or nowhere', {}, async (visit, site) => {
  const [[client, called]] = await site.sql(`SELECT c.id, c.name FROM project p JOIN client c ON c.id = p.client WHERE p.id = '${uuid('8000', 1)}'`);
  const [[title]] = await site.sql(`SELECT name FROM project WHERE id = '${uuid('8000', 1)}'`);
  const [[task]] = await site.sql(`SELECT id FROM task WHERE project = '${uuid('8000', 1)}' ORDER BY id LIMIT 1`);
  const item = await site.remove(project(1));
  const field = (name) => visit.page.locator('dl.fields > div').filter({has: visit.page.locator('dt', {hasText: new RegExp(`^${name} `)})}).locator('.reference');
  await visit.open(`#/trash/${item}`);
  await field('client').getByText(`Client: ${called}`).waitFor();
  assert.equal((await field('client').innerText()).trim(), `Client: ${called} · live`);
  assert.equal(await field('client').locator('a').getAttribute('href'), `#/rows/time%2Fclients/${client}`);

  // A member refers to the root, which lies in the same deletion.
  const {data} = await site.api('GET', `/v1/trash?resource=time/tasks&deletedObjectId=${task}`);
  await visit.go(`#/trash/${item}?row=${data[0].id}`);
  await field('project').getByText('in this deletion').waitFor();
  assert.equal((await field('project').innerText()).trim(), `Project: ${title} · in this deletion`);
  await visit.act(() => field('project').locator('a').click());
  await visit.page.getByRole('heading', {level: 2, name: `Project: ${title}`}).waitFor();

  // What it referred to goes by itself, and then for good.
  const other = await site.remove(`time/clients/${client}?cascade=true`);
  await visit.page.reload();
  await field('client').getByText('in the trash').waitFor();
  assert.equal(await field('client').locator('a').getAttribute('href'), `#/trash/${other}`);
  await site.api('DELETE', `/v1/trash/${other}`);
  await visit.page.reload();
  await field('client').getByText('gone').waitFor();
  assert.equal(await field('client').locator('a').count(), 0);
});

scenario('a live object shows what it refers to by name, and one without the right by its table alone', {
  open: {config: `${credentials}[roles]\nall = "*"\nprojects = { read = "time/projects" }\n\n`, keys: {ada: 'all', pia: 'projects'}},
}, async (visit, site) => {
  const [[called]] = await site.sql(`SELECT c.name FROM project p JOIN client c ON c.id = p.client WHERE p.id = '${uuid('8000', 1)}'`);
  const link = visit.page.locator('.reference a[title=project_client_fkey]');
  const address = `#/rows/time%2Fprojects/${uuid('8000', 1)}`;
  await visit.signIn('ada', address);
  // What the resource is called comes by itself: until then it goes by its path.
  await link.filter({hasText: `Client: ${called}`}).waitFor();
  await visit.act(() => link.click());
  await visit.title(called);
  await visit.go('#/');
  await visit.page.reload();
  await visit.signIn('pia', address);
  await link.waitFor();
  assert.ok(!(await link.innerText()).includes(called));
});
