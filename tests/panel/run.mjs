// Runs the tests of the panel, all or those of the files named: run.mjs TRASHD [FILE...]. The last line is the sum.
import {readdirSync} from 'node:fs';
import {resolve} from 'node:path';
import {run} from 'node:test';
import {fileURLToPath} from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const [program, ...named] = process.argv.slice(2);
process.env.TRASHD_PROGRAM = resolve(program);
const files = (named.length ? named : readdirSync(here).filter((name) => name.endsWith('.test.mjs'))).map((name) => resolve(here, name));

const sums = {passed: 0, failed: 0};
function tell(good, {name, details, skip}) {
  if (files.includes(name) || skip !== undefined) return;
  sums[good ? 'passed' : 'failed'] += 1;
  console.log(`${good ? 'ok' : 'FAILED'}: ${name} (${Math.round(details.duration_ms)} ms)`);
  if (!good) console.log(details.error?.cause?.stack ?? details.error?.cause ?? details.error);
}

const names = process.env.PANEL_TEST; // a part of the names of those that are to run
const stream = run({files, concurrency: 1, ...(names && {testNamePatterns: [names]})});
stream.on('test:pass', (event) => tell(true, event));
stream.on('test:fail', (event) => tell(false, event));
stream.on('test:stderr', (event) => process.stderr.write(event.message));
stream.on('end', () => {
  console.log(`${sums.passed} passed, ${sums.failed} failed`);
  process.exitCode = sums.failed || !sums.passed ? 1 : 0;
});
stream.resume();
