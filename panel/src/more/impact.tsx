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

export function ImpactCard({impact, hard}: {impact: Impact; hard: boolean}) {
  const taken = impact.resources.filter(({action}) => action === 'trash');
  const written = impact.written ?? [];
  return (
    <section class="card" aria-labelledby="impact">
      <h2 id="impact">{hard ? t().impact.titleHard(impact.total, taken.length) : t().impact.title(impact.total, taken.length)}</h2>
      <Counts list={taken} />
      <Cut list={impact.resources.filter(({action}) => action !== 'trash')} />
      {written.length > 0 && (
        <>
          <h3>{t().impact.written}</h3>
          <Counts list={written} />
        </>
      )}
    </section>
  );
}
