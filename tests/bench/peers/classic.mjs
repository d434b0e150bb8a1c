// A trash by hand: a column `deleted_at` in each table, and an UPDATE for each table that a deletion takes. All
// rows of one deletion have the time of its transaction, by which a restore knows them.
import pg from "pg";
import { CONNECTIONS, serve, where } from "./server.mjs";

const pool = new pg.Pool({ ...where, max: CONNECTIONS });

const changed = async (connection, sql, id) => (await connection.query(sql, [id])).rowCount > 0;

async function transaction(work) {
  const connection = await pool.connect();
  try {
    await connection.query("BEGIN");
    const result = await work(connection);
    await connection.query("COMMIT");
    return result;
  } catch (error) {
    await connection.query("ROLLBACK");
    throw error;
  } finally {
    connection.release();
  }
}

// The statements are run in this order, the project's first; where it finds nothing the others are left out.
const TAKE_PROJECT = [
  "UPDATE project SET deleted_at = now() WHERE id = $1 AND deleted_at IS NULL",
  "UPDATE task SET deleted_at = now() WHERE project_id = $1 AND deleted_at IS NULL",
  "UPDATE member SET deleted_at = now() WHERE project_id = $1 AND deleted_at IS NULL",
  `UPDATE time_record SET deleted_at = now() WHERE deleted_at IS NULL
     AND task_id IN (SELECT id FROM task WHERE project_id = $1)`,
];
// Here the project is last: its time says which rows went with it.
const BRING_PROJECT = [
  "SELECT FROM project WHERE id = $1 AND deleted_at IS NOT NULL FOR UPDATE",
  `UPDATE task SET deleted_at = NULL FROM project p
     WHERE p.id = $1 AND task.project_id = p.id AND task.deleted_at = p.deleted_at`,
  `UPDATE member SET deleted_at = NULL FROM project p
     WHERE p.id = $1 AND member.project_id = p.id AND member.deleted_at = p.deleted_at`,
  `UPDATE time_record SET deleted_at = NULL FROM project p, task t
     WHERE p.id = $1 AND t.project_id = p.id AND time_record.task_id = t.id AND time_record.deleted_at = p.deleted_at`,
  "UPDATE project SET deleted_at = NULL WHERE id = $1",
];

const inOrder = ([first, ...others], id) =>
  transaction(async (connection) => {
    if (!(await changed(connection, first, id))) return false;
    for (const sql of others) await connection.query(sql, [id]);
    return true;
  });

await serve({
  ready: () => pool.query("SELECT 1"),
  read: async (table, id) =>
    (await pool.query(`SELECT * FROM ${table} WHERE id = $1 AND deleted_at IS NULL`, [id])).rows[0],
  list: async (table, limit) =>
    (await pool.query(`SELECT * FROM ${table} WHERE deleted_at IS NOT NULL ORDER BY deleted_at DESC LIMIT $1`, [limit]))
      .rows,
  remove: (table, id) =>
    table === "project"
      ? inOrder(TAKE_PROJECT, id)
      : changed(pool, "UPDATE time_record SET deleted_at = now() WHERE id = $1 AND deleted_at IS NULL", id),
  restore: (table, id) =>
    table === "project"
      ? inOrder(BRING_PROJECT, id)
      : changed(pool, "UPDATE time_record SET deleted_at = NULL WHERE id = $1 AND deleted_at IS NOT NULL", id),
  // The foreign keys take what hangs on it.
  purge: (table, id) => changed(pool, `DELETE FROM ${table} WHERE id = $1 AND deleted_at IS NOT NULL`, id),
});
