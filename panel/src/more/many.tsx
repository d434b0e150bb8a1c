// Many deletions at once: those that are selected, or all that one filter means. The service is told how many rows
// it must be, and does nothing where it is another number.
import type {Operation, Schemas} from '../api';
import {
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
  Loaded,
  picked,
  ProblemNote,
  Progress,
  read,
  record,
  route,
  t,
  undoOf,
  useAct,
  useQuery,
  useState,
} from '../shared';
import {TypedNumber} from './typed';

type Result = Schemas['BulkResult'] & {resources?: {resource: string; count: number}[]; undo?: {href: string}};
type Bulk = Schemas['Bulk'];

const addresses = {restore: '/v1/trash/bulk-restore', purge: '/v1/trash/bulk-purge'} as const;
type Kind = keyof typeof addresses;

function chosen(): Bulk {
  const {items, all} = picked.value;
  return all ? {filter: all.filter as Bulk['filter'] & object} : {ids: [...items.keys()]};
}

function send(kind: Kind, body: Bulk, key?: string) {
  return read(client.POST(addresses[kind], {params: {}, body, headers: key ? {'Idempotency-Key': key} : {}}));
}

function Stayed({results}: {results: Result['results']}) {
  const left = results.filter(({status}) => status !== 'restored' && status !== 'purged');
  if (!left.length) return null;
  return (
    <>
      <h3>{t().many.stayed(left.length)}</h3>
      <ul>
        {left.slice(0, 100).map(({id, status, problem}) => (
          <li key={id}>
            <a href={href(['trash', id])}>{t().many.statuses[status]}</a> <span class="faint">{problem?.detail}</span>
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
        <a href={href(['trash'])}>{t().ended.list}</a>
      </p>
    </section>
  );
}

function Decision(props: {kind: Kind; items: number; busy: boolean; run: () => void}) {
  const words = t().many;
  const {kind, items, busy, run} = props;
  if (kind === 'purge') {
    return <TypedNumber count={items} label={t().purge.button(items)} busy={busy} cancel={href(['trash'])} run={run} />;
  }
  return (
    <p class="row">
      <button type="button" class="main" data-key="restore" aria-disabled={busy || items === 0} onClick={() => items > 0 && run()}>
        <Icon name="restore" />
        {words.button(items)}
      </button>
      <a class="button" href={href(['trash'])}>
        {t().cancel}
      </a>
    </p>
  );
}

function Assistant({kind, ended}: {kind: Kind; ended: (title: string) => void}) {
  const [body] = useState(chosen);
  const [partial, setPartial] = useState(false);
  const [done, setDone] = useState<Result | null>(null);
  const [operation, setOperation] = useState<Operation | null>(null);
  const preview = useQuery({
    queryKey: ['many', kind, body, partial],
    queryFn: async () => (await send(kind, {...body, partial, dryRun: true})).data as unknown as Result,
    staleTime: 0,
    gcTime: 0,
    enabled: !done,
  });
  const act = useAct(async (key) => {
    const {data, response} = await send(kind, {...body, partial, ...(!partial && {expect: preview.data?.items ?? 0})}, key);
    if (response.status === 202) setOperation(data as unknown as Operation);
    else {
      const result = data as unknown as Result;
      const text = t().many.said[kind](result.groups, result.items);
      setDone(result);
      ended(text);
      record(text, [kind === 'purge' ? 'purged' : 'restored', result.items], undoOf(result), null);
    }
    clearPicked();
    focusHead();
  });
  if (done) return <Done result={done} />;
  if (operation) return <Progress id={operation.id} />;
  return (
    <>
      {act.problem && (
        <ProblemNote error={act.problem} retry={act.problem.code === 'changed' ? () => void preview.refetch() : undefined} />
      )}
      {kind === 'restore' && (
        <label class="option">
          <input type="checkbox" checked={partial} onChange={(event) => setPartial(event.currentTarget.checked)} />
          <span>
            {t().many.partial} <span class="faint">{t().many.partialMeans}</span>
          </span>
        </label>
      )}
      <Loaded query={preview}>
        {(result) => (
          <>
            <section class="card">
              <h2>{t().many.preview(result.groups, result.items)}</h2>
              {result.resources && <Counts list={result.resources} />}
              <Stayed results={result.results} />
              {kind === 'purge' && <p>{t().purge.never}</p>}
            </section>
            {act.waits && <Countdown error={act.waits} />}
            <Decision kind={kind} items={result.items} busy={act.busy} run={() => void act.run()} />
          </>
        )}
      </Loaded>
    </>
  );
}

export function Many() {
  const kind: Kind = route.value.path[1] === 'purge' ? 'purge' : 'restore';
  const {items, all} = picked.value;
  const [start] = useState({some: items.size > 0 || all !== null, count: all?.groups ?? items.size});
  const [end, setEnd] = useState<string | null>(null);
  return (
    <>
      <Head title={end ?? t().many.title[kind](start.count)} />
      {start.some ? (
        <Assistant kind={kind} ended={setEnd} />
      ) : (
        <p class="empty">
          {t().many.nothing} <a href={href(['trash'])}>{t().ended.list}</a>
        </p>
      )}
    </>
  );
}
