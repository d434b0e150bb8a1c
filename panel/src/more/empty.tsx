// Emptying: the filters of the address, in words, and how much that is.
import type {Operation, Schemas} from '../api';
import type {TrashFilter} from '../queries';
import {
  begin,
  client,
  Countdown,
  focusHead,
  frozen,
  Head,
  listing,
  Loaded,
  moment,
  ProblemNote,
  Progress,
  read,
  record,
  t,
  trashQuery,
  useAct,
  useClasses,
  useEffect,
  useQuery,
  useState,
} from '../shared';
import {WhatGoes} from './meant';
import {Meanwhile, useBefore} from './meanwhile';
import {ReferrersOf} from './referrers';
import {TypedNumber} from './typed';

type Counts = Schemas['PurgeCounts'];
type Filter = Omit<TrashFilter, 'text' | 'parent' | 'root'>;

function send(filter: Filter, options: {dryRun?: boolean; confirm?: boolean; expect?: number; reason?: string | undefined}, key?: string) {
  return read(client.DELETE('/v1/trash', {params: {query: {...filter, ...options}}, headers: key ? {'Idempotency-Key': key} : {}}));
}

// filter: as the address has it; to: up to when that is meant.
function Filters({filter, to}: {filter: Filter; to: string}) {
  const classes = useClasses();
  const words = t().empty;
  const parts = [
    filter.resource && words.what(filter.resource.map(classes)),
    filter.deletedBy && words.by(filter.deletedBy),
    filter.deletedReason && words.reason(filter.deletedReason),
    filter['deletedReason[not_equals]'] && words.without(filter['deletedReason[not_equals]']),
    filter.q && words.named(filter.q),
    filter.from && words.from(moment(filter.from)),
    filter.expiresBefore && words.due(moment(filter.expiresBefore)),
  ].filter(Boolean);
  return <p>{[...(parts.length ? parts : [words.all]), words.to(moment(to))].join(', ')}</p>;
}

const nothing = new Map<string, never>();

function Assistant({filter}: {filter: Filter}) {
  // What is trashed after this page was opened, or grows old enough, is not meant.
  const [fixed] = useState(() => frozen(filter));
  const [done, setDone] = useState<string | null>(null);
  const [operation, setOperation] = useState<Operation | null>(null);
  const counts = useQuery({
    queryKey: ['empty', fixed],
    queryFn: async () => (await send(fixed, {dryRun: true})).data as Counts,
    staleTime: 0,
    gcTime: 0,
    enabled: done === null && !operation,
  });
  const before = useBefore(counts.data, fixed);
  const act = useAct(async (key, reason) => {
    const {data, response} = await send(fixed, {confirm: true, expect: counts.data?.items ?? 0, reason}, key);
    const tell = ({groups, items, held}: Counts): string => {
      const text = [t().many.said.purge(groups, items), ...(held ? [t().empty.stays(held)] : [])].join('. ');
      record(text, ['purged', items], null, null);
      return text;
    };
    if (response.status === 202) {
      setOperation(data as unknown as Operation);
      begin(data as unknown as Operation, tell);
    } else setDone(tell(data as Counts));
    focusHead();
  });
  const changed = act.problem?.code === 'changed';
  useEffect(() => {
    if (changed) void counts.refetch().then(act.clear);
  }, [changed]);
  const now = counts.data;
  return (
    <>
      <Head title={done ?? (now?.items ? t().many.title.purge(now.groups, now.items) : t().empty.title)} />
      {operation ? (
        <Progress id={operation.id} />
      ) : done !== null ? (
        <a href={listing()}>{t().ended.list}</a>
      ) : (
        <Loaded query={counts}>
          {({groups, items, held}) => (
            <>
              <Meanwhile before={before} now={{groups, items}} gone={[]} />
              {items === 0 && !held ? (
                <p class="empty">
                  {t().trash.noMatch} <a href={listing()}>{t().ended.list}</a>
                </p>
              ) : (
                <>
                  <section class="card">
                    <h2>{t().many.preview(groups, items)}</h2>
                    <Filters filter={filter} to={fixed.to} />
                    <WhatGoes meant={{filter: fixed, except: nothing}} count={groups} />
                    {held && <p class="note">{t().empty.stays(held)}</p>}
                    <p>{t().purge.never}</p>
                    {Object.values(filter).some(Boolean) && <ReferrersOf ids={null} />}
                  </section>
                  {act.problem && !changed && <ProblemNote error={act.problem} />}
                   {act.waits && <Countdown error={act.waits} />}
                  <TypedNumber
                    key={now?.items}
                    count={now?.items ?? 0}
                    label={t().purge.button(now?.items ?? 0)}
                    busy={act.busy || changed}
                    cancel={listing()}
                    reason
                    run={(reason) => void act.run(reason)}
                  />
                </>
              )}
            </>
          )}
        </Loaded>
      )}
    </>
  );
}

export function Empty() {
  const {root: _, text, ...filter} = trashQuery().filter;
  if (!text) return <Assistant filter={filter} />;
  return (
    <>
      <Head title={t().empty.title} />
      <p class="note">
        {t().empty.noText} <a href={listing()}>{t().ended.list}</a>
      </p>
    </>
  );
}
