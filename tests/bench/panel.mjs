// Drives the web panel in Chromium and prints what was measured as JSON: panel.mjs '{"base": ..., "big": ..., ...}'.
// Times of a page are its own: they begin with the click and end when what was asked for has been painted.
import {createRequire} from 'node:module';

const require = createRequire(new URL('../../panel/package.json', import.meta.url));
const {chromium} = require('playwright-core');

const asked = JSON.parse(process.argv[2]);
const ROWS = 'main tbody tr[data-row]';

const profiles = {
  local: null,
  slowed: {latency: 150, downloadThroughput: 1.6e6 / 8, uploadThroughput: 0.75e6 / 8, offline: false},
};
const CPU = 4; // times slower, in the slowed profile

function spreadOf(values) {
  const sorted = [...values].sort((one, other) => one - other);
  return {median: sorted[Math.floor(sorted.length / 2)], worst: sorted.at(-1), count: sorted.length};
}

// How long the same work takes, so that figures of a busy machine are known for what they are.
function calibrate() {
  const start = performance.now();
  let value = 1;
  for (let turn = 0; turn < 2e7; turn += 1) value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) + turn;
  return value === 0.5 ? 0 : performance.now() - start;
}

const calibrations = [];

// What every page knows: when the first row of data was there, the largest paint, the longest answers to what one does.
function instrument() {
  const seen = {row: null, lcp: 0, answers: [], mostRows: 0};
  window.seen = seen;
  performance.setResourceTimingBufferSize(10_000);
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) seen.lcp = entry.startTime;
  }).observe({type: 'largest-contentful-paint', buffered: true});
  new PerformanceObserver((list) => {
    for (const {name, duration, interactionId} of list.getEntries()) if (interactionId) seen.answers.push({name, duration});
  }).observe({type: 'event', durationThreshold: 16, buffered: true});
  const look = () => {
    const rows = document.querySelectorAll('main tbody tr[data-row], main ul.lines li, main ul.tree li, main dl.facts dd').length;
    seen.mostRows = Math.max(seen.mostRows, rows);
    if (rows && seen.row === null) {
      seen.row = 0;
      requestAnimationFrame(() =>
        setTimeout(() => {
          seen.row = performance.now();
          window.rowShown('');
        }),
      );
    }
  };
  new MutationObserver(look).observe(document, {childList: true, subtree: true});

  // From now until the condition holds and has been painted.
  window.timed = async (action, done) => {
    const start = performance.now();
    action();
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`nothing came at ${location.hash}`)), 60_000);
      const observer = new MutationObserver(() => {
        if (!done()) return;
        clearTimeout(timer);
        observer.disconnect();
        resolve();
      });
      observer.observe(document, {childList: true, subtree: true, attributes: true, characterData: true});
    });
    await new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
    return performance.now() - start;
  };
}

class Tab {
  static async open(browser, profile) {
    const tab = new Tab();
    tab.context = await browser.newContext({viewport: {width: 1280, height: 900}, locale: 'en'});
    tab.page = await tab.context.newPage();
    tab.page.setDefaultTimeout(60_000);
    await tab.page.addInitScript(instrument);
    tab.session = await tab.context.newCDPSession(tab.page);
    await tab.session.send('Performance.enable');
    // The page calls by itself: what asks it again and again is a script of 300 KB, which a slow processor reads first.
    await tab.session.send('Runtime.enable');
    await tab.session.send('Runtime.addBinding', {name: 'rowShown'});
    tab.shown = new Promise((done) => tab.session.once('Runtime.bindingCalled', done));
    if (profile) {
      await tab.session.send('Network.enable');
      await tab.session.send('Network.emulateNetworkConditions', profile);
      await tab.session.send('Emulation.setCPUThrottlingRate', {rate: CPU});
    }
    tab.urls = [];
    tab.page.on('request', (request) => tab.urls.push(request.url()));
    return tab;
  }

  close() {
    return this.context.close();
  }
}

const most = {rows: 0, atOnce: 0, nodes: 0};

async function note(tab) {
  const {mostRows, atOnce} = await tab.page.evaluate(() => {
    const spans = performance.getEntriesByType('resource').filter(({name}) => !/^data:|app\.(js|css)$/.test(name));
    const running = ({startTime}) => spans.filter((other) => other.startTime <= startTime && startTime < other.responseEnd).length;
    return {mostRows: window.seen.mostRows, atOnce: Math.max(0, ...spans.map(running))};
  });
  const {metrics} = await tab.session.send('Performance.getMetrics');
  most.rows = Math.max(most.rows, mostRows);
  most.atOnce = Math.max(most.atOnce, atOnce);
  most.nodes = Math.max(most.nodes, metrics.find(({name}) => name === 'Nodes').value);
}

async function load(browser, address, profile) {
  const tab = await Tab.open(browser, profiles[profile]);
  await tab.page.goto(`${asked.base}/panel/${address}`, {waitUntil: 'commit'});
  await tab.shown;
  await tab.page.waitForTimeout(300);
  const found = await tab.page.evaluate(() => {
    const entries = performance.getEntriesByType('resource').filter(({name}) => !name.startsWith('data:'));
    return {
      row: window.seen.row,
      lcp: window.seen.lcp,
      before: 1 + entries.filter(({responseEnd}) => responseEnd < window.seen.row).length,
      steps: entries.map(({name, startTime, responseStart, responseEnd, encodedBodySize}) => ({
        name: name.replace(location.origin, ''), start: startTime, first: responseStart, end: responseEnd, bytes: encodedBodySize,
      })),
    };
  });
  await note(tab);
  await tab.close();
  return found;
}

async function loads(browser) {
  const result = {};
  for (const [screen, address] of Object.entries({overview: '', trash: '#/trash', deletion: `#/trash/${asked.big}`})) {
    result[screen] = {};
    for (const profile of Object.keys(profiles)) {
      const found = [];
      const loops = [];
      for (let turn = 0; turn < asked.loads; turn += 1) {
        loops.push(calibrate());
        found.push(await load(browser, address, profile));
      }
      calibrations.push(...loops);
      process.stderr.write(`${screen}, ${profile}: first row ${found.map(({row}) => Math.round(row))} ms, calibration ${loops.map(Math.round)} ms\n`);
      result[screen][profile] = {
        row_ms: spreadOf(found.map(({row}) => row)),
        lcp_ms: spreadOf(found.map(({lcp}) => lcp)),
        before_row: Math.max(...found.map(({before}) => before)),
        calibration_ms: spreadOf(loops),
        steps: found[0].steps,
      };
    }
  }
  return result;
}

async function serverTime(path) {
  const times = [];
  for (let turn = 0; turn < Math.min(5, asked.repeats); turn += 1) {
    const start = performance.now();
    const answer = await fetch(asked.base + path, {headers: {'Accept-Encoding': 'gzip'}});
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    times.push(performance.now() - start);
  }
  return spreadOf(times).median;
}

// Goes to an address, untimed.
async function settle(tab, address) {
  await tab.page.evaluate((hash) => (location.hash = hash), address);
  await tab.page.waitForTimeout(100);
  await tab.page.waitForFunction(() => document.querySelector('main .loaded') && !document.querySelector('main .old, main .skeleton'));
}

// Goes to an address in the page until its list is shown: the same as a click on its link.
function turnTo(tab, action) {
  return tab.page.evaluate(
    ([what, argument]) => {
      const table = () => [...document.querySelectorAll('main tbody tr[data-row]')].map((row) => row.dataset.row).join();
      const before = table();
      const actions = {
        hash: () => (location.hash = argument),
        back: () => history.back(),
        click: () => document.querySelector(argument).click(),
      };
      let old = false;
      return window.timed(actions[what], () => {
        if (document.querySelector('main .old, main .skeleton')) old = true;
        else if (document.querySelector('main .loaded')) return old || table() !== before;
        return false;
      });
    },
    action,
  );
}

class Lists {
  constructor(tab) {
    Object.assign(this, {tab, result: {}});
  }

  // What a turn asked of the service is asked again by itself afterwards, for the time that is the service's.
  async take(name, turns, before = []) {
    const times = [];
    const paths = {};
    calibrations.push(calibrate());
    for (let turn = 0; turn < asked.repeats; turn += 1) {
      for (const address of before) await settle(this.tab, address);
      this.tab.urls.length = 0;
      times.push(await turnTo(this.tab, turns(turn)));
      for (const url of this.tab.urls) {
        const [, kind] = /\/v1\/trash(\/\$facets)?\?/.exec(url) ?? [null, null];
        if (kind !== null) paths[kind ? 'facets' : 'list'] = url.replace(asked.base, '');
      }
    }
    const page = spreadOf(times);
    const server = paths.list ? await serverTime(paths.list) : 0;
    const facets = paths.facets ? await serverTime(paths.facets) : 0;
    process.stderr.write(`${name}: ${Math.round(page.median)} ms, the server ${Math.round(server)} ms\n`);
    this.result[name] = {page_ms: page, server_ms: server, facets_ms: facets, beside_ms: page.median - server};
  }
}

const NEXT = 'nav.pager a[rel=next]';
const PREV = 'nav.pager a[rel=prev]';

async function turns(tab) {
  const lists = new Lists(tab);
  await tab.page.goto(`${asked.base}/panel/#/trash`);
  await tab.page.locator(ROWS).first().waitFor();
  await lists.take('next page', () => ['click', NEXT]);
  await lists.take('page before', () => ['click', PREV]);
  // Every turn has a day of its own in its filter, long before all deletions, so that none is answered from memory.
  let day = 0;
  const fresh = (query) => () => ['hash', `#/trash?when=dates&from=${2000 + Math.floor(day / 12)}-${String((day++ % 12) + 1).padStart(2, '0')}-01&${query}`];
  const start = ['#/trash'];
  await lists.take('filter by time', fresh(''), start);
  await lists.take('filter by table', fresh('resource=time%2Fclients'), start);
  await lists.take('filter by person', fresh('by=key%3Abela'), start);
  await lists.take('back', () => ['back'], ['#/trash', '#/trash?when=older']);
  await lists.take('search in names', fresh(`q=${encodeURIComponent(asked.words)}`), start);
  await lists.take('search in values', fresh(`in=values&q=${encodeURIComponent(asked.words)}`), start);
  for (const sort of ['createdAt', 'displayName', '-displayName', 'groupSize', '-groupSize', 'deletedBy']) {
    await lists.take(`sort by ${sort}`, fresh(`sort=${sort}`), start);
  }
  await lists.take('single rows', fresh('view=rows'), start);
  await lists.take('single rows of a table', fresh('view=rows&resource=time%2Ftasks'), start);
  await note(tab);
  return lists.result;
}

function timed(tab, action, selector, gone) {
  return tab.page.evaluate(
    ([what, target, wanted, unwanted]) =>
      window.timed(
        () => (what === 'hash' ? (location.hash = target) : document.querySelector(target).click()),
        () => document.querySelector(wanted) && !(unwanted && document.querySelector(unwanted)),
      ),
    [...action, selector, gone],
  );
}

// The group of many rows: its head, its tree by a hundred, a search in it.
async function big(tab) {
  const {groupId: group} = await (await fetch(`${asked.base}/v1/trash/${asked.big}`)).json();
  const found = {head: [], 'tree, first hundred': [], 'tree, more': [], 'search in it': []};
  for (let turn = 0; turn < Math.min(3, asked.repeats); turn += 1) {
    calibrations.push(calibrate());
    await tab.page.goto('about:blank');
    await tab.page.goto(`${asked.base}/panel/#/settings`);
    await tab.page.locator('main h1').waitFor();
    found.head.push(await timed(tab, ['hash', `#/trash/${asked.big}`], 'section[aria-labelledby=contents] ul.chips li'));
    await tab.page.locator('ul.tree > li > details > summary').nth(1).waitFor();
    await tab.page.evaluate(() => document.querySelectorAll('ul.tree > li > details > summary')[1].setAttribute('data-bench', 'branch'));
    found['tree, first hundred'].push(await timed(tab, ['click', '[data-bench=branch]'], 'ul.tree ul.tree > li:nth-child(100)'));
    await tab.page.evaluate(() => document.querySelector('ul.tree button').setAttribute('data-bench', 'more'));
    found['tree, more'].push(await timed(tab, ['click', '[data-bench=more]'], 'ul.tree ul.tree > li:nth-child(300)'));
    await note(tab);
    await settle(tab, `#/trash?view=rows&group=${group}`);
    found['search in it'].push(await turnTo(tab, ['hash', `#/trash?view=rows&group=${group}&q=Meeting%20777`]));
  }
  return Object.fromEntries(Object.entries(found).map(([name, times]) => [name, spreadOf(times)]));
}

// Real clicks: how long until something of the page has changed on the screen.
async function clicks(tab) {
  const {page} = tab;
  const each = {};
  const click = async (name, locator) => {
    await page.waitForFunction(() => !document.querySelector('main .old, main .skeleton'));
    await page.evaluate(() => (window.seen.answers.length = 0));
    await locator.first().click();
    await page.waitForTimeout(400);
    const answers = await page.evaluate(() => window.seen.answers);
    each[name] = Math.max(16, ...answers.map(({duration}) => duration));
  };
  await page.goto('about:blank');
  await page.goto(`${asked.base}/panel/`);
  await page.locator('main ul.lines li').first().waitFor();
  await click('Trash', page.locator('nav.side a[href="#/trash"]'));
  await page.locator(ROWS).first().waitFor();
  await click('a box', page.locator(`${ROWS} input`));
  await click('the box of the page', page.locator('thead input'));
  await click('an order', page.locator('th button.sort').last());
  await click('a table', page.locator('ul.chips a'));
  await click('older', page.locator(NEXT));
  await click('a deletion', page.locator(`${ROWS} a.name`));
  await click('Overview', page.locator('nav.side a[href="#/"]'));
  return {each_ms: each, worst_ms: Math.max(...Object.values(each))};
}

async function heap(tab) {
  await tab.session.send('HeapProfiler.collectGarbage');
  const {metrics} = await tab.session.send('Performance.getMetrics');
  return metrics.find(({name}) => name === 'JSHeapUsedSize').value / 1e6;
}

async function memory(tab) {
  await tab.page.goto('about:blank');
  await tab.page.goto(`${asked.base}/panel/#/trash`);
  await tab.page.locator(ROWS).first().waitFor();
  const by = [Number((await heap(tab)).toFixed(1))];
  let done = 0;
  for (; done < asked.turns && (await tab.page.locator(NEXT).count()); done += 1) {
    await turnTo(tab, ['click', NEXT]);
    if (done % 20 === 19) by.push(Number((await heap(tab)).toFixed(1)));
  }
  await note(tab);
  return {turns: done, by_turn_mb: by, most_mb: Math.max(...by)};
}

// A page of 200 rows is scrolled by its wheel, down and up.
async function frames(tab) {
  await tab.page.goto(`${asked.base}/panel/licences.txt`);
  await tab.page.evaluate(() => localStorage.setItem('trashd.settings', JSON.stringify({rows: 200})));
  await tab.page.goto(`${asked.base}/panel/#/trash`);
  await tab.page.locator(ROWS).first().waitFor();
  await tab.page.mouse.move(600, 600);
  await tab.page.evaluate(() => {
    window.frames_ = [];
    let last = performance.now();
    const step = (now) => {
      window.frames_.push(now - last);
      last = now;
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  });
  for (let turn = 0; turn < 60; turn += 1) await tab.page.mouse.wheel(0, turn < 30 ? 400 : -400);
  const times = (await tab.page.evaluate(() => window.frames_)).sort((one, other) => one - other);
  await note(tab);
  return {median_ms: times[Math.floor(times.length / 2)], p95_ms: times[Math.floor(times.length * 0.95)], count: times.length};
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'],
});
try {
  const result = {loads: await loads(browser)};
  for (const [name, measure] of Object.entries({turns, big, clicks, memory, frames})) {
    const tab = await Tab.open(browser, null);
    result[name] = await measure(tab);
    if (name !== 'turns') process.stderr.write(`${name}: ${JSON.stringify(result[name])}\n`);
    await tab.close();
  }
  console.log(JSON.stringify({...result, most_rows: most.rows, most_nodes: most.nodes, most_at_once: most.atOnce, calibration_ms: spreadOf(calibrations)}));
} finally {
  await browser.close();
}
