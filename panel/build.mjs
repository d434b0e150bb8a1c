// Bundles the panel into the folder that is given. What it writes depends on the sources and the lock file alone, so
// two builds are the same to the byte, in whatever folder they are made.
import {build} from 'esbuild';
import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {minify} from 'terser';

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(process.argv[2]);

const options = {
  absWorkingDir: here,
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  charset: 'utf8',
  legalComments: 'none',
  define: {'process.env.NODE_ENV': '"production"'},
  // Elements by h() are shorter than by the runtime for which tsconfig.json checks them.
  tsconfigRaw: {compilerOptions: {jsx: 'react', jsxFactory: 'h', jsxFragmentFactory: 'Fragment'}},
  metafile: true,
};

// The packages whose sources are in a bundle, as folders below node_modules.
function packagesOf(metafile) {
  const found = Object.keys(metafile.inputs).map((path) => /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1]);
  return [...new Set(found.filter(Boolean))].sort();
}

async function licenceOf(name) {
  const folder = join(here, 'node_modules', name);
  const {version, license} = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  const text = await readFile(join(folder, 'LICENSE'), 'utf8');
  return `${name} ${version} (${license})\n\n${text.trim().replaceAll('\r', '')}\n`;
}

// more.js takes from app.js what that has already, so nothing is there twice.
const borrow = {
  name: 'borrow',
  setup(bundler) {
    bundler.onResolve({filter: /^preact$|\/shared$/}, () => ({path: './app.js', external: true}));
  },
};

// What the page's own script has is not in app.js again: there is one route, one session, one set of requests. That
// script is no module, so what it lends is a property of the window.
const begun = (names) => ({
  name: 'begun',
  setup(bundler) {
    const filter = /^\.\.?\/(client|first|formats|route|session|settings|signal|trash-query|turns|words)$/;
    bundler.onResolve({filter}, () => ({path: 'start', namespace: 'begun'}));
    bundler.onResolve({filter: /^\.\/start\.js$/}, ({path}) => ({path, external: true}));
    bundler.onLoad({filter: /./, namespace: 'begun'}, () => ({contents: `export {${names.join()}} from './start.js';`}));
  },
});

await mkdir(target, {recursive: true});
const elements = ['src/h.ts'];
const start = await build({...options, entryPoints: ['src/start.ts'], outfile: join(target, 'start.js')});
const lent = Object.values(start.metafile.outputs)[0].exports;
const outputs = {
  app: {entryPoints: ['src/app.tsx'], inject: elements, plugins: [begun(lent)]},
  more: {entryPoints: ['src/more.tsx'], inject: elements, plugins: [borrow]},
  en: {entryPoints: ['src/words/en.ts']},
  de: {entryPoints: ['src/words/de.ts']},
};
const results = await Promise.all([
  ...Object.entries(outputs).map(([name, output]) => build({...options, ...output, outfile: join(target, `${name}.js`)})),
  build({...options, entryPoints: ['src/app.css'], outfile: join(target, 'app.css')}),
]);
// What one file lends to another goes by the short name that it has there: nobody else reads it.
const names = {start: new Map(), app: new Map()};

const pairs = (list) => list.split(',').map((one) => one.split(' as '));

function shortened(file, code) {
  const taken = code.replace(/import\{([^}]*)\}from"\.\/(start|app)\.js"/g, (_, list, lender) => {
    const renamed = pairs(list).map(([name, own = name]) => `${names[lender].get(name)} as ${own}`);
    if (lender === 'app') return `import{${renamed}}from"./app.js"`;
    return `const{${renamed.map((one) => one.replace(' as ', ':'))}}=window.begun`;
  });
  if (!(file in names)) return taken;
  return taken.replace(/export\{([^}]*)\}/g, (_, list) => {
    for (const [own, name = own] of pairs(list)) names[file].set(name, own);
    const lent = [...new Set(names[file].values())];
    return file === 'app' ? `export{${lent}}` : `window.begun={${lent}}`;
  });
}

// Looks further than the bundler does for what can be said shorter: a thirtieth less to fetch.
for (const name of ['start', ...Object.keys(outputs)]) {
  const file = join(target, `${name}.js`);
  const {code} = await minify(await readFile(file, 'utf8'), {module: true, ecma: 2020, compress: {passes: 3}});
  await writeFile(file, `${shortened(name, code)}\n`);
}

const packages = [...new Set(results.flatMap((result) => packagesOf(result.metafile)))].sort();
const licences = await Promise.all(packages.map(licenceOf));
await writeFile(join(target, 'licences.txt'), licences.join(`\n${'-'.repeat(72)}\n\n`));

// The first script is a part of the page: as a file it would come a round trip later, and all it asks for with it.
const script = (await readFile(join(target, 'start.js'), 'utf8')).trim();
if (/<[!/]/.test(script)) throw new Error('the first script would end the element that it stands in');
const page = await readFile(join(here, 'src/index.html'), 'utf8');
await writeFile(join(target, 'index.html'), page.replace('/* start.ts */', () => `(()=>{${script}})()`));
await rm(join(target, 'start.js'));
