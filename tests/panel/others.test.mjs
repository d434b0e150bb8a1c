// What others may see and do meanwhile.
import {assert, credentials, scenario} from './world.mjs';

const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const departments = (count) => `INSERT INTO department (name) SELECT 'Bin ' || lpad(n::text, 3, '0') FROM generate_series(1, ${count}) n`;
const where = encodeURIComponent('where[name][contains]');
const box = (visit, name) => visit.page.getByRole('checkbox', {name: `Select ${name}`});

const notes = `CREATE TABLE note (id int PRIMARY KEY, author text, title text);
INSERT INTO note VALUES (1, 'key:anna', 'of Anna'), (2, 'key:ben', 'of Ben')`;

scenario('who has rights for own rows sees own deletions alone, in counts too; another’s address is not there', {
  open: {
    config: `${credentials}[roles]\npeople = { "*" = "*", owner = "author" }\n\n[[resource]]\ntable = "public.note"\npath = "notes"\n\n`,
    keys: {anna: 'people', ben: 'people'},
    sql: notes,
  },
}, async (visit, site) => {
  const own = await site.remove('notes/1', {key: site.keys.anna});
  const other = await site.remove('notes/2', {key: site.keys.ben});
  await visit.signIn('anna', '#/trash');
  await visit.reads('1–1 of 1 deletion');
  await visit.reads('of Anna');
  assert.equal(await visit.page.getByText('of Ben').count(), 0);
  await visit.go(`#/trash/${other}`);
  await visit.reads('Nothing is here');
  await visit.go(`#/trash/${own}`);
  await visit.title('of Anna');
});

scenario('what is trashed between a selection of all and its purge is seen: nothing goes, and the new number is told', {
  open: {sql: departments(60)},
}, async (visit, site) => {
  await site.api('DELETE', `/v1/departments?${where}=Bin`);
  await visit.open('#/trash?resource=departments');
  await visit.page.getByLabel('Select all on this page').check();
  await visit.act(() => visit.page.getByRole('button', {name: 'Select all 60 that match'}).click());
  await visit.press('Delete for good…');
  await visit.title('Delete 60 rows of 60 deletions for good?');
  await visit.page.getByLabel('Type 60, the number of rows').fill('60');
  const {data} = await site.api('GET', '/v1/trash?root=true&limit=1');
  await site.api('POST', `/v1/trash/${data[0].id}/$restore`);
  await visit.press('Delete 60 rows for good');
  await visit.reads('Changed meanwhile: it was 60 deletions, 60 rows. Now 59 deletions, 59 rows.');
  await visit.title('Delete 59 rows of 59 deletions for good?');
  assert.equal((await site.api('GET', '/v1/trash?root=true&limit=100')).data.length, 59);
});

scenario('a deletion of very many rows opens at once, its tree by pages', {
  open: {sql: `INSERT INTO task (project, name) SELECT '00000000-0000-4000-8000-000000000001', 'many ' || n FROM generate_series(1, 20000) n`},
}, async (visit, site) => {
  const item = await site.remove(project(1));
  await visit.open(`#/trash/${item}`);
  await visit.reads(/^20,\d+ rows in \d tables$/);
  await visit.page.locator('.tree summary', {hasText: 'task_project_fkey'}).click();
  const leaves = visit.page.locator('.tree .tree > li');
  await leaves.first().waitFor();
  assert.ok((await leaves.count()) <= 101);
  assert.ok((await visit.page.evaluate(() => document.querySelectorAll('*').length)) < 3000);
});

scenario('the service cannot be reached: the page says so, counts down, and goes on by itself', {}, async (visit, site) => {
  const item = await site.remove(project(2));
  const there = () => site.count('project', `id = '${project(2).split('/').at(-1)}'`);
  await visit.open(`#/trash/${item}/restore`);
  await visit.page.locator('[data-key=restore]').waitFor();
  await visit.page.route('**/v1/**', (route) => route.abort());
  await visit.act(() => visit.page.locator('[data-key=restore]').click());
  await visit.reads(/The service cannot be reached/);
  assert.equal(await there(), 0);
  visit.faults.length = 0; // the requests that were cut
  await visit.page.unroute('**/v1/**');
  await visit.page.locator('#done').waitFor();
  assert.equal(await there(), 1);
});
