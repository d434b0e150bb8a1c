// The ledger of all changes, and how far it is sealed.
import type {Schemas} from '../api';
import {
  client,
  Copy,
  Head,
  Icon,
  keepPreviousData,
  Loaded,
  may,
  midnight,
  page,
  Pager,
  pageSize,
  ProblemNote,
  read,
  route,
  t,
  Time,
  Timeline,
  useAct,
  useMe,
  useQuery,
  useState,
  value,
  withQuery,
} from '../shared';

type Action = Schemas['HistoryAction'];
type Entry = Schemas['HistoryEntry'];

const actions = () => Object.entries(t().timeline.actions) as [Action, string][];

function Verdict({verdict}: {verdict: {good: boolean; entries: number; faults: {kind: string; number: number}[]}}) {
  return (
    <p class={verdict.good ? undefined : 'note bad'} role="status">
      <Icon name={verdict.good ? 'good' : 'warning'} />{' '}
      {verdict.good ? t().ledger.good(verdict.entries) : t().ledger.bad(verdict.faults.map(({kind, number}) => `${kind} ${number}`))}
    </p>
  );
}

function Seal() {
  const [verdict, setVerdict] = useState<Parameters<typeof Verdict>[0]['verdict'] | null>(null);
  const seal = useQuery({
    queryKey: ['seal'],
    queryFn: ({signal}) => value(client.GET('/v1/history/$seal', {signal})),
    // What is not sealed yet will be soon.
    refetchInterval: (data) => (data?.unsealed ? 2_000 : false),
  });
  const act = useAct(async () => {
    const {data} = await read(client.POST('/v1/history/$verify', {headers: {Prefer: 'wait'}}));
    setVerdict(data as Parameters<typeof Verdict>[0]['verdict']);
  });
  return (
    <section class="card" aria-labelledby="seal">
      <h2 id="seal">{t().ledger.seal}</h2>
      <Loaded query={seal}>
        {({head, seals, sealedAt, unsealed}) => (
          <>
            <p>
              {t().ledger.seals(seals, unsealed)} {sealedAt && (
                <>
                  {t().ledger.last} <Time at={sealedAt} />
                </>
              )}
            </p>
            {head && (
              <p class="row">
                <code class="json">{head}</code> <Copy text={head} label={t().copy.copy} />
              </p>
            )}
          </>
        )}
      </Loaded>
      <button type="button" aria-disabled={act.busy} onClick={() => void act.run()}>
        {t().ledger.verify}
      </button>
      {act.problem && <ProblemNote error={act.problem} />}
      {verdict && <Verdict verdict={verdict} />}
    </section>
  );
}

function Filters() {
  const {query} = route.value;
  const set = (name: string) => (event: Event) => {
    const next = (event.currentTarget as HTMLInputElement).value;
    location.hash = withQuery({[name]: next, cursor: undefined, page: undefined});
  };
  return (
    <div class="filters">
      <label>
        {t().ledger.action}{' '}
        <select value={query.get('action') ?? ''} onChange={set('action')}>
          <option value="">{t().ledger.any}</option>
          {actions().map(([action, name]) => (
            <option key={action} value={action}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label>
        {t().filters.by} <input value={query.get('by') ?? ''} onChange={set('by')} />
      </label>
      <label>
        {t().filters.from} <input type="date" value={query.get('from') ?? ''} onChange={set('from')} />
      </label>
      <label>
        {t().filters.to} <input type="date" value={query.get('to') ?? ''} onChange={set('to')} />
      </label>
    </div>
  );
}

// The ledger itself has no names. What went into the trash in these times, and is there still, has one.
function Named({entries}: {entries: Entry[]}) {
  const times = entries.map(({at}) => at).sort();
  const from = times[0] ?? '';
  const to = new Date(Date.parse(times.at(-1) ?? '') + 1000);
  const names = useQuery({
    queryKey: ['names', from, entries.length],
    queryFn: async ({signal}) => {
      const query = {root: true, from, to: to.toISOString(), limit: 1000};
      const {rows} = await page(client.GET('/v1/trash', {params: {query}, signal}));
      return new Map(rows.map((item) => [item.id, item.displayName]));
    },
    enabled: entries.length > 0,
  });
  return <Timeline entries={entries} names={names.data} />;
}

export function Ledger() {
  const me = useMe().data;
  const named = (name: string) => route.value.query.get(name) || undefined;
  const query = {
    action: named('action') as Action | undefined,
    by: named('by'),
    from: midnight(named('from') ?? ''),
    to: midnight(named('to') ?? '', 1),
    cursor: named('cursor'),
    limit: pageSize(),
  };
  const list = useQuery({
    queryKey: ['history', query],
    queryFn: ({signal}) => page(client.GET('/v1/history', {params: {query}, signal})),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Head title={t().ledger.title} sub={t().ledger.sub} />
      {may(me, 'admin') && <Seal />}
      <Filters />
      <Loaded query={list}>
        {(found) => (
          <>
            <section class="card" aria-label={t().ledger.title}>
              <Named entries={found.rows} />
            </section>
            <Pager page={found} one="" other="" />
          </>
        )}
      </Loaded>
    </>
  );
}
