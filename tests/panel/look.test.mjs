import {readFileSync} from 'node:fs';
import {assert, require, scenario} from './world.mjs';

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

async function screens(site) {
  const project = '00000000-0000-4000-8000-000000000001';
  const trashed = await site.remove(`time/projects/${project}?reason=wrong%20client`);
  const [[task]] = await site.sql(`SELECT id FROM task LIMIT 1`);
  const [[parent]] = await site.sql(`SELECT project FROM task WHERE id = '${task}'`);
  const conflict = await site.remove(`time/tasks/${task}`);
  await site.remove(`time/projects/${parent}`);
  const client = '00000000-0000-4000-8001-000000000009';
  return {
    overview: '#/',
    trash: '#/trash',
    rows: '#/trash?view=rows',
    group: `#/trash/${trashed}`,
    restore: `#/trash/${trashed}/restore`,
    conflict: `#/trash/${conflict}/restore`,
    purge: `#/trash/${trashed}/purge`,
    resources: '#/rows',
    live: '#/rows/time%2Fclients',
    object: `#/rows/time%2Fclients/${client}`,
    delete: `#/delete/time%2Fclients?id=${client}`,
    history: '#/history',
    holds: '#/holds',
    storage: '#/storage',
    operations: '#/operations',
    health: '#/admin/health',
    keys: '#/admin/keys',
    roles: '#/admin/roles',
    empty: '#/empty',
    recent: '#/recent',
    settings: '#/settings',
  };
}

// Nothing is left to be read and no number is on its way.
async function settle(visit) {
  await visit.page.waitForFunction(() => !document.querySelector('main .skeleton, main .old'));
  await visit.page.waitForTimeout(200);
}

// Words that go out of what holds them, a button or whatever cuts what is too long, or out of the window.
function cutWords() {
  const hasWords = (one) => [...one.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim());
  const isCut = (one) => {
    const range = document.createRange();
    range.selectNodeContents(one);
    const inner = range.getBoundingClientRect();
    for (let box = one; box !== document.body; box = box.parentElement) {
      const {overflowX, textOverflow, clipPath} = getComputedStyle(box);
      if (overflowX === 'auto' || overflowX === 'scroll' || clipPath !== 'none') return false;
      if (overflowX === 'visible' && !box.matches('button, .button, .chip, .badge')) continue;
      const outer = box.getBoundingClientRect();
      if (inner.right > outer.right + 1 || inner.left < outer.left - 1) return textOverflow !== 'ellipsis' || !box.title;
    }
    return inner.right > innerWidth + 1 || inner.left < -1;
  };
  return [...document.body.querySelectorAll('*')]
    .filter((one) => hasWords(one) && one.checkVisibility() && !one.closest('.spoken, .skip') && isCut(one))
    .map((one) => one.outerHTML.slice(0, 200));
}

// What stays in place while one scrolls leaves room for what one reads.
function stuck() {
  return [...document.querySelectorAll('body *')]
    .filter((one) => /sticky|fixed/.test(getComputedStyle(one).position) && one.checkVisibility() && !one.closest('.skip'))
    .map((one) => one.getBoundingClientRect())
    .filter(({width, height}) => width > innerWidth / 2 && height > innerHeight * 0.4).length;
}

// Without colours of its own a button has an edge, what is chosen a thicker one, and what is off is grey.
function formless() {
  const edge = (one) => parseFloat(getComputedStyle(one).borderTopWidth);
  const all = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility());
  const off = ':is(.off, [aria-disabled=true])';
  const grey = document.body.appendChild(document.createElement('i'));
  grey.style.color = 'GrayText';
  const {color} = getComputedStyle(grey);
  grey.remove();
  return [
    ...all('main :is(button, .button):not(.quiet, .sort), main :is(input:not([type=checkbox], [type=radio]), select)').filter((one) => !edge(one)),
    ...all('.switch a[aria-current=false]').filter((one) => edge(one) >= 2),
    ...all('.switch a[aria-current=true]').filter((one) => edge(one) < 2),
    ...all(`main ${off}`).filter((one) => getComputedStyle(one).color !== color),
  ].map((one) => one.outerHTML.slice(0, 200));
}

async function showsFocus(visit) {
  await visit.page.keyboard.press('Tab');
  return visit.page.evaluate(() => {
    const {outlineStyle, outlineWidth} = getComputedStyle(document.activeElement);
    return outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2;
  });
}

async function check(visit, name, look) {
  const axeFound = await visit.page.evaluate(
    async (tags) => (await window.axe.run(document, {runOnly: tags})).violations.map(({id, nodes}) => `${id}: ${nodes[0].html}`),
    rules,
  );
  const over = await visit.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  const found = [...axeFound, ...(over > 0 ? [`goes ${over} px to the side`] : [])];
  found.push(...(await visit.page.evaluate(cutWords)).map((one) => `cut: ${one}`));
  if (await visit.page.evaluate(stuck)) found.push('little room beside what stays in place');
  if (look.forcedColors) {
    found.push(...(await visit.page.evaluate(formless)).map((one) => `has no form: ${one}`));
    if (!(await showsFocus(visit))) found.push('no focus to be seen');
  }
  if (look.reducedMotion && (await visit.page.evaluate(() => document.getAnimations().length))) found.push('moves');
  return found.map((one) => `${name}: ${one}`);
}

async function walk(visit, site, name, look) {
  await visit.page.addInitScript(axe);
  const list = await screens(site);
  const found = [];
  await visit.open();
  for (const [screen, address] of Object.entries(list)) {
    await visit.go(address);
    await settle(visit);
    if (process.env.PANEL_PICTURES) await visit.page.screenshot({path: `${process.env.PANEL_PICTURES}/${screen}-${name}.png`, fullPage: false});
    found.push(...(await check(visit, screen, look)));
  }
  assert.deepEqual(found, []);
}

const looks = {
  'light, wide': {viewport: {width: 1280, height: 900}, colorScheme: 'light'},
  'dark, wide': {viewport: {width: 1280, height: 900}, colorScheme: 'dark'},
  'light, of a phone': {viewport: {width: 390, height: 844}, colorScheme: 'light', hasTouch: true, isMobile: true},
  // A window of 1280 by 1024 at 400 % has room for as much.
  'dark, German, at 400 %': {viewport: {width: 320, height: 256}, colorScheme: 'dark', locale: 'de'},
  'forced colours, nothing moves, German': {viewport: {width: 1280, height: 900}, forcedColors: 'active', reducedMotion: 'reduce', locale: 'de'},
};

for (const [name, look] of Object.entries(looks)) {
  scenario(`every screen, ${name}: no fault that axe knows, nothing goes to the side`, {look}, (visit, site) => walk(visit, site, name.replaceAll(/\W+/g, '-'), look));
}
