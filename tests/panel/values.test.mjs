// What is shown of a deletion and of values, however odd they are.
import {assert, scenario} from './world.mjs';

scenario('the largest deletion of the demo: 564 rows in 6 tables, the tree counts 500, 40, 9, 8 and 6, and each opens to as many', {}, async (visit, site) => {
  const item = await site.remove('time/projects/00000000-0000-4000-8000-000000000042');
  await visit.open(`#/trash/${item}`);
  await visit.reads('564 rows in 6 tables');
  const branches = visit.page.locator('.tree > li > details');
  await branches.first().waitFor();
  const numbers = (await branches.locator('> summary b').allInnerTexts()).map(Number);
  assert.deepEqual(numbers.sort((one, other) => other - one), [500, 40, 9, 8, 6]);
  for (const many of [40, 6]) {
    const branch = branches.filter({has: visit.page.locator('summary b', {hasText: new RegExp(`^${many}$`)})});
    await branch.locator('> summary').click();
    await branch.locator('.tree > li').nth(many - 1).waitFor();
    assert.equal(await branch.locator('.tree > li').count(), many);
    await branch.locator('> summary').click();
  }
  const largest = branches.filter({has: visit.page.locator('summary b', {hasText: /^500$/})});
  await largest.locator('> summary').click();
  await largest.locator('.tree > li').nth(99).waitFor();
  assert.equal(await largest.locator('.tree > li').count(), 100);
  await visit.act(() => largest.getByRole('button', {name: 'Show more'}).click());
  await largest.locator('.tree > li').nth(299).waitFor();
  const chips = (await visit.page.locator('.card .chip b').allInnerTexts()).map(Number);
  assert.equal(chips.reduce((sum, one) => sum + one, 0), 564);
});

const markup = '<img src=x onerror="window.hit=1">';
const odd = `CREATE TABLE odd (id int PRIMARY KEY, name text, doc json, tree jsonb, bin bytea, big text, script text, hidden text);
INSERT INTO odd SELECT 1, 'Odd one', '{"nul": "\\u0000", "html": "<script>window.hit=1</script>"}', '{"list": [1, {"deep": null}]}',
  decode(repeat('deadbeef', 512), 'hex'), repeat('${markup}', 31000) || 'the end', 'שלום', 'a' || chr(1) || 'b' || chr(8203) || 'c'`;

// The same values on whichever page shows the row.
async function looksOdd(visit) {
  const field = (name) => visit.page.locator('.fields > div', {has: visit.page.locator('dt', {hasText: new RegExp(`^${name} `)})}).locator('dd');
  const long = markup.length * 31000 + 7;
  await field('doc').getByText('"nul": "\\u0000"').waitFor();
  assert.match(await field('doc').innerText(), /<script>window\.hit=1<\/script>/);
  assert.match(await field('tree').innerText(), /"list": \[\s*1,\s*\{\s*"deep": null\s*\}\s*\]/);
  assert.equal(await field('bin').innerText(), '2,048 bytes of binary data');
  assert.equal(await field('hidden').innerText(), 'aU+0001bU+200Bc');
  assert.equal(await field('script').locator('bdi').evaluate((one) => getComputedStyle(one).direction), 'rtl');
  assert.ok((await field('big').innerText()).length < 500);
  await visit.act(() => field('big').getByRole('button', {name: `Show all ${long.toLocaleString('en')} characters`}).click());
  assert.equal((await field('big').locator('bdi').textContent()).length, long);
  await visit.act(() => field('big').getByRole('button', {name: 'Show less'}).click());
  assert.ok((await field('big').innerText()).length < 500);
  assert.equal(await visit.page.locator('main img, main script').count(), 0);
  assert.equal(await visit.page.evaluate(() => window.hit), undefined);
  assert.ok((await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth)) <= 0);
}

scenario('JSON, bytes, a megabyte of markup, right-to-left and invisible characters: shown as what they are, folded, and nothing of it runs', {
  open: {sql: odd},
}, async (visit, site) => {
  await visit.open('#/rows/odd/1');
  await visit.title('Odd one');
  await looksOdd(visit);
  await visit.go('#/rows/odd');
  await visit.reads('1–1 of 1 row');
  assert.ok((await visit.page.locator('tbody').innerText()).length < 1000);
  const item = await site.remove('odd/1');
  await visit.go(`#/trash/${item}`);
  await visit.title('Odd one');
  await looksOdd(visit);
  await site.sql(`INSERT INTO odd VALUES (1, 'In the way', '{}', '{}', '', '', '', '')`);
  await visit.go(`#/trash/${item}/restore`);
  await visit.page.locator('.beside summary').click();
  await visit.page.locator('.beside').getByText('2,048 bytes of binary data').waitFor();
  assert.ok((await visit.page.locator('.beside').innerText()).length < 2000);
  assert.equal(await visit.page.evaluate(() => window.hit), undefined);
});
