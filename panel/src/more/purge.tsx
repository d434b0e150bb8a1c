import type {Operation, TrashItem} from '../api';
import {begin, client, Copy, Countdown, Counts, Ended, focusHead, Head, href, Icon, listing, Loaded, moment, Person, Problem, ProblemNote, Progress, read, record, route, t, Text, useAct, useEffect, useItem, useQuery, useState} from '../shared';
import {Meanwhile, useBefore} from './meanwhile';
import {descendants, foreseen, Referrers} from './referrers';
import {TypedNumber} from './typed';

function Assistant({item, ended}: {item: TrashItem; ended: (title: string) => void}) {
  const [receipt, setReceipt] = useState<string | null>(null);
  const [along, setAlong] = useState(false);
  const counts = useQuery({...foreseen(item.id, along), enabled: receipt === null});
  const [operation, setOperation] = useState<Operation | null>(null);
  const expect = counts.data?.items ?? 0;
  const before = useBefore(counts.data, `${item.id} ${along}`);
  const act = useAct(async (key, reason) => {
    const params = {path: {trashItemId: item.id}, query: {expect, reason, ...(along && descendants)}};
    const {data, response} = await read(client.DELETE('/v1/trash/{trashItemId}', {params, headers: {'Idempotency-Key': key}}));
    const tell = (): void => record(t().purge.said(item.displayName, expect), ['purged', expect], null, null);
    if (response.status === 202) {
      setOperation(data as unknown as Operation);
      begin(data as unknown as Operation, tell);
    } else {
      setReceipt(response.headers.get('X-Purge-Receipt') ?? '');
      ended(t().purge.done(item.displayName));
      tell();
    }
    focusHead();
  });
  const changed = act.problem?.code === 'changed';
  useEffect(() => {
    if (changed) void counts.refetch().then(act.clear);
  }, [changed]);
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
          <a href={listing()}>{t().ended.list}</a>
        </p>
      </section>
    );
  }
  const gone = [act.problem, counts.error].find((one) => one instanceof Problem && one.code === 'gone');
  if (gone) return <Ended id={item.id} problem={gone as Problem} />;
  return (
    <Loaded query={counts}>
      {({groups, items, referrers, descendants: below}) => (
        <>
          <Meanwhile before={before} now={{groups, items}} gone={[]} />
          <section class="card">
            <h2>{t().purge.rows(items)}</h2>
            {item.group && <Counts list={item.group.counts} />}
            <p>
              {t().group.when} {moment(item.createdAt)} · <Person id={item.deletedBy} name={item.deletedByName} />
              {item.reason && (
                <>
                  {' '}
                  · <Text text={item.reason} />
                </>
              )}
            </p>
            <p>{t().purge.never}</p>
            {referrers && <Referrers {...referrers} />}
            {below && (along || below.groups > 0) && (
              <label class="option">
                <input type="checkbox" checked={along} onChange={(event) => setAlong(event.currentTarget.checked)} /> {t().purge.along(below.groups, below.items)}
              </label>
            )}
          </section>
          {act.problem && !changed && <ProblemNote error={act.problem} />}
          {act.waits && <Countdown error={act.waits} />}
          <TypedNumber key={items} count={items} label={t().purge.button(items)} busy={act.busy || changed} cancel={href(['trash', item.id])} reason run={(reason) => void act.run(reason)} />
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
