import type {Operation, TrashItem} from '../api';
import {client, Copy, Countdown, Counts, Ended, focusHead, Head, href, Icon, Loaded, Problem, ProblemNote, Progress, read, record, route, t, useAct, useItem, useQuery, useState, value} from '../shared';
import {TypedNumber} from './typed';

function useCounts(trashItemId: string) {
  return useQuery({
    queryKey: ['purge', trashItemId],
    queryFn: ({signal}) =>
      value(client.DELETE('/v1/trash/{trashItemId}', {params: {path: {trashItemId}, query: {dryRun: true}}, signal})) as Promise<{groups: number; items: number}>,
    staleTime: 0,
    gcTime: 0,
  });
}

function Assistant({item, ended}: {item: TrashItem; ended: (title: string) => void}) {
  const counts = useCounts(item.id);
  const [receipt, setReceipt] = useState<string | null>(null);
  const [operation, setOperation] = useState<Operation | null>(null);
  const expect = counts.data?.items ?? 0;
  const act = useAct(async (key) => {
    const params = {path: {trashItemId: item.id}, query: {expect}};
    const {data, response} = await read(client.DELETE('/v1/trash/{trashItemId}', {params, headers: {'Idempotency-Key': key}}));
    if (response.status === 202) setOperation(data as unknown as Operation);
    else {
      setReceipt(response.headers.get('X-Purge-Receipt') ?? '');
      ended(t().purge.done(item.displayName));
      record(t().purge.said(item.displayName, expect), ['purged', expect], null, null);
    }
    focusHead();
  });
  if (operation) return <Progress id={operation.id} />;
  const gone = [act.problem, counts.error].find((one) => one instanceof Problem && one.code === 'gone');
  if (gone) return <Ended id={item.id} problem={gone as Problem} />;
  if (receipt !== null) {
    return (
      <section class="card">
        <p>
          <Icon name="good" /> {t().purge.said(item.displayName, expect)}
        </p>
        {receipt && (
          <p>
            {t().purge.receipt} <code>{receipt}</code> <Copy text={receipt} label={t().copy.copy} />
          </p>
        )}
        <p>
          <a href={href(['trash'])}>{t().ended.list}</a>
        </p>
      </section>
    );
  }
  return (
    <Loaded query={counts}>
      {({items}) => (
        <>
          <section class="card">
            <h2>{t().purge.rows(items)}</h2>
            {item.group && <Counts list={item.group.counts} />}
            <p>{t().purge.never}</p>
          </section>
          {act.problem && <ProblemNote error={act.problem} retry={act.problem.code === 'changed' ? () => void counts.refetch() : undefined} />}
          {act.waits && <Countdown error={act.waits} />}
          <TypedNumber count={items} label={t().purge.button(items)} busy={act.busy} cancel={href(['trash', item.id])} run={() => void act.run()} />
        </>
      )}
    </Loaded>
  );
}

export function Purge() {
  const id = route.value.path[1] ?? '';
  const query = useItem(id);
  const item = query.data;
  const [end, setEnd] = useState<string | null>(null);
  const gone = query.error instanceof Problem && query.error.code === 'gone' ? query.error : null;
  return (
    <>
      <Head title={end ?? (item ? t().purge.title(item.displayName) : t().purge.head)} sub={item && `${item.deletedObjectClass} · ${item.deletedObjectId}`} />
      {item ? <Assistant item={item} ended={setEnd} /> : gone ? <Ended id={id} problem={gone} /> : <Loaded query={query}>{() => null}</Loaded>}
    </>
  );
}
