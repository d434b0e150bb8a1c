// The application in TypeORM: a transaction says who asks; remove, delete and a query builder delete.
import 'reflect-metadata';
import { DataSource, EntitySchema } from 'typeorm';

import { firstRows, follow } from './steps.mjs';

const key = { type: 'int', primary: true, generated: true };
const to = (target, column, onDelete, nullable = false) =>
  ({ type: 'many-to-one', target, joinColumn: { name: column }, onDelete, nullable });
const entity = (name, columns, relations = {}) => new EntitySchema({ name, columns: { id: key, ...columns }, relations });
const name = { type: 'varchar' };

const entities = [
  entity('Client', { name }),
  entity('Project', { name }, { client: to('Client', 'clientId', 'CASCADE') }),
  entity('Task', { name, due: { type: 'timestamptz' } }, {
    project: to('Project', 'projectId', 'CASCADE'),
    parent: to('Task', 'parentId', 'CASCADE', true),
    tags: { type: 'many-to-many', target: 'Tag', joinTable: { name: 'task_tag' } },
  }),
  entity('TimeRecord', { hours: { type: 'double precision' } },
    { project: to('Project', 'projectId', 'CASCADE'), task: to('Task', 'taskId', 'SET NULL', true) }),
  entity('Tag', { word: { type: 'varchar' } }),
  entity('Invoice', { amount: { type: 'numeric', precision: 10, scale: 2 } },
    { client: to('Client', 'clientId', 'RESTRICT') }),
];
const dataSource = new DataSource({ type: 'postgres', host: process.env.PGHOST, database: process.env.PGDATABASE,
  username: process.env.PGUSER, entities });
await dataSource.initialize();

// [recipe]
// One transaction for a request, whose manager does all that the request does.
export function asRequestOf(who, work) {
  return dataSource.transaction(async (manager) => {
    await manager.query("SELECT set_config('trashd.by', $1, true)", [who]);
    return work(manager);
  });
}
// [/recipe]

const id = (value) => value && { id: value };
const rowOf = {
  client: (row) => ['Client', { name: row.name }],
  project: (row) => ['Project', { client: id(row.client), name: row.name }],
  task: (row) => ['Task', { project: id(row.project), parent: id(row.parent), name: row.name, due: row.due,
    tags: [id(1 + row.id % 3), id(1 + (row.id + 1) % 3)] }],
  record: (row) => ['TimeRecord', { project: id(row.project), task: id(row.task), hours: row.hours }],
  tag: (row) => ['Tag', { word: row.word }],
  invoice: (row) => ['Invoice', { client: id(row.client), amount: row.amount }],
};

async function fill() {
  const all = [...firstRows()].filter(([table]) => table !== 'taskTag'); // which tasks bring along themselves
  const first = all.filter(([table]) => table === 'tag');
  for (const [table, row] of [...first, ...all.filter((one) => !first.includes(one))])
    await dataSource.manager.save(...rowOf[table](row));
}

const removed = async (manager, target, key) => manager.remove(target, await manager.findOneByOrFail(target, { id: key }));

await follow({
  make: () => dataSource.synchronize(),
  fill,
  object: (who) => asRequestOf(who, (manager) => removed(manager, 'Client', 1)),
  query: () => dataSource.manager.delete('TimeRecord', { project: { id: 3 } }),
  below: () => dataSource.manager.delete('Project', { client: { id: 2 } }),
  returning: async () => {
    const { affected, raw } = await dataSource.createQueryBuilder().delete().from('TimeRecord')
      .where('"projectId" = 3').returning('*').execute();
    return [affected, raw.sort((a, b) => a.id - b.id)];
  },
  savepoint: () => dataSource.transaction(async (manager) => {
    await manager.transaction(async (inner) => {
      await removed(inner, 'Project', 3);
      throw new Error('not this one');
    }).catch(() => {});
    return removed(manager, 'Project', 4);
  }),
  rollback: (who) => asRequestOf(who, async (manager) => {
    await removed(manager, 'Client', 1);
    throw new Error(`${await manager.count('Client')} clients after the delete`);
  }),
  unrelated: () => dataSource.transaction(async (manager) =>
    [await removed(manager, 'Project', 3), await removed(manager, 'Client', 1)]),
  refused: () => dataSource.manager.delete('Client', { id: 3 }),
});
await dataSource.destroy();
