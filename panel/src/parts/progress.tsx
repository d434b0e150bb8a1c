// An operation while it runs and when it has ended. The page can be left: it goes on without it.
import {useEffect, useRef} from 'preact/hooks';
import {cache, changed, itemOf, type Operation, Problem} from '../api';
import {useClasses, useOperation} from '../queries';
import {recordDone} from '../recent';
import {href} from '../route';
import {t} from '../words';
import {Loaded} from './loaded';
import {Person} from './person';
import {ProblemNote} from './problem';
import {Time} from './time';

// How fast it goes is told once it was looked at for some seconds: before, it would only be guessed.
function usePace({state, done, total}: Operation): string {
  const first = useRef<{at: number; done: number} | null>(null);
  if (state !== 'running') return '';
  first.current ??= {at: Date.now(), done};
  const seconds = (Date.now() - first.current.at) / 1000;
  const rate = (done - first.current.done) / seconds;
  if (seconds < 5 || !(rate > 0)) return '';
  return ` · ${t().operation.pace(Math.ceil(rate), total && Math.ceil((total - done) / rate))}`;
}

export function Bar({operation}: {operation: Operation}) {
  const {done, total, state} = operation;
  const words = t().operation;
  const pace = usePace(operation);
  return (
    <p class="bar">
      <progress max={total ?? 1} {...(total === null && state !== 'done' ? {} : {value: state === 'done' ? (total ?? 1) : done})} aria-label={words.kinds[operation.kind]} />
      <span>
        {words.states[state]} · {total === null ? t().number(done) : words.of(done, total)}
        {pace}
      </span>
    </p>
  );
}

function Outcome({operation}: {operation: Operation}) {
  if (operation.error) return <ProblemNote error={new Problem(operation.error.status, operation.error)} />;
  if (operation.state !== 'done') return <p class="faint">{t().operation.leave}</p>;
  return (
    <>
      <p>{t().operation.done}</p>
      <Result operation={operation} />
    </>
  );
}

// Where what it has moved is now.
function Result({operation}: {operation: Operation}) {
  const classes = useClasses();
  const {location, root} = (operation.result ?? {}) as {location?: string; root?: {resource: string; id: string}};
  const item = itemOf(location ?? null);
  const link = (address: string, words: string) => (
    <p>
      <a class="button" href={address}>
        {words}
      </a>
    </p>
  );
  if (item) return link(href(['trash', item]), t().remove.look);
  if (root) return link(href(['rows', root.resource, root.id]), t().restored.open(`${classes(root.resource)} ${root.id}`));
  return null;
}

export function Progress({id}: {id: string}) {
  const query = useOperation(id);
  const ended = query.data?.endedAt ?? null;
  const told = useRef(false);
  // It has begun since the others were listed.
  useEffect(() => void cache.invalidate('operations'), [id]);
  useEffect(() => {
    if (ended && !told.current) {
      told.current = true;
      if (query.data) recordDone([query.data]);
      changed();
    }
  }, [ended]);
  return (
    <Loaded query={query}>
      {(operation) => (
        <section class="card" aria-labelledby="operation">
          <h2 id="operation">{t().operation.kinds[operation.kind]}</h2>
          <Bar operation={operation} />
          <p class="faint">
            <Person id={operation.by} name={operation.byName} /> · <Time at={operation.createdAt} />
          </p>
          <Outcome operation={operation} />
          <p>
            <a href={href(['operations'])}>{t().operation.all}</a>
          </p>
        </section>
      )}
    </Loaded>
  );
}
