// A trash by an ORM: Sequelize's paranoid models. `onDelete: "CASCADE"` reaches rows only where they are deleted for
// good, so hooks pass a deletion and its way back on to what hangs on a row, as is usual.
import { DataTypes as Type, Op, Sequelize } from "sequelize";
import { CONNECTIONS, serve, where } from "./server.mjs";

const { host, user, database } = where;
const orm = new Sequelize(database, user, null, {
  host,
  dialect: "postgres",
  logging: false,
  pool: { max: CONNECTIONS, acquire: 60000 },
});

const key = { type: Type.BIGINT, primaryKey: true };
const model = (table, columns) =>
  orm.define(table, columns, {
    freezeTableName: true,
    paranoid: true,
    deletedAt: "deleted_at",
    createdAt: "created" in columns ? "created" : false,
    updatedAt: false,
  });

const Project = model("project", {
  id: key,
  client_id: Type.BIGINT,
  name: Type.TEXT,
  budget: Type.DECIMAL(12, 2),
  created: Type.DATE,
});
const Task = model("task", {
  id: key,
  project_id: Type.BIGINT,
  name: Type.TEXT,
  billable: Type.BOOLEAN,
  created: Type.DATE,
});
const Member = model("member", { project_id: key, person_id: key, role: Type.TEXT });
const TimeRecord = model("time_record", {
  id: key,
  task_id: Type.BIGINT,
  impulse_id: Type.BIGINT,
  person: Type.TEXT,
  day: Type.DATEONLY,
  minutes: Type.INTEGER,
  rate: Type.DECIMAL(8, 2),
  billed: Type.BOOLEAN,
  note: Type.TEXT,
  tags: Type.ARRAY(Type.TEXT),
  created: Type.DATE,
  changed: Type.DATE,
});

// individualHooks: the children have children of their own, so each of them is loaded.
function passOn(parent, child, foreignKey, individualHooks) {
  parent.hasMany(child, { foreignKey });
  const children = (row, { transaction }) => ({ where: { [foreignKey]: row.id }, transaction, individualHooks });
  parent.addHook("afterDestroy", (row, options) => child.destroy(children(row, options)));
  parent.addHook("afterRestore", (row, options) => child.restore(children(row, options)));
}
passOn(Project, Task, "project_id", true);
passOn(Project, Member, "project_id", false);
passOn(Task, TimeRecord, "task_id", false);

const models = { project: Project, time_record: TimeRecord };
const deleted = { [Op.not]: null };

// One row needs no transaction, a project and what hangs on it does.
const atOnce = (table, work) => (table === "project" ? orm.transaction(work) : work(undefined));

await orm.authenticate();
await serve({
  ready: () => orm.query("SELECT 1"),
  read: (table, id) => models[table].findByPk(id),
  list: (table, limit) =>
    models[table].findAll({ where: { deleted_at: deleted }, paranoid: false, order: [["deleted_at", "DESC"]], limit }),
  remove: (table, id) =>
    atOnce(table, async (transaction) => {
      const row = await models[table].findByPk(id, { transaction });
      await row?.destroy({ transaction });
      return row;
    }),
  restore: (table, id) =>
    atOnce(table, async (transaction) => {
      const row = await models[table].findOne({ where: { id, deleted_at: deleted }, paranoid: false, transaction });
      await row?.restore({ transaction });
      return row;
    }),
  // The foreign keys take what hangs on it.
  purge: (table, id) => models[table].destroy({ where: { id, deleted_at: deleted }, force: true }),
});
