// Many deletions at once: those that are selected, or all that one filter means. The service is told how many rows
// it must be, and does nothing where it is another number.
import type {Operation, Schemas, TrashItem} from '../api';
import {
  begin,
  changes,
  ChangeList,
  clearPicked,
  client,
  Countdown,
  Counts,
  focusHead,
  Head,
  href,
  Icon,
  listing,
  Loaded,
  may,
  picked,
  Problem,
  ProblemNote,
  Progress,
  read,
  record,
  route,
  t,
  undoOf,
  useAct,
  useEffect,
  useMe,
  useQuery,
  useState,
} from '../shared';
import {type Meant, WhatGoes} from './meant';
import {Meanwhile, useBefore} from './meanwhile';
import {ReferrersOf} from './referrers';
import {TypedNumber} from './typed';

type Result = Schemas['BulkResult'] & {resources?: {resource: string; count: number}[]; undo?: {href: string}};
type Bulk = Schemas['Bulk'];

const addresses = {restore: '/v1/trash/bulk-restore', purge: '/v1/trash/bulk-purge'} as const;
type Kind = keyof typeof addresses;

interface Chosen {
  body: Bulk;
  meant: Meant | TrashItem[];
}

function chosen(): Chosen | null {
  const {items, all} = picked.value;
  if (!all) return items.size ? {body: {ids: [...items.keys()]}, meant: [...items.values()]} : null;
  const {filter, except} = all;
  const body = {filter: filter as Bulk['filter'] & object, ...(except.size > 0 && {except: [...except.keys()]})};
  return {body, meant: {filter, except}};
}

function send(kind: Kind, body: Bulk, reason?: string, key?: string) {
  return read(client.POST(addresses[kind], {params: {query: {reason}}, body, headers: key ? {'Idempotency-Key': key} : {}}));
}

function Stayed({results}: {results: Result['results']}) {
  const left = results.filter(({status}) => !['restored', 'purged', 'gone'].includes(status));
  if (!left.length) return null;
  return (
    <>
      <h3>{t().many.stayed(left.length)}</h3>
      <ul>
        {left.slice(0, 100).map(({id, status, problem}) => (
          <li key={id}>
            <a href={href(['trash', id])}>{t().many.statuses[status]}</a> <span class="faint">{problem?.holds?.map(({reason}) => reason).join(', ') ?? problem?.detail}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

function Done({result}: {result: Result}) {
  const [last] = changes.value;
  return (
    <section class="card">
      {result.resources && <Counts list={result.resources} />}
      <Stayed results={result.results} />
      {last && <ChangeList list={[last]} />}
      <p>
        <a href={listing()}>{t().ended.list}</a>
      </p>
    </section>
  );
}

function Decision(props: {kind: Kind; items: number; busy: boolean; run: (reason?: string) => void}) {
  const words = t().many;
  const {kind, items, busy, run} = props;
  if (kind === 'purge') {
    return <TypedNumber key={items} count={items} label={t().purge.button(items)} busy={busy} cancel={listing()} reason run={run} />;
  }
  return (
    <p class="row">
      <button type="button" class="main" data-key="restore" aria-disabled={busy || items === 0} onClick={() => items > 0 && run()}>
        <Icon name="restore" />
        {words.button(items)}
      </button>
      <a class="button" href={listing()}>
        {t().cancel}
      </a>
    </p>
  );
}

function Partial({partial, set}: {partial: boolean; set: (partial: boolean) => void}) {
  return (
    <label class="option">
      <input type="checkbox" checked={partial} onChange={(event) => set(event.currentTarget.checked)} />
      <span>
        {t().many.partial} <span class="faint">{t().many.partialMeans}</span>
      </span>
    </label>
  );
}

const left = (meant: Chosen['meant'], gone: string[]): Chosen['meant'] =>
  Array.isArray(meant) ? meant.filter(({id}) => !gone.includes(id)) : meant;

// All, or where some of it is held what can go without that: one transaction does either or nothing.
async function foreseen(kind: Kind, body: Bulk): Promise<Result> {
  const ask = async (more: Bulk) => (await send(kind, {...body, ...more, dryRun: true})).data as unknown as Result;
  try {
    return await ask({});
  } catch (error) {
    if (kind === 'purge' && error instanceof Problem && error.code === 'held') return ask({partial: true});
    throw error;
  }
}

const having = (result: Result | undefined, wanted: string): string[] => result?.results.filter(({status}) => status === wanted).map(({id}) => id) ?? [];

// Without those that are held.
function rest(body: Bulk, held: string[]): Bulk {
  if (!held.length) return body;
  return body.ids ? {ids: body.ids.filter((id) => !held.includes(id))} : {...body, except: [...(body.except ?? []), ...held]};
}

function Assistant({kind, chosen: {body, meant}}: {kind: Kind; chosen: Chosen}) {
  const [partial, setPartial] = useState(false);
  const [done, setDone] = useState<{result: Result; text: string} | null>(null);
  const [operation, setOperation] = useState<Operation | null>(null);
  const preview = useQuery({
    queryKey: ['many', kind, body, partial],
    queryFn: () => foreseen(kind, {...body, partial}),
    staleTime: 0,
    gcTime: 0,
    enabled: !done && !operation,
  });
  const before = useBefore(preview.data, partial);
  const me = useMe().data;
  const words = t().many;
  const act = useAct(async (key, reason) => {
    const {data, response} = await send(kind, {...rest(body, having(preview.data, 'held')), partial, ...(!partial && {expect: preview.data?.items ?? 0})}, reason, key);
    const tell = (result: Result): string => {
      const text = words.said[kind](result.groups, result.items);
      record(text, [kind === 'purge' ? 'purged' : 'restored', result.items], undoOf(result), null, !result.resources?.every(({resource}) => may(me, 'trash', resource)));
      return text;
    };
    if (response.status === 202) {
      setOperation(data as unknown as Operation);
      begin(data as unknown as Operation, tell);
    } else {
      const result = data as unknown as Result;
      setDone({result, text: tell(result)});
    }
    clearPicked();
    focusHead();
  });
  // What has changed meanwhile is told by the numbers of now.
  const changed = act.problem?.code === 'changed' || act.problem?.code === 'held';
  useEffect(() => {
    if (changed) void preview.refetch().then(act.clear);
  }, [changed]);
  const now = preview.data;
  const title = done?.text ?? (now ? words.title[kind](now.groups, now.items) : t().places.trash);
  return (
    <>
      <Head title={title} />
      {done ? (
        <Done result={done.result} />
      ) : operation ? (
        <Progress id={operation.id} />
      ) : (
        <>
          {act.problem && !changed && <ProblemNote error={act.problem} />}
          {kind === 'restore' && <Partial partial={partial} set={setPartial} />}
          <Loaded query={preview}>
            {(result) => {
              const gone = having(result, 'gone');
              return (
                <>
                  <Meanwhile before={before} now={result} gone={gone} />
                  <section class="card">
                    <h2>{words.preview(result.groups, result.items)}</h2>
                    {result.resources && <Counts list={result.resources} />}
                    <WhatGoes meant={left(meant, [...gone, ...having(result, 'held')])} count={result.groups} />
                    <Stayed results={result.results} />
                    {kind === 'purge' && <p>{t().purge.never}</p>}
                    {kind === 'purge' && <ReferrersOf ids={'ids' in body && body.ids ? body.ids : null} />}
                  </section>
                  {act.waits && <Countdown error={act.waits} />}
                  <Decision kind={kind} items={result.items} busy={act.busy || changed} run={(reason) => void act.run(reason)} />
                </>
              );
            }}
          </Loaded>
        </>
      )}
    </>
  );
}

export function Many() {
  const kind: Kind = route.value.path[1] === 'purge' ? 'purge' : 'restore';
  const [start] = useState(chosen);
  if (start) return <Assistant kind={kind} chosen={start} />;
  return (
    <>
      <Head title={t().places.trash} />
      <p class="empty">
        {t().many.nothing} <a href={listing()}>{t().ended.list}</a>
      </p>
    </>
  );
}
