// The application in Knex: a transaction says who asks; statements with a builder delete.
import knexFactory from 'knex';

import { firstRows, follow } from './steps.mjs';

const knex = knexFactory({ client: 'pg', pool: { min: 0, max: 2 },
  connection: { host: process.env.PGHOST, user: process.env.PGUSER, database: process.env.PGDATABASE } });

// [recipe]
// One transaction for a request, on which the request does all that it does.
export function asRequestOf(who, work) {
  return knex.transaction(async (trx) => {
    await trx.raw("SELECT set_config('trashd.by', ?, true)", [who]);
    return work(trx);
  });
}
// [/recipe]

async function make() {
  const refer = (t, column, table, onDelete) => t.integer(column).references(`${table}.id`).onDelete(onDelete);
  await knex.schema
    .createTable('client', (t) => { t.increments(); t.string('name'); })
    .createTable('project', (t) => { t.increments(); refer(t, 'client', 'client', 'CASCADE').notNullable(); t.string('name'); })
    .createTable('task', (t) => {
      t.increments();
      refer(t, 'project', 'project', 'CASCADE').notNullable();
      refer(t, 'parent', 'task', 'CASCADE');
      t.string('name');
      t.timestamp('due');
    })
    .createTable('record', (t) => {
      t.increments();
      refer(t, 'project', 'project', 'CASCADE').notNullable();
      refer(t, 'task', 'task', 'SET NULL');
      t.double('hours');
    })
    .createTable('tag', (t) => { t.increments(); t.string('word'); })
    .createTable('taskTag', (t) => {
      refer(t, 'task', 'task', 'CASCADE');
      refer(t, 'tag', 'tag', 'CASCADE');
      t.primary(['task', 'tag']);
    })
    .createTable('invoice', (t) => { t.increments(); refer(t, 'client', 'client', 'RESTRICT'); t.decimal('amount'); });
}

async function fill() {
  for (const [table, { id, ...row }] of firstRows()) await knex(table).insert(row);
}

// As one who does not trust the database's cascades: the leaves first.
async function removeProject(trx, id) {
  const tasks = trx('task').select('id').where({ project: id });
  return [
    await trx('taskTag').whereIn('task', tasks).del(),
    await trx('record').where({ project: id }).update({ task: null }),
    await trx('record').where({ project: id }).del(),
    await trx('task').where({ project: id }).del(),
    await trx('project').where({ id }).del(),
  ];
}

await follow({
  make,
  fill,
  object: (who) => asRequestOf(who, (trx) => trx('client').where({ id: 1 }).del()),
  query: () => knex('record').where({ project: 3 }).del(),
  below: () => knex('project').where({ client: 2 }).del(),
  returning: () => knex('record').where({ project: 3 }).del().returning(['id', 'hours'])
    .then((rows) => rows.sort((a, b) => a.id - b.id)),
  savepoint: () => knex.transaction(async (trx) => {
    await trx.transaction(async (inner) => {
      await removeProject(inner, 3);
      throw new Error('not this one');
    }).catch(() => {});
    return removeProject(trx, 4);
  }),
  rollback: (who) => asRequestOf(who, async (trx) => {
    await trx('client').where({ id: 1 }).del();
    const [{ count }] = await trx('client').count();
    throw new Error(`${count} clients after the delete`);
  }),
  unrelated: () => knex.transaction(async (trx) =>
    [await removeProject(trx, 3), await trx('client').where({ id: 1 }).del()]),
  refused: () => knex('client').where({ id: 3 }).del(),
});
await knex.destroy();
