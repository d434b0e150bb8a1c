// What one may see and do, where that ends, and how one goes on.
import {assert, credentials, scenario} from './world.mjs';

const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const idOf = (path) => path.split('/').at(-1);

scenario('the credentials run out while a page is half filled: one signs in over it, and what was typed is still there', {
  open: {config: `${credentials}[roles]\neditors = ["read", "trash", "view-trash", "restore"]\n\n`, keys: {ada: 'editors', bea: 'editors'}},
}, async (visit, site) => {
  await visit.signIn('ada', `#/delete/time%2Fprojects?id=${idOf(project(1))}`);
  await visit.page.getByLabel(/^Yes, /).check();
  await visit.page.getByLabel('Reason').fill('the client has left');
  await site.sql(`UPDATE trashd.key SET expires_at = now() - interval '1 second' WHERE name = 'ada' RETURNING id`);
  await visit.press(/^Move [\d,]+ rows to the trash$/);
  const dialog = visit.page.getByRole('dialog', {name: 'Sign in again'});
  await dialog.waitFor();
  assert.equal(await site.count('project', `id = '${idOf(project(1))}'`), 1);
  await dialog.getByLabel('API key or access token').fill('trashd_wrong');
  await visit.act(() => dialog.getByRole('button', {name: 'Sign in'}).click());
  await dialog.getByRole('alert').getByText(/\w/).waitFor();
  await dialog.getByLabel('API key or access token').fill(site.keys.bea);
  await visit.act(() => dialog.getByRole('button', {name: 'Sign in'}).click());
  await dialog.waitFor({state: 'detached'});
  assert.equal(await visit.page.getByLabel('Reason').inputValue(), 'the client has left');
  assert.ok(await visit.page.getByLabel(/^Yes, /).isChecked());
  await visit.press(/^Move [\d,]+ rows to the trash$/);
  await visit.press('Look at it in the trash', 'link');
  await visit.reads('the client has left');
  await visit.reads('key:bea');
});

const notes = `CREATE TABLE note (id int PRIMARY KEY, author text, title text);
INSERT INTO note VALUES (1, 'key:anna', 'of Anna'), (2, 'key:ben', 'of Ben'), (3, 'key:ben', 'kept by Ben'), (4, 'key:anna', 'kept by Anna')`;

scenario('who has rights for own rows is told the numbers of own rows alone, on every page; another’s row is not there', {
  open: {config: `${credentials}[roles]\npeople = { "*" = "*", owner = "author" }\n\n[[resource]]\ntable = "public.note"\npath = "notes"\n\n`,
    keys: {anna: 'people', ben: 'people'}, sql: notes},
}, async (visit, site) => {
  await site.remove('notes/1', {key: site.keys.anna});
  const other = await site.remove('notes/2', {key: site.keys.ben});
  await visit.signIn('anna');
  await visit.reads('of Anna');
  await visit.page.locator('.numbers li', {hasText: /^1 deletion in the trash$/}).waitFor();
  await visit.page.locator('.numbers li', {hasText: /^1 row in the trash$/}).waitFor();
  await visit.go('#/trash');
  await visit.reads('1–1 of 1 deletion');
  assert.equal(await visit.text('.chips'), 'note 1');
  await visit.go('#/trash?view=rows');
  await visit.reads('1–1 of 1 row');
  await visit.go('#/rows');
  await visit.page.locator('tr[data-row=notes] .number', {hasText: /^1$/}).waitFor();
  await visit.go('#/rows/notes');
  await visit.reads('1–1 of 1 row');
  await visit.reads('kept by Anna');
  await visit.go('#/rows/notes?deleted=null');
  await visit.reads('1–2 of 2 rows');
  for (const address of [`#/trash/${other}`, `#/trash/${other}/restore`, `#/trash/${other}/purge`]) {
    await visit.go(address);
    await visit.reads('Nothing is here');
  }
  for (const address of ['#/rows/notes/3', '#/delete/notes?id=3']) {
    await visit.go(address);
    await visit.page.getByRole('main').getByRole('alert').first().waitFor();
    assert.equal(await visit.page.getByRole('main').getByText('kept by Ben').count(), 0);
    assert.equal(await visit.page.locator('[data-key=delete]').count(), 0);
  }
  assert.equal(await site.count('note', 'id = 3'), 1);
});

const shared = `CREATE TABLE note (tenant_id text, id int, title text, PRIMARY KEY (tenant_id, id));
INSERT INTO note SELECT tenant, id, 'number ' || id || ' of ' || tenant FROM unnest(ARRAY['acme', 'blue']) tenant, generate_series(1, 3) id`;

scenario('two tenants: each has its own trash, rows, and numbers; the other’s addresses are not there', {
  open: {config: `${credentials}[tenant]\ncolumn = "tenant_id"\n\n[roles]\nadmins = "*"\n\n`, keys: {anna: 'admins@acme', ben: 'admins@blue'}, sql: shared},
}, async (visit, site, visitor) => {
  const acme = await site.remove('note/acme,1', {key: site.keys.anna});
  const blue = await site.remove('note/blue,1', {key: site.keys.ben});
  const second = await site.remove('note/blue,2', {key: site.keys.ben});
  const ben = await visitor();
  for (const [who, name, tenant, own, others] of [
    [visit, 'anna', 'acme', [acme], [blue, second]],
    [ben, 'ben', 'blue', [blue, second], [acme]],
  ]) {
    const many = own.length;
    await who.signIn(name);
    await who.page.locator('header .badge', {hasText: tenant}).waitFor();
    await who.page.locator('.numbers li', {hasText: new RegExp(`^${many} deletions? in the trash$`)}).waitFor();
    await who.go('#/trash');
    await who.reads(new RegExp(`^1–${many} of ${many} deletions?$`));
    for (const id of own) await who.page.locator(`tr[data-row="${id}"]`, {hasText: `of ${tenant}`}).waitFor();
    await who.go('#/rows/note');
    await who.reads(new RegExp(`^1–${3 - many} of ${3 - many} rows?$`));
    await who.go('#/history');
    await who.page.locator('main .lines li').nth(many - 1).waitFor();
    assert.equal(await who.page.locator('main .lines li').count(), many);
    await who.go(`#/trash/${own[0]}`);
    await who.title(`number 1 of ${tenant}`);
    for (const id of others) {
      await who.go(`#/trash/${id}`);
      await who.reads('Nothing is here');
    }
    const other = tenant === 'acme' ? 'blue' : 'acme';
    await who.go(`#/rows/note/${other}%2C3`);
    await who.reads('Nothing is here, or nothing that you may see.');
    assert.equal(await who.page.getByRole('main').getByText(`of ${other}`).count(), 0);
  }
});

scenario('a right is missing for one table of a deletion: it is named, the link is copied, and who may restores it', {
  open: {
    config: `${credentials}[roles]\nadmins = "*"\nsupport = { read = "*", view-trash = "*", restore = ["time/projects", "time/tasks", "time/members", "time/worktypelinks", "time/impulses"] }\n\n`,
    keys: {ada: 'admins', sam: 'support'},
  },
}, async (visit, site, visitor) => {
  const {keys} = site;
  const item = await site.remove(project(1), {key: keys.ada});
  const name = (await site.api('GET', `/v1/trash/${item}`, {key: keys.ada})).data.displayName;
  await visit.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
  await visit.signIn('sam', `#/trash/${item}`);
  await visit.title(name);
  await visit.reads(/You may not restore it: the right is missing for time\/timerecords\./);
  assert.equal(await visit.page.getByRole('link', {name: 'Restore…'}).count(), 0);
  await visit.act(() => visit.page.locator('.note').getByRole('button', {name: 'Copy link'}).click());
  const link = await visit.page.evaluate(() => navigator.clipboard.readText());
  // Whoever types the address of the restore is told the same.
  await visit.go(`#/trash/${item}/restore`);
  await visit.page.getByRole('main').getByRole('alert').getByText(/^You may not do this\. It takes someone who may restore Time ?record/i).waitFor();
  assert.equal(await site.count('project', `id = '${idOf(project(1))}'`), 0);

  const ada = await visitor();
  await ada.signIn('ada');
  await ada.page.goto(link);
  await ada.title(name);
  await ada.press('Restore…', 'link');
  await ada.press(/^Restore [\d,]+ rows$/);
  await ada.page.locator('#done').waitFor();
  assert.equal(await site.count('project', `id = '${idOf(project(1))}'`), 1);
  await visit.go(`#/trash/${item}`);
  await visit.title('Restored already');
  await visit.reads(/Restored by ada/);
});
