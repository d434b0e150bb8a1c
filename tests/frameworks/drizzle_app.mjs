// The application in Drizzle: a transaction says who asks; statements with a builder delete.
import { createRequire } from 'node:module';
import { eq, inArray, sql } from 'drizzle-orm';
import { drizzle } from 'drizzle-orm/node-postgres';
import { doublePrecision, integer, numeric, pgTable, primaryKey, serial, text, timestamp } from 'drizzle-orm/pg-core';
import pg from 'pg';

import { firstRows, follow } from './steps.mjs';

const pool = new pg.Pool({ max: 2 });
const db = drizzle(pool);

// [recipe]
// One transaction for a request, on which the request does all that it does.
export function asRequestOf(who, work) {
  return db.transaction(async (tx) => {
    await tx.execute(sql`SELECT set_config('trashd.by', ${who}, true)`);
    return work(tx);
  });
}
// [/recipe]

const cascade = { onDelete: 'cascade' };
const client = pgTable('client', { id: serial().primaryKey(), name: text() });
const project = pgTable('project', { id: serial().primaryKey(),
  clientId: integer('client_id').notNull().references(() => client.id, cascade), name: text() });
const task = pgTable('task', { id: serial().primaryKey(),
  projectId: integer('project_id').notNull().references(() => project.id, cascade),
  parentId: integer('parent_id').references(() => task.id, cascade), name: text(),
  due: timestamp({ withTimezone: true }) });
const record = pgTable('time_record', { id: serial().primaryKey(),
  projectId: integer('project_id').notNull().references(() => project.id, cascade),
  taskId: integer('task_id').references(() => task.id, { onDelete: 'set null' }), hours: doublePrecision() });
const tag = pgTable('tag', { id: serial().primaryKey(), word: text() });
const taskTag = pgTable('task_tag', { taskId: integer('task_id').notNull().references(() => task.id, cascade),
  tagId: integer('tag_id').notNull().references(() => tag.id, cascade) },
(table) => [primaryKey({ columns: [table.taskId, table.tagId] })]);
const invoice = pgTable('invoice', { id: serial().primaryKey(),
  clientId: integer('client_id').notNull().references(() => client.id), amount: numeric() });
const tables = { client, project, task, record, tag, taskTag, invoice };

async function make() {
  const { generateDrizzleJson, generateMigration } = createRequire(import.meta.url)('drizzle-kit/api');
  for (const statement of await generateMigration(generateDrizzleJson({}), generateDrizzleJson(tables)))
    await db.execute(sql.raw(statement));
}

const rowOf = {
  project: (row) => ({ clientId: row.client, name: row.name }),
  task: (row) => ({ projectId: row.project, parentId: row.parent, name: row.name, due: row.due }),
  record: (row) => ({ projectId: row.project, taskId: row.task, hours: row.hours }),
  taskTag: (row) => ({ taskId: row.task, tagId: row.tag }),
  invoice: (row) => ({ clientId: row.client, amount: row.amount }),
};

async function fill() {
  for (const [table, { id, ...row }] of firstRows())
    await db.insert(tables[table]).values(rowOf[table] ? rowOf[table](row) : row);
}

// As one who does not trust the database's cascades: the leaves first.
async function removeProject(tx, id) {
  const tasks = tx.select({ id: task.id }).from(task).where(eq(task.projectId, id));
  await tx.delete(taskTag).where(inArray(taskTag.taskId, tasks));
  const records = await tx.delete(record).where(eq(record.projectId, id));
  const gone = await tx.delete(task).where(eq(task.projectId, id)).returning({ id: task.id });
  const itself = await tx.delete(project).where(eq(project.id, id));
  return [records.rowCount, gone.length, itself.rowCount];
}

await follow({
  make,
  fill,
  object: (who) => asRequestOf(who, async (tx) => (await tx.delete(client).where(eq(client.id, 1))).rowCount),
  query: async () => (await db.delete(record).where(eq(record.projectId, 3))).rowCount,
  below: async () => (await db.delete(project).where(eq(project.clientId, 2))).rowCount,
  returning: async () => (await db.delete(record).where(eq(record.projectId, 3)).returning()).sort((a, b) => a.id - b.id),
  savepoint: () => db.transaction(async (tx) => {
    await tx.transaction(async (inner) => {
      await removeProject(inner, 3);
      inner.rollback();
    }).catch(() => {});
    return removeProject(tx, 4);
  }),
  rollback: (who) => asRequestOf(who, async (tx) => {
    await tx.delete(client).where(eq(client.id, 1));
    throw new Error(`${await tx.$count(client)} clients after the delete`);
  }),
  unrelated: () => db.transaction(async (tx) =>
    [await removeProject(tx, 3), (await tx.delete(client).where(eq(client.id, 1))).rowCount]),
  refused: async () => (await db.delete(client).where(eq(client.id, 3))).rowCount,
});
await pool.end();
