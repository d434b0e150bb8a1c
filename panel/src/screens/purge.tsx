import {useQuery} from '@tanstack/preact-query';
import {useState} from 'preact/hooks';
import {client, type Operation, Problem, read, type TrashItem, value} from '../api';
import {useAct} from '../parts/act';
import {Copy} from '../parts/copy';
import {Ended} from '../parts/ended';
import {focusHead, Head} from '../parts/head';
import {Icon} from '../parts/icon';
import {Loaded} from '../parts/loaded';
import {ProblemNote} from '../parts/problem';
import {Progress} from '../parts/progress';
import {Counts} from '../parts/counts';
import {TypedNumber} from '../parts/typed';
import {useItem} from '../queries';
import {record} from '../recent';
import {href, route} from '../route';
import {t} from '../words';

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
  const act = useAct(async () => {
    const {data, response} = await read(client.DELETE('/v1/trash/{trashItemId}', {params: {path: {trashItemId: item.id}, query: {expect}}}));
    if (response.status === 202) setOperation(data as unknown as Operation);
    else {
      setReceipt(response.headers.get('X-Purge-Receipt') ?? '');
      ended(t().purge.done(item.displayName));
      record(t().purge.said(item.displayName, expect), null, null);
    }
    focusHead();
  }, false);
  if (operation) return <Progress id={operation.id} />;
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
