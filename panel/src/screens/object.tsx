import {Problem, type Schemas} from '../api';
import {Copy} from '../parts/copy';
import {Fields} from '../parts/fields';
import {Head} from '../parts/head';
import {Icon} from '../parts/icon';
import {type Loading, Loaded} from '../parts/loaded';
import {Person} from '../parts/person';
import {Timeline} from '../parts/timeline';
import {Time} from '../parts/time';
import {type Live, may, useClasses, useMe, useMetadata, useObject, useObjectHistory, useTrash} from '../queries';
import {href, route} from '../route';
import {t} from '../words';

type Metadata = Schemas['Metadata'];

function Referrers({metadata, id}: {metadata: Metadata; id: string}) {
  const classes = useClasses();
  const words = t().object;
  if (!metadata.referrers.length) return <p class="faint">{words.noReferrers}</p>;
  return (
    <ul>
      {metadata.referrers.map((key) => {
        const where = key.columns.length === 1 ? {where: `${key.columns[0]}:equals:${id}`} : {};
        return (
          <li key={`${key.resource} ${key.constraint}`}>
            <a href={href(['rows', key.resource], where)}>{classes(key.resource)}</a>{' '}
            <span class="faint">
              {words.actions[key.onDelete.action]} · {key.constraint}
            </span>
          </li>
        );
      })}
    </ul>
  );
}

function InTrash({problem}: {problem: Problem}) {
  const item = problem.body.trashItem;
  if (!item) return null;
  return (
    <div class="note">
      <Icon name="trash" />
      <div>
        <p>
          {t().object.inTrash} <Person id={item.deletedBy} name={item.deletedByName} />, <Time at={item.createdAt} />
        </p>
        <a class="button" href={href(['trash', item.id])}>
          {t().remove.look}
        </a>
      </div>
    </div>
  );
}

function Body({query, metadata, id}: {query: Loading<Live>; metadata: Metadata | undefined; id: string}) {
  const sees = may(useMe().data, 'view-trash');
  return (
    <div class="two">
      <section class="card" aria-labelledby="fields">
        <h2 id="fields">{t().object.fields}</h2>
        <Loaded query={query}>{(live) => <Fields row={live.row} metadata={metadata} references={live.references} />}</Loaded>
      </section>
      <section class="card" aria-labelledby="referrers">
        <h2 id="referrers">{t().object.referrers}</h2>
        {metadata && <Referrers metadata={metadata} id={id} />}
        {query.data && sees && id.length >= 16 && <Deleted id={id} />}
      </section>
    </div>
  );
}

function History({resource, id}: {resource: string; id: string}) {
  const me = useMe().data;
  const sees = may(me, 'view-trash');
  const history = useObjectHistory(resource, id, sees);
  if (!sees) return null;
  return (
    <section class="card" aria-labelledby="timeline">
      <h2 id="timeline">{t().object.timeline}</h2>
      <Loaded query={history}>{(page) => <Timeline entries={page.rows} />}</Loaded>
    </section>
  );
}

// Deletions that hold the id in a value, where it is an id that means nothing else.
function Deleted({id}: {id: string}) {
  const found = useTrash({root: true, text: id}, {limit: 1}).data;
  if (!found?.total) return null;
  return (
    <p>
      <a href={href(['trash'], {in: 'values', q: id})}>{t().object.deleted(found.total)}</a>
    </p>
  );
}

export function ObjectScreen() {
  const [, resource = '', id = ''] = route.value.path;
  const query = useObject(resource, id);
  const metadata = useMetadata(resource);
  const classes = useClasses();
  const me = useMe().data;
  const trashed = query.error instanceof Problem && query.error.code === 'in-trash' ? query.error : null;
  const live = trashed ? undefined : query.data;
  const display = metadata.data?.display;
  const name = trashed?.body.trashItem?.displayName ?? (display && live?.row[display]);
  return (
    <>
      <Head title={name ? String(name) : `${classes(resource)} ${id}`} sub={`${classes(resource)} · ${id}`}>
        {live && may(me, 'trash', resource) && (
          <a class="button" data-key="delete" href={href(['delete', resource], {id})}>
            <Icon name="trash" />
            {t().object.delete}
          </a>
        )}
        {live && <Copy text={JSON.stringify(live.row, null, 2)} label={t().copy.json} />}
        <Copy text={location.href} label={t().copy.address} />
      </Head>
      {trashed ? <InTrash problem={trashed} /> : <Body query={query} metadata={metadata.data} id={id} />}
      <History resource={resource} id={id} />
    </>
  );
}
