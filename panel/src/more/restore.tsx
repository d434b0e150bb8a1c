import type {Operation, TrashItem} from '../api';
import {ChangeList, changes, client, Countdown, Ended, focusHead, Head, href, Icon, keepPreviousData, Loaded, Problem, ProblemNote, Progress, read, record, route, t, undoOf, useAct, useClasses, useEffect, useItem, useQuery, useState} from '../shared';
import {type Answered, answered, type Body, bodyOf, learn, nameOf} from './choices';
import {ConflictCard} from './conflict';
import {type RestoredAnswer, RestoredParts} from './restored';

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

function Done({answer, item}: {answer: RestoredAnswer; item: TrashItem}) {
  const mine = changes.value.filter((change) => change.link?.includes(item.id));
  const {root} = answer;
  return (
    <section class="card" aria-labelledby="done">
      <h2 id="done">
        <Icon name="good" /> {t().restored.title(answer.restored, answer.resources.length)}
      </h2>
      <p>
        <a class="button main" href={href(['rows', root.resource, answer.copied?.[0]?.to ?? root.id])}>
          {t().restored.open(item.displayName)}
        </a>
      </p>
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
  return swapped ? words.swapButton(answer.restored, swapped) : words.button(answer.restored);
}

function Conflicts(props: {known: Answered[]; set: (known: Answered[]) => void; groupId: string}) {
  const {known, set} = props;
  const open = known.filter((one) => !answered(one)).length;
  const first = 50;
  const [all, setAll] = useState(false);
  return (
    <section aria-labelledby="conflicts">
      <h2 id="conflicts">{t().restore.conflicts(known.length)}</h2>
      <p>{open ? t().restore.open(open) : t().restore.settled}</p>
      {(all ? known : known.slice(0, first)).map((one) => (
        <ConflictCard
          key={nameOf(one.conflict)}
          known={one}
          groupId={props.groupId}
          amend={(change) => set(known.map((other) => (other === one ? {...other, ...change} : other)))}
        />
      ))}
      {known.length > first && !all && (
        <button type="button" onClick={() => setAll(true)}>
          {t().restore.allConflicts(known.length)}
        </button>
      )}
    </section>
  );
}

function useRestore(
  item: TrashItem,
  body: Body,
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
        ended(t().restored.head(item.displayName));
        record(t().restored.said(item.displayName, restored.restored), undoOf(restored), href(['trash', item.id]));
      }
      focusHead();
    } catch (problem) {
      if (problem instanceof Problem && problem.code === 'stale') refresh();
      throw problem;
    }
  });
  return {done, operation, act};
}

function Assistant({item, ended}: {item: TrashItem; ended: (title: string) => void}) {
  const [known, setKnown] = useState<Answered[]>([]);
  const [copy, setCopy] = useState(false);
  const body = bodyOf(known, copy);
  const settled = known.every(answered);
  const preview = usePreview(item.id, body, settled);
  const answer = settled && !preview.isPlaceholderData ? (preview.data?.answer ?? null) : null;
  const {done, operation, act} = useRestore(item, body, answer, () => void preview.refetch(), ended);
  const found = preview.data?.conflicts?.body.conflicts;
  useEffect(() => {
    if (found) setKnown((before) => learn(before, found));
  }, [found]);

  if (done) return <Done answer={done} item={item} />;
  if (operation) return <Progress id={operation.id} />;
  return (
    <>
      {act.problem?.code === 'stale' && <p class="note bad" role="alert">{t().restore.stale}</p>}
      {act.problem && act.problem.code !== 'stale' && <ProblemNote error={act.problem} />}
      {known.length > 0 && <Conflicts known={known} set={setKnown} groupId={item.groupId} />}
      <Loaded query={preview}>
        {({answer: shown}) =>
          shown && settled ? (
            <section class="card" aria-labelledby="preview">
              <h2 id="preview">{t().restore.preview(shown.restored, shown.resources.length)}</h2>
              <RestoredParts answer={shown} />
            </section>
          ) : null
        }
      </Loaded>
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
        <button type="button" class="main" data-key="restore" aria-disabled={!answer || act.busy} onClick={() => answer && void act.run()}>
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
  const [end, setEnd] = useState<string | null>(null);
  const title = end ?? (item ? t().restore.title(item.displayName) : t().restore.head);
  return (
    <>
      <Head title={title} sub={item && `${classes(item.resource)} · ${item.deletedObjectId}`} />
      {item ? (
        <Assistant key={item.groupId} item={item} ended={setEnd} />
      ) : gone ? (
        <Ended id={id} problem={gone} />
      ) : (
        <Loaded query={query}>{() => null}</Loaded>
      )}
    </>
  );
}
