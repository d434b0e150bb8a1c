// Personal data of an object, and of what hangs on it, goes out of the trash: how much that is, why, and then it is done.
import type {Schemas, TrashItem} from '../api';
import {client, Copy, Countdown, Counts, focusHead, Head, href, Icon, Loaded, ProblemNote, read, route, t, useAct, useItem, useQuery, useState, value} from '../shared';
import {TypedNumber} from './typed';

type Erasure = Schemas['Erasure'];

const total = ({counts}: Erasure): number => counts.reduce((sum, {count}) => sum + count, 0);

function Done({item, erasure}: {item: TrashItem; erasure: Erasure}) {
  return (
    <section class="card">
      <p>
        <Icon name="good" /> {t().erase.done(total(erasure))}
      </p>
      {erasure.receipt && (
        <p>
          {t().purge.receipt} <code>{erasure.receipt}</code> <Copy text={erasure.receipt} label={t().copy.copy} />
        </p>
      )}
      <p>
        <a href={href(['trash', item.id])}>{t().group.backToRoot}</a>
      </p>
    </section>
  );
}

function Assistant({item}: {item: TrashItem}) {
  const [done, setDone] = useState<Erasure | null>(null);
  const object = {resource: item.resource, id: item.deletedObjectId};
  const foreseen = useQuery({
    queryKey: ['erase', item.id],
    queryFn: ({signal}) => value(client.POST('/v1/@erasures', {body: {...object, dryRun: true}, signal})) as Promise<Erasure>,
    enabled: done === null,
    staleTime: 0,
    gcTime: 0,
  });
  const act = useAct(async (key, reason) => {
    const {data} = await read(client.POST('/v1/@erasures', {body: {...object, reason: reason ?? ''}, headers: {'Idempotency-Key': key}}));
    setDone(data as Erasure);
    focusHead();
  });
  if (done) return <Done item={item} erasure={done} />;
  return (
    <Loaded query={foreseen}>
      {(erasure) => (
        <>
          <section class="card">
            <h2>{t().erase.rows(total(erasure), erasure.groups)}</h2>
            <Counts list={erasure.counts} />
            <p>{t().erase.what}</p>
            {total(erasure) > 0 && <p>{t().erase.never}</p>}
          </section>
          {act.problem && <ProblemNote error={act.problem} />}
          {act.waits && <Countdown error={act.waits} />}
          {total(erasure) > 0 && (
            <TypedNumber count={total(erasure)} label={t().erase.button} busy={act.busy} cancel={href(['trash', item.id])} reason="needed" run={(reason) => void act.run(reason)} />
          )}
        </>
      )}
    </Loaded>
  );
}

export function Erase() {
  const query = useItem(route.value.path[1] ?? '');
  const item = query.data;
  return (
    <>
      <Head title={item ? t().erase.title(item.displayName) : t().erase.head} sub={item && `${item.deletedObjectClass} · ${item.deletedObjectId}`} />
      {item ? <Assistant item={item} /> : <Loaded query={query}>{() => null}</Loaded>}
    </>
  );
}
