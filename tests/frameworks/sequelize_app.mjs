// The application in Sequelize: a transaction says who asks; hooks and the database's cascades delete.
import { DataTypes, Sequelize } from 'sequelize';

import { firstRows, follow } from './steps.mjs';

const sequelize = new Sequelize({ dialect: 'postgres', host: process.env.PGHOST, database: process.env.PGDATABASE,
  username: process.env.PGUSER, logging: false, pool: { max: 2 } });

// [recipe]
// One transaction for a request: every query of it takes { transaction }.
export function asRequestOf(who, work) {
  return sequelize.transaction(async (transaction) => {
    await sequelize.query("SELECT set_config('trashd.by', $1, true)", { bind: [who], transaction });
    return work(transaction);
  });
}
// [/recipe]

const taken = { onDelete: 'CASCADE', hooks: true };
const Client = sequelize.define('Client', { name: DataTypes.STRING }, { timestamps: false });
const Project = sequelize.define('Project', { name: DataTypes.STRING }, { timestamps: false });
const Task = sequelize.define('Task', { name: DataTypes.STRING, due: DataTypes.DATE });
const TimeRecord = sequelize.define('TimeRecord', { hours: DataTypes.DOUBLE }, { timestamps: false });
const Tag = sequelize.define('Tag', { word: DataTypes.STRING }, { timestamps: false });
const TaskTag = sequelize.define('TaskTag', {}, { timestamps: false });
const Invoice = sequelize.define('Invoice', { amount: DataTypes.DECIMAL(10, 2) }, { timestamps: false });
Client.hasMany(Project, { ...taken, foreignKey: { name: 'clientId', allowNull: false } });
Project.hasMany(Task, { ...taken, foreignKey: { name: 'projectId', allowNull: false } });
Project.hasMany(TimeRecord, { ...taken, foreignKey: { name: 'projectId', allowNull: false } });
Task.hasMany(Task, { ...taken, as: 'children', foreignKey: 'parentId' });
Task.hasMany(TimeRecord, { onDelete: 'SET NULL', foreignKey: 'taskId' });
Task.belongsToMany(Tag, { through: TaskTag, foreignKey: 'taskId' });
Tag.belongsToMany(Task, { through: TaskTag, foreignKey: 'tagId' });
Client.hasMany(Invoice, { onDelete: 'RESTRICT', foreignKey: { name: 'clientId', allowNull: false } });

const rowOf = {
  client: (row) => Client.create({ name: row.name }),
  project: (row) => Project.create({ clientId: row.client, name: row.name }),
  task: (row) => Task.create({ projectId: row.project, parentId: row.parent, name: row.name, due: row.due }),
  record: (row) => TimeRecord.create({ projectId: row.project, taskId: row.task, hours: row.hours }),
  tag: (row) => Tag.create({ word: row.word }),
  taskTag: (row) => TaskTag.create({ taskId: row.task, tagId: row.tag }),
  invoice: (row) => Invoice.create({ clientId: row.client, amount: row.amount }),
};

await follow({
  async make() {
    await sequelize.sync();
  },
  async fill() {
    for (const [table, row] of firstRows()) await rowOf[table](row);
  },
  object: (who) => asRequestOf(who, async (transaction) => {
    const client = await Client.findByPk(1, { transaction });
    await client.destroy({ transaction });
    return Client.count({ transaction });
  }),
  alone: async () => { // each row that a hook deletes is a transaction
    const client = await Client.findByPk(1);
    await client.destroy();
    return [await Client.count(), await Project.count(), await Task.count(), await TimeRecord.count()];
  },
  query: () => TimeRecord.destroy({ where: { projectId: 3 } }),
  below: () => Project.destroy({ where: { clientId: 2 } }),
  savepoint: () => sequelize.transaction(async (transaction) => {
    await sequelize.transaction({ transaction }, async (inner) => {
      await Project.destroy({ where: { id: 3 }, transaction: inner });
      throw new Error('not this one');
    }).catch(() => {});
    return Project.destroy({ where: { id: 4 }, transaction });
  }),
  rollback: (who) => asRequestOf(who, async (transaction) => {
    const client = await Client.findByPk(1, { transaction });
    await client.destroy({ transaction });
    throw new Error(`${await Client.count({ transaction })} clients after the delete`);
  }),
  unrelated: () => sequelize.transaction(async (transaction) => [
    await Project.destroy({ where: { id: 3 }, individualHooks: true, transaction }),
    await Client.destroy({ where: { id: 1 }, transaction })]),
  refused: () => Client.destroy({ where: { id: 3 } }),
});
await sequelize.close();
