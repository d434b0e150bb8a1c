// Emptying: the filters of the address, in words, and how much that is.
import type {Operation, Schemas} from '../api';
import {
  client,
  Countdown,
  focusHead,
  Head,
  href,
  Loaded,
  ProblemNote,
  Progress,
  read,
  record,
  t,
  trashQuery,
  useAct,
  useClasses,
  useQuery,
  useState,
} from '../shared';
import {TypedNumber} from './typed';

type Counts = Schemas['PurgeCounts'];
type Filter = Omit<ReturnType<typeof trashQuery>['filter'], 'text' | 'parent'>;

function send(filter: Filter, options: {dryRun?: boolean; confirm?: boolean; expect?: number}, key?: string) {
  return read(client.DELETE('/v1/trash', {params: {query: {...filter, ...options}}, headers: key ? {'Idempotency-Key': key} : {}}));
}

function Filters({filter}: {filter: Filter}) {
  const classes = useClasses();
  const words = t().empty;
  const parts = [
    filter.resource && words.what(filter.resource.map(classes)),
    filter.deletedBy && words.by(filter.deletedBy),
    filter.q && words.named(filter.q),
    (filter.from || filter.to || filter.olderThan) && words.when(filter.from, filter.to, filter.olderThan),
  ].filter(Boolean);
  return <p>{parts.length ? parts.join(', ') : words.all}</p>;
}

function Assistant({filter, ended}: {filter: Filter; ended: (title: string) => void}) {
  // What is trashed after this page was opened is not meant.
  const [frozen] = useState({...filter, to: filter.to ?? new Date().toISOString()});
  const [done, setDone] = useState(false);
  const [operation, setOperation] = useState<Operation | null>(null);
  const counts = useQuery({
    queryKey: ['empty', frozen],
    queryFn: async () => (await send(frozen, {dryRun: true})).data as Counts,
    staleTime: 0,
    gcTime: 0,
    enabled: !done,
  });
  const act = useAct(async (key) => {
    const {data, response} = await send(frozen, {confirm: true, expect: counts.data?.items ?? 0}, key);
    if (response.status === 202) setOperation(data as unknown as Operation);
    else {
      const {groups, items} = data as Counts;
      const text = t().many.said.purge(groups, items);
      setDone(true);
      ended(text);
      record(text, ['purged', items], null, null);
    }
    focusHead();
  });
  if (operation) return <Progress id={operation.id} />;
  if (done) return <a href={href(['trash'])}>{t().ended.list}</a>;
  return (
    <Loaded query={counts}>
      {({groups, items}) =>
        items === 0 ? (
          <p class="empty">{t().trash.noMatch}</p>
        ) : (
          <>
            <section class="card">
              <h2>{t().many.preview(groups, items)}</h2>
              <Filters filter={filter} />
              <p>{t().purge.never}</p>
            </section>
            {act.problem && (
              <ProblemNote error={act.problem} retry={act.problem.code === 'changed' ? () => void counts.refetch() : undefined} />
            )}
            {act.waits && <Countdown error={act.waits} />}
            <TypedNumber count={items} label={t().purge.button(items)} busy={act.busy} cancel={href(['trash'])} run={() => void act.run()} />
          </>
        )
      }
    </Loaded>
  );
}

export function Empty() {
  const {filter} = trashQuery();
  const {root: _, text, ...rest} = filter;
  const [end, setEnd] = useState<string | null>(null);
  return (
    <>
      <Head title={end ?? t().empty.title} />
      {text ? <p class="note">{t().empty.noText}</p> : <Assistant filter={rest} ended={setEnd} />}
    </>
  );
}
