// What one is told beside what was asked for: what a purge leaves behind, how far an operation is, times as one reads them.
import {assert, scenario} from './world.mjs';

const project = (n) => `time/projects/00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

scenario('before a deletion is deleted for good, those that stay in the trash and refer to it are named', {
  open: {
    sql: `INSERT INTO task (id, project, name)
SELECT ('00000000-0000-4000-9000-' || lpad(n::text, 12, '0'))::uuid, '00000000-0000-4000-8000-000000000001', 'apart ' || n FROM generate_series(1, 22) n`,
  },
}, async (visit, site) => {
  const task = (n) => `time/tasks/00000000-0000-4000-9000-${String(n).padStart(12, '0')}`;
  for (let n = 1; n <= 22; n += 1) await site.remove(task(n));
  const item = await site.remove(project(1));
  const alone = await site.remove(project(2));
  await visit.open(`#/trash/${item}/purge`);
  await visit.reads('22 deletions that stay in the trash refer to this, and cannot come back as they were then:');
  const note = visit.page.locator('.note', {hasText: 'refer to this'});
  assert.equal(await note.getByRole('listitem').count(), 20);
  assert.match(await note.innerText(), /and 2 more/);
  await note.getByRole('link', {name: 'apart 22'}).click();
  await visit.title('apart 22');
  await visit.go(`#/trash/${alone}/purge`);
  await visit.reads(/are deleted for good$/);
  assert.equal(await visit.page.locator('.note', {hasText: 'refer to this'}).count(), 0);
});
