import {assert, scenario} from './world.mjs';

const departments = (count) => `INSERT INTO department (name) SELECT 'Bin ' || lpad(n::text, 3, '0') FROM generate_series(1, ${count}) n`;
const where = encodeURIComponent('where[name][contains]');
const binAll = (site) => site.api('DELETE', `/v1/departments?${where}=Bin`);
const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;
const box = (visit, name) => visit.page.getByRole('checkbox', {name: `Select ${name}`});

scenario('a selection is kept over pages: the bar counts it, the boxes are ticked on return, and it is restored', {
  open: {sql: departments(120)},
}, async (visit, site) => {
  await binAll(site);
  const before = await site.count('department');
  await visit.open('#/trash?sort=displayName');
  await box(visit, 'Bin 002').check();
  await visit.press('Next', 'link');
  await visit.reads('51–100 of 120 deletions');
  await visit.press('Next', 'link');
  await visit.reads('101–120 of 120 deletions');
  await box(visit, 'Bin 111').check();
  await visit.reads('2 deletions selected, 2 rows, from 2 pages');
  assert.ok(await visit.page.getByLabel('Select all on this page').evaluate((one) => one.indeterminate));
  await visit.press('Previous', 'link');
  await visit.reads('51–100 of 120 deletions');
  await visit.press('Previous', 'link');
  await visit.reads('1–50 of 120 deletions');
  assert.ok(await box(visit, 'Bin 002').isChecked());
  await visit.press('Restore…');
  await visit.title('Restore 2 deletions?');
  await visit.press('Restore 2 rows');
  await visit.title('Restored 2 deletions: 2 rows');
  assert.equal(await site.count('department'), before + 2);
  assert.equal(await site.count('department', `name IN ('Bin 002', 'Bin 111')`), 2);
});

scenario('all that match are deleted for good, and nothing else; a changed filter drops the selection', {
  open: {sql: departments(60)},
}, async (visit, site) => {
  await binAll(site);
  const other = await site.remove(project(1));
  await visit.open('#/trash?resource=departments');
  await visit.reads('1–50 of 60 deletions');
  await visit.page.getByLabel('Select all on this page').check();
  await visit.act(() => visit.page.getByRole('button', {name: 'Select all 60 that match'}).click());
  await visit.reads('All 60 deletions that match are selected');
  await visit.press(/^Clear 1 filter/, 'link');
  await visit.reads(/nothing is selected any more/);
  await visit.page.goBack();
  await visit.reads('1–50 of 60 deletions');
  await visit.page.getByLabel('Select all on this page').check();
  await visit.act(() => visit.page.getByRole('button', {name: 'Select all 60 that match'}).click());
  await visit.press('Delete for good…');
  await visit.title('Delete 60 rows of 60 deletions for good?');
  await visit.page.getByLabel('Type 60, the number of rows').fill('60');
  await visit.press('Delete 60 rows for good');
  await visit.title('Deleted 60 deletions for good: 60 rows');
  const {data} = await site.api('GET', '/v1/trash?root=true');
  assert.deepEqual(data.map(({id}) => id), [other]);
});

scenario('emptying tells its filter in words and takes just that', {}, async (visit, site) => {
  const [[department]] = await site.sql(`INSERT INTO department (name) VALUES ('Old') RETURNING id`);
  await site.remove(`departments/${department}`);
  const kept = await site.remove(project(1));
  await visit.open('#/trash?resource=departments');
  await visit.press('Empty…', 'link');
  await visit.reads('1 deletion, 1 row');
  await visit.reads('Department');
  await visit.page.getByLabel('Type 1, the number of rows').fill('1');
  await visit.press('Delete 1 row for good');
  await visit.title('Deleted 1 deletion for good: 1 row');
  const {data} = await site.api('GET', '/v1/trash?root=true');
  assert.deepEqual(data.map(({id}) => id), [kept]);
});
