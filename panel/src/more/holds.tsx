// Holds: all of them, one with its release, and how a new one is made.
import type {Page, Schemas} from '../api';
import {
  client,
  type Condition,
  Conditions,
  go,
  Head,
  HoldWhat,
  href,
  keepPreviousData,
  Loaded,
  moment,
  page,
  Pager,
  pageSize,
  Person,
  read,
  route,
  t,
  Table,
  termsOf,
  Text,
  Time,
  useCount,
  useItem,
  useMetadata,
  useQuery,
  useResources,
  useState,
  value,
  withQuery,
} from '../shared';
import {Decision, tell, useDay} from './decision';

type Hold = Schemas['Hold'];

function State({hold}: {hold: Hold}) {
  const words = t().holds;
  const {id, inForce, releasedAt, releasedBy, releaseReason, until} = hold;
  if (inForce) {
    return (
      <>
        {words.until(until && moment(until))} {!route.value.path[1] && <a href={href(['holds', id])}>{words.release}</a>}
      </>
    );
  }
  if (!releasedAt) return <>{words.over}</>;
  return (
    <>
      {words.released} <Time at={releasedAt} /> · <Person id={releasedBy ?? ''} /> · <Text text={releaseReason ?? ''} />
    </>
  );
}

function Release({hold}: {hold: Hold}) {
  const work = async (key: string, reason = ''): Promise<void> => {
    await read(client.DELETE('/v1/@holds/{holdId}', {params: {path: {holdId: hold.id}, query: {reason}}, headers: {'Idempotency-Key': key}}));
    tell('released', hold.reason);
  };
  return <Decision label={t().holds.releaseNow} cancel={href(['holds'])} needed work={work} />;
}

const alone = (hold: Hold): Page<Hold> => ({rows: [hold], total: null, next: null, prev: null, partial: false});

// All of them, or the one that the address names.
export function Holds() {
  const words = t().holds;
  const {path, query} = route.value;
  const [, holdId] = path;
  const all = query.has('all');
  const asked = {all, limit: pageSize(), cursor: query.get('cursor') ?? undefined};
  const list = useQuery({
    queryKey: ['holds', holdId ?? asked],
    queryFn: async ({signal}) =>
      holdId ? alone(await value(client.GET('/v1/@holds/{holdId}', {params: {path: {holdId}}, signal}))) : page(client.GET('/v1/@holds', {params: {query: asked}, signal})),
    placeholderData: keepPreviousData,
  });
  return (
    <>
      <Head title={t().places.holds} sub={words.sub}>
        <a class="button" href={href(['holds', 'new'])}>
          {words.make}
        </a>
      </Head>
      {!holdId && (
        <label class="option">
          <input type="checkbox" checked={all} onChange={() => (location.hash = withQuery({all: all ? undefined : 'true', cursor: undefined, page: undefined}))} />
          {words.all}
        </label>
      )}
      <Loaded query={list}>
        {(found) =>
          found.rows.length ? (
            <>
              <Table
                label={t().places.holds}
                rows={found.rows}
                id={({id}) => id}
                columns={[
                  {key: 'what', title: t().trash.what, kind: 'wide', cell: (hold) => <HoldWhat hold={hold} />},
                  {key: 'reason', title: t().trash.reason, cell: ({reason}) => <Text text={reason} />},
                  {key: 'by', title: t().trash.by, cell: ({by, at}) => <><Person id={by} /> · <Time at={at} /></>},
                  {key: 'state', title: t().group.held, cell: (hold) => <State hold={hold} />},
                ]}
              />
              {holdId ? found.rows.map((hold) => hold.inForce && <Release key={hold.id} hold={hold} />) : <Pager page={found} one="" other="" />}
            </>
          ) : (
            <p class="empty">{words.nothing}</p>
          )
        }
      </Loaded>
    </>
  );
}

interface What {
  resource: string;
  id: string;
  list: Condition[];
}

// One object by its id, or all that conditions mean now.
function Objects({what, set}: {what: What; set: (changes: Partial<What>) => void}) {
  const {resource, id, list} = what;
  const resources = useResources().data ?? [];
  const metadata = useMetadata(resource).data;
  const count = useCount(resource, {where: {and: {...termsOf(list)}}, deleted: 'null'}, list.length > 0);
  return (
    <section class="card">
      <label class="field narrow">
        <span>{t().counts.table}</span>
        <select value={resource} onChange={(event) => set({resource: event.currentTarget.value, list: []})}>
          <option />
          {resources.map((one) => (
            <option key={one.resource}>{one.resource}</option>
          ))}
        </select>
      </label>
      <label class="field narrow">
        <span>{t().holds.id}</span>
        <input value={id} onInput={(event) => set({id: event.currentTarget.value})} />
      </label>
      {!id && metadata && (
        <>
          <p>{t().holds.where}</p>
          <Conditions key={resource} metadata={metadata} list={list} show={(next) => set({list: next})} />
        </>
      )}
      {count !== null && <p role="status">{t().overview.size(count)}</p>}
    </section>
  );
}

export function NewHold() {
  const words = t().holds;
  const itemId = route.value.query.get('item') ?? '';
  const item = useItem(itemId).data;
  const [what, setWhat] = useState<What>({resource: '', id: '', list: []});
  const day = useDay(words.day);
  const back = itemId ? ['trash', itemId] : ['holds'];
  const {resource, id, list} = what;
  const work = async (key: string, reason = ''): Promise<void> => {
    const named = item ? {groupId: item.groupId} : {resource, ...(id ? {id} : {where: {and: termsOf(list)}})};
    await read(client.POST('/v1/@holds', {body: {...named, reason, until: day.end}, headers: {'Idempotency-Key': key}}));
    tell('held', item?.displayName ?? resource);
    go(back);
  };
  return (
    <>
      <Head title={item ? words.ask(item.displayName) : words.make} sub={words.sub} />
      {!itemId && <Objects what={what} set={(changes) => setWhat({...what, ...changes})} />}
      <Decision label={t().rights.hold} cancel={href(back)} needed off={itemId ? !item : !resource || !(id || list.length)} work={work}>
        {day.field}
      </Decision>
    </>
  );
}
