import type {Operation, TrashItem} from '../api';
import {ChangeList, changes, client, Copy, Countdown, Counts, Ended, focusHead, Head, href, Icon, keepPreviousData, Loaded, Problem, ProblemNote, Progress, read, record, route, t, Text, undoOf, useAct, useClasses, useEffect, useId, useItem, useQuery, useState} from '../shared';
import {type Answered, answered, type Body, bodyOf, type Choice, learn, nameOf, shared} from './choices';
import {ConflictCard} from './conflict';
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
      <RestoredParts answer={answer} />
      <ChangeList list={mine} />
      <p>
        <a href={href(['trash'])}>{t().ended.list}</a>
      </p>
    </section>
  );
}

// What the button does is what it says, numbers first.
function label(answer: RestoredAnswer | null, item: TrashItem, copy: boolean): string {
  const words = t().restore;
  if (!answer) return words.button(item.groupSize);
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

// One choice for all conflicts of a kind, beside those for each.
function ForAll({list, choose}: {list: Answered[]; choose: (choice: Choice) => void}) {
  const name = useId();
  const choices = shared(list);
  if (list.length < 2 || !choices.length) return null;
  return (
    <fieldset>
      <legend>{t().restore.forAll(list.length)}</legend>
      {choices.map((one) => (
        <label class="option" key={one}>
          <input type="radio" name={name} checked={list.every(({choice}) => choice === one)} onChange={() => choose(one)} />
          <span>
            {t().conflict.choices[one].title}
            <span class="faint"> {t().conflict.choices[one].means}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

interface Conflicted {
  known: Answered[];
  set: (known: Answered[]) => void;
  groupId: string;
}

function OfKind({kind, known, set, groupId}: Conflicted & {kind: Answered['conflict']['kind']}) {
  const first = 50;
  const [all, setAll] = useState(false);
  const list = known.filter(({conflict}) => conflict.kind === kind);
  const amend = (those: Answered[], change: Partial<Answered>): void => set(known.map((one) => (those.includes(one) ? {...one, ...change} : one)));
  const several = list.length > 1;
  const cards = (all ? list : list.slice(0, first)).map((one) => (
    <ConflictCard key={nameOf(one.conflict)} known={one} groupId={groupId} amend={(change) => amend([one], change)} />
  ));
  if (!several) return <>{cards}</>;
  return (
    <section class="stack" aria-label={t().conflict.kinds[kind]}>
      <h3>
        {t().number(list.length)} × {t().conflict.kinds[kind]}
      </h3>
      <ForAll list={list} choose={(choice) => amend(list, {choice})} />
      <details open={list.length <= 5}>
        <summary>{t().restore.single(list.length)}</summary>
        {cards}
        {list.length > first && !all && (
          <button type="button" onClick={() => setAll(true)}>
            {t().restore.allConflicts(list.length)}
          </button>
        )}
      </details>
    </section>
  );
}

function Conflicts({known, set, groupId}: Conflicted) {
  const open = known.filter((one) => !answered(one)).length;
  const kinds = [...new Set(known.map(({conflict}) => conflict.kind))];
  return (
    <section aria-labelledby="conflicts">
      <h2 id="conflicts">{t().restore.conflicts(known.length)}</h2>
      <p>{open ? t().restore.open(open) : t().restore.settled}</p>
      {kinds.map((kind) => (
        <OfKind key={kind} kind={kind} known={known} set={set} groupId={groupId} />
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

function useRestore(
  item: TrashItem,
  body: Body,
  copy: boolean,
  answer: RestoredAnswer | null,
  refresh: () => void,
  ended: (title: string) => void,
) {
  const [done, setDone] = useState<RestoredAnswer | null>(null);
  const [operation, setOperation] = useState<Operation | null>(null);
  const act = useAct(async (key) => {
    const header = {'Idempotency-Key': key, ...(answer?.plan && {'If-Match': `"${answer.plan}"`})};
    try {
      const {data, response} = await send(item.id, body, {}, header);
      if (response.status === 202) setOperation(data as Operation);
      else {
        const restored = data as RestoredAnswer;
        setDone(restored);
        ended(body.only ? t().restored.partHead(restored.restored, item.displayName) : t().restored.head(item.displayName));
        record(t().restored.said(item.displayName, restored.restored), [copy ? 'copied' : 'restored', restored.restored], undoOf(restored), href(['trash', item.id]));
      }
      focusHead();
    } catch (problem) {
      if (problem instanceof Problem && problem.code === 'stale') refresh();
      throw problem;
    }
  });
  return {done, operation, act};
}

function Assistant({item, only, ended}: {item: TrashItem; only: string[]; ended: (title: string) => void}) {
  const [known, setKnown] = useState<Answered[]>([]);
  const [copy, setCopy] = useState(false);
  // What was agreed to holds for the values that were seen.
  const [agreed, setAgreed] = useState('');
  const body = bodyOf(known, copy, only);
  const settled = known.every(answered);
  const preview = usePreview(item.id, body, settled);
  const answer = settled && !preview.isPlaceholderData ? (preview.data?.answer ?? null) : null;
  const lost = JSON.stringify(answer?.lost ?? []);
  const ready = answer !== null && (!answer.lost?.length || agreed === lost);
  const {done, operation, act} = useRestore(item, body, copy, answer, () => void preview.refetch(), ended);
  const found = preview.data?.conflicts?.body.conflicts;
  useEffect(() => {
    if (found) setKnown((before) => learn(before, found));
  }, [found]);

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
      {known.length > 0 && <Conflicts known={known} set={setKnown} groupId={item.groupId} />}
      <Loaded query={preview}>
        {({answer: shown}) =>
          shown && settled ? (
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
        <input
          type="checkbox"
          checked={copy}
          onChange={(event) => {
            setKnown([]);
            setCopy(event.currentTarget.checked);
          }}
        />
        <span>
          {t().restore.copy} <span class="faint">{t().restore.copyMeans}</span>
        </span>
      </label>
      {act.waits && <Countdown error={act.waits} />}
      <p class="row decide">
        <button type="button" class="main" data-key="restore" aria-disabled={!ready || act.busy} onClick={() => ready && void act.run()}>
          <Icon name="restore" />
          {label(answer, item, copy)}
        </button>
        <button type="button" onClick={() => void preview.refetch()}>
          {t().restore.again}
        </button>
        <a class="button" href={href(['trash', item.id])}>
          {t().cancel}
        </a>
      </p>
      {!answer && !settled && <p class="faint">{t().restore.off}</p>}
      {answer && !ready && <p class="faint">{t().restore.tickFirst}</p>}
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
