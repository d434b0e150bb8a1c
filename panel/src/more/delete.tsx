import type {Operation, Problem, Schemas} from '../api';
import {begin, ChangeList, changes, client, Countdown, focusHead, Head, href, Icon, itemOf, keepPreviousData, Loaded, may, ProblemNote, Progress, read, record, route, t, undoOf, useAct, useClasses, useMe, useMetadata, useObject, useQuery, useState} from '../shared';
import {Blockers, ImpactCard, moved} from './impact';
import {TypedNumber} from './typed';

type Impact = Schemas['Impact'];

interface Wish {
  resource: string;
  ids: string[];
  cascade: boolean;
  hard: boolean;
  reason: string;
}

interface Sending {
  dryRun?: boolean;
  confirm?: boolean;
  key?: string;
  etag?: string | null;
}

// Reasons that were given since the page was opened, the last first: who bins much often gives the same.
let reasons: string[] = [];

// One row is named by its address, several in a body; the answers mean the same.
function send({resource, ids, cascade, hard, reason}: Wish, {dryRun, confirm, key, etag}: Sending) {
  const query = {
    ...(cascade && {cascade}),
    ...(hard && {hard}),
    ...(dryRun && {dryRun}),
    ...(confirm && {confirm}),
    ...(reason.trim() && !dryRun && {reason: reason.trim()}),
  };
  const header = {...(key && {'Idempotency-Key': key})};
  if (ids.length !== 1) {
    return read(client.POST('/v1/{resource}/bulk-delete', {params: {path: {resource}, query, header}, body: {ids}}));
  }
  const one = {...header, ...(etag && {'If-Match': etag})};
  return read(client.DELETE('/v1/{resource}/{id}', {params: {path: {resource, id: ids[0] ?? ''}, query, header: one}}));
}

// What is asked for beside the button: nothing for what is small and comes back by one click.
function asksForTick(impact: Impact, confirm: boolean): boolean {
  const tables = impact.resources.filter(({action}) => action === 'trash').length;
  return confirm || impact.total > 100 || tables > 2 || impact.total > moved(impact);
}

interface Done {
  text: string;
  item: string | null;
}

function useDelete(wish: Wish, name: string, total: number, confirm: boolean, etag: string | null, ended: (title: string) => void) {
  const [done, setDone] = useState<Done | null>(null);
  const [operation, setOperation] = useState<Operation | null>(null);
  const me = useMe().data;
  const text = wish.hard ? t().remove.saidHard(name, total) : t().remove.said(name, total);
  const tell = (item: string | null, undo: string | null): void =>
    record(text, [wish.hard ? 'deleted' : 'trashed', total], undo, item && href(['trash', item]), !may(me, 'restore', wish.resource));
  const act = useAct(async (key) => {
    const {data, response} = await send(wish, {confirm, key, etag});
    const reason = wish.reason.trim();
    if (reason) reasons = [reason, ...reasons.filter((one) => one !== reason)].slice(0, 5);
    if (response.status === 202) {
      const started = data as unknown as Operation;
      setOperation(started);
      begin(started, (result: {location?: string; undo?: {href: string}}) => tell(itemOf(result.location ?? null), undoOf(result)));
    } else {
      const item = itemOf(response.headers.get('Location'));
      setDone({text, item});
      ended(text);
      tell(item, undoOf(response));
    }
    focusHead();
  });
  return {done, operation, act};
}

function Summary({done, resource}: {done: Done; resource: string}) {
  const [last] = changes.value;
  return (
    <section class="card">
      {done.item && (
        <p>
          <a class="button" href={href(['trash', done.item])}>
            {t().remove.look}
          </a>
        </p>
      )}
      {last && <ChangeList list={[last]} />}
      <p>
        <a href={href(['rows', resource])}>{t().remove.back}</a>
      </p>
    </section>
  );
}

function Fields(props: {wish: Wish; set: (wish: Wish) => void; needed: boolean; blocked: boolean; hard: boolean}) {
  const {wish, set} = props;
  const words = t().remove;
  return (
    <div class="stack narrow">
      {(props.blocked || wish.cascade) && (
        <label class="option">
          <input type="checkbox" checked={wish.cascade} onChange={(event) => set({...wish, cascade: event.currentTarget.checked})} />
          {words.cascade}
        </label>
      )}
      <label class="field">
        <span>{props.needed ? words.reasonNeeded : words.reason}</span>
        <input list="reasons" maxLength={500} required={props.needed} value={wish.reason} onInput={(event) => set({...wish, reason: event.currentTarget.value})} />
      </label>
      <datalist id="reasons">
        {reasons.map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      {props.hard && (
        <label class="option">
          <input type="checkbox" checked={wish.hard} onChange={(event) => set({...wish, hard: event.currentTarget.checked})} />
          <span>
            {words.hard} <span class="faint">{words.hardMeans}</span>
          </span>
        </label>
      )}
    </div>
  );
}

function Decision(props: {wish: Wish; impact: Impact; confirm: boolean; needed: boolean; busy: boolean; back: string; run: () => void}) {
  const {wish, impact, busy, back} = props;
  const [ticked, setTicked] = useState(false);
  const words = t().remove;
  const told = !props.needed || wish.reason.trim() !== '';
  if (wish.hard) return <TypedNumber count={impact.total} label={words.buttonHard(impact.total)} busy={busy} cancel={back} run={() => told && props.run()} />;
  const tick = asksForTick(impact, props.confirm);
  const tables = impact.resources.filter(({action}) => action === 'trash').length;
  const ready = told && (!tick || ticked);
  return (
    <>
      {tick && (
        <label class="option">
          <input type="checkbox" checked={ticked} onChange={(event) => setTicked(event.currentTarget.checked)} />
          {words.tick(moved(impact), tables)}
        </label>
      )}
      <p class="row">
        <button type="button" class="main" data-key="delete" aria-disabled={!ready || busy} onClick={() => ready && props.run()}>
          <Icon name="trash" />
          {words.button(moved(impact))}
        </button>
        <a class="button" href={back}>
          {t().cancel}
        </a>
      </p>
      {!told && <p class="faint">{words.tellReason}</p>}
    </>
  );
}

function useImpact(wish: Wish) {
  const {resource, ids, cascade, hard} = wish;
  return useQuery({
    queryKey: ['impact', resource, ids, cascade, hard],
    queryFn: async () => (await send(wish, {dryRun: true})).data as unknown as Impact,
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
  });
}

function Failed({problem, again}: {problem: Problem; again: () => void}) {
  if (problem.code !== 'stale') return <ProblemNote error={problem} />;
  return (
    <div class="note bad" role="alert">
      <Icon name="warning" />
      <div>
        <p>{t().remove.stale}</p>
        <button type="button" onClick={again}>
          {t().remove.lookAgain}
        </button>
      </div>
    </div>
  );
}

function Assistant(props: {resource: string; ids: string[]; name: string; ended: (title: string) => void}) {
  const {resource, ids, name, ended} = props;
  const [wish, set] = useState<Wish>({resource, ids, cascade: false, hard: false, reason: ''});
  const metadata = useMetadata(resource).data;
  const me = useMe().data;
  const live = useObject(resource, ids[0] ?? '', ids.length === 1);
  // The row as it was when this page was opened: if it is another one by then, nothing is deleted.
  const [etag, setEtag] = useState<string | null>(null);
  if (etag === null && live.data?.etag) setEtag(live.data.etag);
  const impact = useImpact(wish);
  // Rows that are not kept go for good, whether that is asked for or not.
  const total = impact.data?.total ?? 0;
  const hard = wish.hard || (total > 0 && impact.data !== undefined && moved(impact.data) === 0);
  const meant = {...wish, hard};
  const {done, operation, act} = useDelete(meant, name, total, metadata?.confirm ?? false, etag, ended);
  const back = href(['rows', resource, ...(ids.length === 1 ? ids : [])]);
  const again = (): void => {
    act.clear();
    void live.refetch().then(({data}) => setEtag(data?.etag ?? null));
    void impact.refetch();
  };
  if (done) return <Summary done={done} resource={resource} />;
  if (operation) return <Progress id={operation.id} />;
  return (
    <Loaded query={impact}>
      {(found) => (
        <>
          <Blockers list={found.blockers} />
          <ImpactCard impact={found} hard={hard} />
          <Fields wish={wish} set={set} needed={metadata?.requireReason ?? false} blocked={found.blockers.length > 0} hard={may(me, 'purge', resource)} />
          {act.problem && <Failed problem={act.problem} again={again} />}
          {act.waits && <Countdown error={act.waits} />}
          {found.blockers.length === 0 ? (
            <Decision wish={meant} impact={found} confirm={metadata?.confirm ?? false} needed={metadata?.requireReason ?? false} busy={act.busy} back={back} run={() => void act.run()} />
          ) : (
            <p class="row">
              <span class="faint">{t().remove.blocked}</span>
              <a class="button" href={back}>
                {t().cancel}
              </a>
            </p>
          )}
        </>
      )}
    </Loaded>
  );
}

export function Delete() {
  const resource = route.value.path[1] ?? '';
  const ids = route.value.query.getAll('id');
  const classes = useClasses();
  const metadata = useMetadata(resource);
  const live = useObject(resource, ids[0] ?? '', ids.length === 1);
  const [end, setEnd] = useState<string | null>(null);
  const display = metadata.data?.display ?? '';
  const shown = live.data?.row[display];
  const name = ids.length === 1 ? String(shown ?? `${classes(resource)} ${ids[0]}`) : t().remove.several(ids.length);
  return (
    <>
      <Head title={end ?? t().remove.title(name)} sub={classes(resource)} />
      <Assistant key={`${resource} ${ids.join()}`} resource={resource} ids={ids} name={name} ended={setEnd} />
    </>
  );
}
