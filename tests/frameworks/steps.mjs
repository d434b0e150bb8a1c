// How an application is led: each line of its input names a step, each line of its output says what came of it.
import { createInterface } from 'node:readline';

// steps: functions by name; the words behind a name on its line are their arguments.
export async function follow(steps) {
  for await (const line of createInterface({ input: process.stdin })) {
    const [name, ...args] = line.split(' ');
    let told;
    try {
      told = await steps[name](...args);
    } catch (error) { // the application's users would see it; drivers put the database's words into the cause
      told = { error: `${error.name}: ${error.message}`, cause: error.cause?.message, code: error.cause?.code };
    }
    console.log(JSON.stringify(told ?? null));
  }
}

// The rows that every application begins with: [table, row] in an order in which they can go in.
export function* firstRows() {
  let record = 0;
  const names = ['Nord & Söhne', 'South', 'East'];
  for (const [i, name] of names.entries()) yield ['client', { id: i + 1, name }];
  for (let p = 1; p <= 6; p++) yield ['project', { id: p, client: Math.ceil(p / 2), name: `project ${p}` }];
  for (let t = 1; t <= 24; t++) {
    const place = (t - 1) % 4;
    yield ['task', { id: t, project: Math.ceil(t / 4), parent: place === 1 || place === 2 ? t - 1 : null, name: `task ${t}`,
      due: new Date(Date.UTC(2026, 0, t, 3, 4, 5, 678)) }];
  }
  for (let t = 1; t <= 24; t++)
    for (const hours of [t / 3, t / 7]) yield ['record', { id: ++record, project: Math.ceil(t / 4), task: t, hours }];
  for (let p = 1; p <= 6; p++) yield ['record', { id: ++record, project: p, task: null, hours: p }];
  yield ['record', { id: ++record, project: 5, task: 1, hours: 0.1 }]; // of another client's project
  for (const [i, word] of ['red', 'green', 'blue'].entries()) yield ['tag', { id: i + 1, word }];
  for (let t = 1; t <= 24; t++) for (const n of [t, t + 1]) yield ['taskTag', { task: t, tag: 1 + n % 3 }];
  yield ['invoice', { id: 1, client: 3, amount: '12.50' }];
}
