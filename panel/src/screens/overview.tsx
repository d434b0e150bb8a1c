import {Head} from '../parts/head';
import {Bar} from '../parts/progress';
import {Loaded} from '../parts/loaded';
import {Person} from '../parts/person';
import {Time} from '../parts/time';
import {latest} from '../first';
import {may, readTrash, useMe, useOperations, useResources, useStatistics, useTrash} from '../queries';
import {href} from '../route';
import {t} from '../words';
import {ItemLink} from './trash';

function Numbers() {
  const statistics = useStatistics(true);
  const resources = useResources();
  const words = t().overview;
  return (
    <Loaded query={statistics}>
      {(sums) => (
        <ul class="numbers">
          <li>
            <a href={href(['trash'])}>
              <b>{t().number(sums.groups)}</b> {words.groups(sums.groups)}
            </a>
          </li>
          <li>
            <a href={href(['trash'], {view: 'rows'})}>
              <b>{t().number(sums.items)}</b> {words.rows(sums.items)}
            </a>
          </li>
          <li>
            <b>{t().bytes(sums.bytes)}</b> {words.bytes}
          </li>
          {resources.data && (
            <li>
              <b>{t().number(resources.data.length)}</b> {words.resources(resources.data.length)}
            </li>
          )}
        </ul>
      )}
    </Loaded>
  );
}

export const readOverview = () => readTrash(...latest);

// Statistics are of what one may see in full: how much is one's own, the lists know.
function OwnNumbers() {
  const groups = useTrash(...latest);
  const rows = useTrash({}, {limit: 1});
  const words = t().overview;
  const number = (count: number, name: string, view?: string) => (
    <li>
      <a href={href(['trash'], {view})}>
        <b>{t().number(count)}</b> {name}
      </a>
    </li>
  );
  return (
    <Loaded query={groups}>
      {({total}) => (
        <ul class="numbers">
          {number(total ?? 0, words.groups(total ?? 0))}
          {rows.data && number(rows.data.total ?? 0, words.rows(rows.data.total ?? 0), 'rows')}
        </ul>
      )}
    </Loaded>
  );
}

function Latest() {
  const list = useTrash(...latest);
  return (
    <section class="card" aria-labelledby="latest">
      <h2 id="latest">{t().overview.latest}</h2>
      <Loaded query={list}>
        {(page) =>
          page.rows.length ? (
            <>
              <ul class="lines">
                {page.rows.map((item) => (
                  <li key={item.id}>
                    <span>
                      <ItemLink item={item} /> <span class="faint">{item.deletedObjectClass}</span>
                    </span>
                    <span class="faint">
                      {t().overview.size(item.groupSize)} · <Person id={item.deletedBy} name={item.deletedByName} /> · <Time at={item.createdAt} />
                    </span>
                  </li>
                ))}
              </ul>
              <a href={href(['trash'])}>{t().overview.all}</a>
            </>
          ) : (
            <p class="empty">{t().trash.nothing}</p>
          )
        }
      </Loaded>
    </section>
  );
}

function Running() {
  const operations = useOperations();
  const running = operations.data?.rows.filter((one) => one.endedAt === null) ?? [];
  if (!running.length) return null;
  return (
    <section class="card" aria-labelledby="running">
      <h2 id="running">{t().overview.running}</h2>
      {running.map((operation) => (
        <a key={operation.id} href={href(['operations', operation.id])}>
          <Bar operation={operation} />
        </a>
      ))}
    </section>
  );
}

export function Overview() {
  const me = useMe().data;
  const sees = may(me, 'view-trash');
  const own = Object.values(me?.rights ?? {}).some((rights) => rights['view-trash'] === 'own');
  return (
    <>
      <Head title={t().overview.title} />
      {sees ? own ? <OwnNumbers /> : <Numbers /> : <p>{t().barred.missing(t().rights['view-trash'])}</p>}
      <Running />
      {sees && <Latest />}
    </>
  );
}
