// What a delete takes along, what it changes, and what stands in its way.
import type {Schemas} from '../api';
import {Counts, href, Icon, t, useClasses} from '../shared';

type Impact = Schemas['Impact'];
type Blocker = Schemas['Blocker'];

function Blocked({blocker}: {blocker: Blocker}) {
  const classes = useClasses();
  const {resource, constraint, count, ids, reason} = blocker;
  return (
    <li class="blocker">
      <b>{count === null ? '' : t().number(count)}</b> {resource === null ? t().counts.hidden : classes(resource)}{' '}
      <span class="faint">{constraint}</span>
      {reason && <div class="faint">{reason}</div>}
      {resource !== null && ids.length > 0 && (
        <div class="small">
          {ids.map((id) => (
            <span key={id}>
              <a href={href(['rows', resource, id])}>{id}</a>{' '}
            </span>
          ))}
          {count !== null && count > ids.length && '…'}
        </div>
      )}
    </li>
  );
}

export function Blockers({list}: {list: Blocker[]}) {
  if (!list.length) return null;
  return (
    <section class="note bad" aria-labelledby="blockers">
      <Icon name="warning" />
      <div>
        <h2 id="blockers">{t().impact.blockers}</h2>
        <ul>
          {list.map((blocker) => (
            <Blocked key={`${blocker.resource} ${blocker.constraint}`} blocker={blocker} />
          ))}
        </ul>
      </div>
    </section>
  );
}

function Cut({list}: {list: Impact['resources']}) {
  const classes = useClasses();
  if (!list.length) return null;
  return (
    <>
      <h3>{t().impact.cut}</h3>
      <ul>
        {list.map(({resource, count, action, reason}) => (
          <li key={`${resource} ${action} ${reason}`}>
            <b>{t().number(count)}</b> {resource === null ? t().counts.hidden : classes(resource)}:{' '}
            {action === 'set-null' ? t().impact.setNull : t().impact.setDefault} <span class="faint">{reason}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

const linesOf = (impact: Impact, ...actions: string[]) => impact.resources.filter(({action}) => actions.includes(action));

// How many rows go to the trash; the rest of the total goes for good.
export const moved = (impact: Impact): number => linesOf(impact, 'trash').reduce((sum, {count}) => sum + count, 0);

export function ImpactCard({impact, hard}: {impact: Impact; hard: boolean}) {
  const taken = hard ? linesOf(impact, 'trash', 'delete') : linesOf(impact, 'trash');
  const gone = hard ? [] : linesOf(impact, 'delete');
  const written = impact.written ?? [];
  return (
    <section class="card" aria-labelledby="impact">
      <h2 id="impact">{hard ? t().impact.titleHard(impact.total, taken.length) : t().impact.title(moved(impact), taken.length)}</h2>
      <Counts list={taken} />
      {gone.length > 0 && (
        <>
          <h3>{t().impact.gone}</h3>
          <Counts list={gone} />
        </>
      )}
      <Cut list={linesOf(impact, 'set-null', 'set-default')} />
      {written.length > 0 && (
        <>
          <h3>{t().impact.written}</h3>
          <Counts list={written} />
        </>
      )}
    </section>
  );
}
