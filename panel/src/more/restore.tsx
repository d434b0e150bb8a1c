import type {Operation, TrashItem} from '../api';
import type {Me} from '../queries';
import {begin, ChangeList, changes, client, Copy, Countdown, Counts, Ended, focusHead, Head, href, Icon, keepPreviousData, listing, Loaded, may, Problem, ProblemNote, Progress, read, record, route, t, Text, undoOf, useAct, useClasses, useEffect, useItem, useMe, useQuery, useState} from '../shared';
import {type Answered, answered, barred, type Body, bodyOf, causes, learn, nameOf, shared, useDecisions} from './choices';
import {Cause, Choices, ConflictCard} from './conflict';
import {Lost, type RestoredAnswer, RestoredParts} from './restored';

interface Preview {
  answer: RestoredAnswer | null;
  conflicts: Problem | null;
}

function send(id: string, body: Body, query: {dryRun?: boolean}, header: Record<string, string> = {}) {
  return read(
    client.POST('/v1/trash/{trashItemId}/$restore', {
      params: {path: {trashItemId: id}, query, header},
      ...(Object.keys(body).length ? {body} : {}),
    }),
  );
}

function usePreview(id: string, body: Body, enabled: boolean) {
  return useQuery({
    queryKey: ['preview', id, body],
    queryFn: async (): Promise<Preview> => {
      try {
        const {data} = await send(id, body, {dryRun: true});
        return {answer: data as RestoredAnswer, conflicts: null};
      } catch (problem) {
        if (problem instanceof Problem && problem.code === 'restore-conflict') return {answer: null, conflicts: problem};
        throw problem;
      }
    },
    placeholderData: keepPreviousData,
    staleTime: 0,
    gcTime: 0,
    enabled,
  });
}

// The few that were ticked, by name: in the trash until they are back.
function Pick({id, live}: {id: string; live: boolean}) {
  const {data} = useItem(id);
  if (!data) return null;
  return (
    <li>
      <a href={live ? href(['rows', data.resource, data.deletedObjectId]) : href(['trash', id])}>
        <Text text={data.displayName} />
      </a>{' '}
      <span class="faint">{data.deletedObjectClass}</span>
    </li>
  );
}

function Picks({only, live}: {only: string[]; live: boolean}) {
  const first = 10;
  return (
    <ul>
      {only.slice(0, first).map((id) => (
        <Pick key={id} id={id} live={live} />
      ))}
      {only.length > first && <li class="faint">{t().restore.morePicks(only.length - first)}</li>}
    </ul>
  );
}

// What is left of the deletion where only a part of it comes back.
function Stays({item, answer}: {item: TrashItem; answer: RestoredAnswer}) {
  if (!answer.left || answer.ancestors?.length) return null;
  const sums = new Map<string, number>();
  for (const {resource, count} of item.group?.counts ?? []) sums.set(resource, (sums.get(resource) ?? 0) + count);
  for (const {resource, count} of answer.resources) sums.set(resource, (sums.get(resource) ?? 0) - count);
  const list = [...sums].map(([resource, count]) => ({resource, count})).filter(({count}) => count > 0);
  return (
    <>
      <h3>{t().restore.stays(answer.left)}</h3>
      <Counts list={list} />
    </>
  );
}

function Done({answer, item, only}: {answer: RestoredAnswer; item: TrashItem; only: string[]}) {
  const mine = changes.value.filter((change) => change.link?.includes(item.id));
  const {root} = answer;
  const then = route.value.query.get('then') ?? '';
  const next = useItem(then).data;
  return (
    <section class="card" aria-labelledby="done">
      <h2 id="done">
        <Icon name="good" /> {t().restored.title(answer.restored, answer.resources.length)}
      </h2>
      {only.length && !answer.copied ? (
        <Picks only={only} live />
      ) : (
        <p>
          <a class="button main" href={href(['rows', root.resource, answer.copied?.[0]?.to ?? root.id])}>
            {t().restored.open(item.displayName)}
          </a>
        </p>
      )}
      {next && (
        <p>
          <a class="button" href={href(['trash', then, 'restore'])}>
            {t().restored.next(next.displayName)}
          </a>
        </p>
      )}
      <RestoredParts answer={answer} done />
      <ChangeList list={mine} />
      <p>
        <a href={listing()}>{t().ended.list}</a>
      </p>
    </section>
  );
}

// What the button does is what it says, numbers first.
function label(answer: RestoredAnswer | null, copy: boolean): string {
  const words = t().restore;
  if (!answer) return copy ? words.copyHead : words.head;
  if (copy) return words.copyButton(answer.restored);
  const swapped = answer.swapped?.reduce((sum, one) => sum + one.groupSize, 0) ?? 0;
  const more = [
    swapped && words.andSwap(swapped),
    answer.detached?.length && words.andDetach(answer.detached.length),
    answer.left && words.andLeave(answer.left),
    answer.lost?.length && words.andLose(answer.lost.length),
  ];
  return [words.button(answer.restored), ...more.filter(Boolean)].join(', ');
}

interface Conflicted {
  known: Answered[];
  amend: (those: Answered[], change: Partial<Answered>) => void;
  item: TrashItem;
}

// Conflicts of one cause are decided at once; exceptions are folded.
function OneCause({list, amend, item}: Conflicted & {list: Answered[]}) {
  const [open, setOpen] = useState(false);
  const [first] = list;
  if (list.length === 1 && first) return <ConflictCard known={first} item={item} alone amend={(change) => amend([first], change)} />;
  return (
    <section class="card conflict">
      <Cause list={list} item={item} />
      <Choices list={list} choices={shared(list)} choose={(choice) => amend(list, {choice})} />
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{t().restore.single(list.length)}</summary>
        {open && list.slice(0, most).map((one) => <ConflictCard key={nameOf(one.conflict)} known={one} item={item} alone={false} amend={(change) => amend([one], change)} />)}
      </details>
    </section>
  );
}

const most = 200;

function OfKind({kind, known, amend, item}: Conflicted & {kind: Answered['conflict']['kind']}) {
  const first = 50;
  const [all, setAll] = useState(false);
  const list = known.filter(({conflict}) => conflict.kind === kind);
  const found = causes(list);
  const cards = (all ? found : found.slice(0, first)).map((those) => (
    <OneCause key={those[0] && nameOf(those[0].conflict)} list={those} known={known} amend={amend} item={item} />
  ));
  if (found.length === 1) return <>{cards}</>;
  return (
    <section class="stack" aria-label={t().conflict.kinds[kind]}>
      <h3>
        {t().number(found.length)} × {t().conflict.kinds[kind]}
      </h3>
      <Choices list={list} choices={shared(list)} choose={(choice) => amend(list, {choice})} legend={t().restore.forAll(found.length)} />
      <details open={found.length <= 5}>
        <summary>{t().restore.single(found.length)}</summary>
        {cards}
        {found.length > first && !all && (
          <button type="button" onClick={() => setAll(true)}>
            {t().restore.allConflicts(found.length)}
          </button>
        )}
      </details>
    </section>
  );
}

function Conflicts({known, amend, item}: Conflicted) {
  const classes = useClasses();
  const me = useMe().data;
  const kinds = [...new Set(known.map(({conflict}) => conflict.kind))];
  const lacks = barred(known, me);
  return (
    <section aria-labelledby="conflicts">
      <h2 id="conflicts">{t().restore.conflicts(causes(known).length)}</h2>
      {lacks.length > 0 && (
        <div class="note" role="status">
          <Icon name="warning" />
          <div>
            <p>{t().restore.barred(lacks.map(({right, resource}) => t().ability(right, classes(resource))))}</p>
            <Copy text={location.href} label={t().copy.address} />
          </div>
        </div>
      )}
      {kinds.map((kind) => (
        <OfKind key={kind} kind={kind} known={known} amend={amend} item={item} />
      ))}
    </section>
  );
}

// Values that have no place any more are seen, and can be copied, before they are left behind.
function GiveUp({list, agreed, agree}: {list: NonNullable<RestoredAnswer['lost']>; agreed: boolean; agree: (on: boolean) => void}) {
  return (
    <section class="note" aria-labelledby="lost">
      <div>
        <h2 id="lost">{t().restored.lost(list.length)}</h2>
        <ul>
          <Lost list={list} />
        </ul>
        <Copy text={JSON.stringify(list, null, 2)} label={t().copy.json} />
        <label class="option">
          <input type="checkbox" checked={agreed} onChange={(event) => agree(event.currentTarget.checked)} />
          {t().restore.giveUp(list.length)}
        </label>
      </div>
    </section>
  );
}

function useRestore(item: TrashItem, body: Body, plan: string | undefined, after: {done: (answer: RestoredAnswer) => void; tell: (answer: RestoredAnswer) => void; stale: () => void}) {
  const [operation, setOperation] = useState<Operation | null>(null);
  const act = useAct(async (key) => {
    const header = {'Idempotency-Key': key, ...(plan && {'If-Match': `"${plan}"`})};
    try {
      const {data, response} = await send(item.id, body, {}, header);
      if (response.status === 202) {
        setOperation(data as Operation);
        begin(data as Operation, after.tell);
      } else after.done(data as RestoredAnswer);
      focusHead();
    } catch (problem) {
      if (problem instanceof Problem && problem.code === 'stale') after.stale();
      throw problem;
    }
  });
  return {operation, act};
}

// A restore is undone by moving all of it to the trash again.
function undoable(answer: RestoredAnswer | null, me: Me | undefined): boolean {
  return answer?.resources.every(({resource}) => may(me, 'trash', resource)) ?? true;
}

// A page that is closed takes with it what was decided.
function useWarning(on: boolean): void {
  useEffect(() => {
    if (!on) return undefined;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', ask);
    return () => removeEventListener('beforeunload', ask);
  }, [on]);
}

function Assistant({item, only, ended}: {item: TrashItem; only: string[]; ended: (title: string) => void}) {
  const decided = useDecisions(`${item.groupId} ${only.join()}`);
  const {known, copying: copy} = decided;
  const me = useMe().data;
  const [done, setDone] = useState<RestoredAnswer | null>(null);
  // What was agreed to holds for the values that were seen.
  const [agreed, setAgreed] = useState('');
  const body = bodyOf(known, copy, only);
  const settled = known.every(answered);
  const asked = JSON.stringify(body);
  // What one has come back to is looked at once, and whatever else when all is decided or one asks for it.
  const [start] = useState(asked);
  const preview = usePreview(item.id, body, !done && (settled || asked === start));
  const answer = !preview.isPlaceholderData ? (preview.data?.answer ?? null) : null;
  const lost = JSON.stringify(answer?.lost ?? []);
  const ready = answer !== null && (!answer.lost?.length || agreed === lost);
  const tell = (restored: RestoredAnswer): void => {
    const text = t().restored.said(item.displayName, restored.restored);
    record(text, [restored.copied ? 'copied' : 'restored', restored.restored], undoOf(restored), href(['trash', item.id]), !undoable(restored, me));
  };
  const {operation, act} = useRestore(item, body, answer?.plan, {
    tell,
    stale: () => void preview.refetch(),
    done: (restored) => {
      decided.forget();
      setDone(restored);
    },
  });
  // Only once nothing is previewed any more, because it has all that is shown read anew.
  useEffect(() => {
    if (!done) return;
    ended(body.only ? t().restored.partHead(done.restored, item.displayName) : t().restored.head(item.displayName));
    tell(done);
  }, [done]);
  const found = preview.data?.conflicts?.body.conflicts;
  useEffect(() => {
    if (found) decided.learn((before) => learn(before, found));
  }, [found]);
  useWarning(!done && known.some(answered));
  const open = answer ? 0 : causes(known.filter((one) => !answered(one))).length;
  const writes = item.group?.counts.every(({resource}) => resource === null || may(me, 'write', resource)) ?? true;

  const gone = [act.problem, preview.error].find((one) => one instanceof Problem && one.code === 'gone');

  if (done) return <Done answer={done} item={item} only={only} />;
  if (operation) return <Progress id={operation.id} />;
  if (gone) return <Ended id={item.id} problem={gone as Problem} />;
  return (
    <>
      {only.length > 0 && (
        <section class="card" aria-labelledby="only">
          <h2 id="only">{t().restore.only(only.length)}</h2>
          <Picks only={only} live={false} />
          <p>
            <a href={href(['trash', item.id, 'restore'])}>{t().restore.whole}</a>
          </p>
        </section>
      )}
      {act.problem?.code === 'stale' && <p class="note bad" role="alert">{t().restore.stale}</p>}
      {act.problem && act.problem.code !== 'stale' && <ProblemNote error={act.problem} />}
      {known.length > 0 && (
        <Conflicts
          known={known}
          item={item}
          amend={(those, change) => decided.learn((list) => list.map((one) => (those.some(({conflict}) => conflict === one.conflict) ? {...one, ...change} : one)))}
        />
      )}
      <Loaded query={preview}>
        {({answer: shown}) =>
          shown ? (
            <section class="card" aria-labelledby="preview">
              <h2 id="preview">{t().restore.preview(shown.restored, shown.resources.length)}</h2>
              <RestoredParts answer={{...shown, lost: [], ...(only.length && {left: 0})}} />
              {only.length > 0 && <Stays item={item} answer={shown} />}
            </section>
          ) : null
        }
      </Loaded>
      {answer?.lost?.length ? <GiveUp list={answer.lost} agreed={agreed === lost} agree={(on) => setAgreed(on ? lost : '')} /> : null}
      <label class="option">
        <input type="checkbox" checked={copy} disabled={!writes} onChange={(event) => decided.setCopying(event.currentTarget.checked)} />
        <span>
          {t().restore.copy} <span class="faint">{writes ? t().restore.copyMeans : t().conflict.lacks(t().ability('write', t().restore.each))}</span>
        </span>
      </label>
      {act.waits && <Countdown error={act.waits} />}
      {!undoable(answer, me) && <p class="faint">{t().recent.barred}</p>}
      <div class="decide last">
        {known.length > 0 && <p>{open ? t().restore.open(open) : answer ? t().restore.settled : t().loading}</p>}
        {answer && !ready && <p class="faint">{t().restore.tickFirst}</p>}
        <p class="row">
          <button type="button" class="main" data-key="restore" aria-disabled={!ready || act.busy} onClick={() => ready && void act.run()}>
            <Icon name="restore" />
            {label(answer, copy)}
          </button>
          <button type="button" onClick={() => void preview.refetch()}>
            {t().restore.again}
          </button>
          <a class="button" href={href(['trash', item.id])}>
            {t().cancel}
          </a>
        </p>
      </div>
    </>
  );
}

export function Restore() {
  const id = route.value.path[1] ?? '';
  const query = useItem(id);
  const classes = useClasses();
  // Once it is back the item is gone; what was seen of it stays for the summary.
  const item = query.data;
  const gone = query.error instanceof Problem && query.error.code === 'gone' ? query.error : null;
  const only = route.value.query.getAll('only');
  const [end, setEnd] = useState<string | null>(null);
  const title = end ?? (item ? t().restore.title(item.displayName) : t().restore.head);
  return (
    <>
      <Head title={title} sub={item && `${classes(item.resource)} · ${item.deletedObjectId}`} />
      {item ? (
        <Assistant key={`${item.groupId} ${only.join()}`} item={item} only={only} ended={setEnd} />
      ) : gone ? (
        <Ended id={id} problem={gone} />
      ) : (
        <Loaded query={query}>{() => null}</Loaded>
      )}
    </>
  );
}
