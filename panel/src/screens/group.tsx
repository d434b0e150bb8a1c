import {Problem, type Schemas, type TrashItem} from '../api';
import {Copy} from '../parts/copy';
import {Ended} from '../parts/ended';
import {Fields} from '../parts/fields';
import {Head} from '../parts/head';
import {HeldNote} from '../parts/hold';
import {Icon} from '../parts/icon';
import {Loaded} from '../parts/loaded';
import {PersonLines} from '../parts/person';
import {ago, moment, Time} from '../parts/time';
import {Tree} from '../parts/tree';
import {Timeline} from '../parts/timeline';
import {Text} from '../parts/value';
import {may, type Me, readItem, useClasses, useHistory, useItem, useMe, useMetadata} from '../queries';
import {go, href, route} from '../route';
import {t} from '../words';

type Group = Schemas['Group'];

const mayPurge = ({group}: TrashItem, me: Me | undefined): boolean => Boolean(group?.may.purge) && may(me, 'purge');

function Facts({item}: {item: TrashItem}) {
  const me = useMe().data;
  const words = t().group;
  return (
    <dl class="facts">
      <div>
        <dt>{words.when}</dt>
        <dd>
          <Time at={item.createdAt} />
        </dd>
      </div>
      <div>
        <dt>{words.by}</dt>
        <dd>
          <PersonLines id={item.deletedBy} name={item.deletedByName} />
        </dd>
      </div>
      {item.reason && (
        <div>
          <dt>{words.reason}</dt>
          <dd>
            <Text text={item.reason} />
          </dd>
        </div>
      )}
      <div>
        <dt>{words.kept}</dt>
        <dd>
          {item.expiresAt ? words.until(moment(item.expiresAt), ago(item.expiresAt)) : words.forEver}{' '}
          {mayPurge(item, me) && <a href={href(['trash', item.id, 'keep'])}>{words.change}</a>}
        </dd>
      </div>
    </dl>
  );
}

function Links({group}: {group: Group}) {
  const classes = useClasses();
  if (!group.links.length) return null;
  return (
    <>
      <h3>{t().group.links}</h3>
      <ul>
        {group.links.map((link) => (
          <li key={`${link.resource} ${link.constraint}`}>
            <b>{t().number(link.count)}</b> {classes(link.resource)} <span class="faint">{link.constraint}</span>
          </li>
        ))}
      </ul>
    </>
  );
}

// A deletion may have taken very many rows: those that are meant are found by name among them.
function Find({group}: {group: Group}) {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const q = String(new FormData(event.currentTarget as HTMLFormElement).get('q'));
    go(['trash'], {view: 'rows', group: group.id, q});
  };
  return (
    <form class="joined" onSubmit={submit}>
      <input name="q" type="search" aria-label={t().tree.find} placeholder={t().tree.find} />
      <button type="submit">{t().filters.find}</button>
    </form>
  );
}

function Happened({group}: {group: Group}) {
  const history = useHistory({limit: 50, groupId: group.id});
  return (
    <section class="card" aria-labelledby="happened">
      <h2 id="happened">{t().object.timeline}</h2>
      <Loaded query={history}>{(page) => <Timeline entries={page.rows} />}</Loaded>
    </section>
  );
}

function Contents({group}: {group: Group}) {
  const classes = useClasses();
  const sums = new Map<string, number>();
  for (const {resource, count} of group.counts) sums.set(resource, (sums.get(resource) ?? 0) + count);
  return (
    <section class="card" aria-labelledby="contents">
      <h2 id="contents">{t().group.contents}</h2>
      <p>{t().group.size(group.size, sums.size)}</p>
      <ul class="chips">
        {[...sums].map(([resource, count]) => (
          <li key={resource}>
            <a class="chip" href={href(['trash'], {view: 'rows', group: group.id, resource})} title={resource}>
              {classes(resource)} <b>{t().number(count)}</b>
            </a>
          </li>
        ))}
      </ul>
      <h3>{t().group.tree}</h3>
      {group.size > 1 && <Find group={group} />}
      <Tree group={group} />
      <Links group={group} />
    </section>
  );
}

function RowCard({item, top}: {item: TrashItem; top: string}) {
  const metadata = useMetadata(item.resource);
  return (
    <section class="card" aria-labelledby="row">
      <h2 id="row">
        {item.deletedObjectClass}: <Text text={item.displayName} />
      </h2>
      {item.id !== top && (
        <p>
          <a href={href(['trash', top])}>{t().group.backToRoot}</a>
        </p>
      )}
      {item.object && <Fields row={item.object} metadata={metadata.data} references={item.references} within={{group: item.groupId, top}} />}
      <p class="row">
        <Copy text={JSON.stringify(item.object, null, 2)} label={t().copy.json} />
        <Copy text={item.deletedObjectId} label={t().copy.id} />
      </p>
    </section>
  );
}

function Member({id, top}: {id: string; top: string}) {
  const item = useItem(id);
  return <Loaded query={item}>{(found) => <RowCard item={found} top={top} />}</Loaded>;
}

function MayNot({group}: {group: Group}) {
  const missing = group.may.missing.filter(({right}) => right === 'restore');
  if (group.may.restore || group.state !== 'trashed' || !missing.length) return null;
  return (
    <div class="note">
      <Icon name="warning" />
      <div>
        <p>{t().group.mayNot(missing.map(({resource}) => resource))}</p>
        <Copy text={location.href} label={t().copy.address} />
      </div>
    </div>
  );
}

// What was found when it was last tried, so that nobody presses Restore in vain; it is asked anew there.
function InTheWay({item}: {item: TrashItem}) {
  if (item.restorable !== false || !item.conflicts?.length) return null;
  return (
    <p class="note">
      <Icon name="warning" />
      <span>{t().group.inTheWay(item.conflicts.map(({kind, count}) => `${t().number(count)} × ${t().conflict.kinds[kind]}`))}</span>
    </p>
  );
}

function Body({item}: {item: TrashItem}) {
  const shown = route.value.query.get('row') ?? item.id;
  const {group} = item;
  return (
    <>
      <Facts item={item} />
      {group && <HeldNote list={group.holds} within={group.id} />}
      {item.partly && <p class="note">{t().group.partly}</p>}
      {!item.root && group?.root && (
        <p class="note">
          {t().group.member} <a href={href(['trash', group.root.id], {row: item.id})}>{group.root.displayName}</a>
        </p>
      )}
      {group && <MayNot group={group} />}
      <InTheWay item={item} />
      <div class="two">
        {group && <Contents group={group} />}
        {shown === item.id ? <RowCard item={item} top={item.id} /> : <Member id={shown} top={item.id} />}
      </div>
      {group && <Happened group={group} />}
    </>
  );
}

function Actions({item}: {item: TrashItem}) {
  const me = useMe().data;
  const words = t().group;
  return (
    <>
      {item.group?.may.restore && (
        <a class="button main" data-key="restore" href={href(['trash', item.id, 'restore'], {then: route.value.query.get('then') ?? undefined})}>
          <Icon name="restore" />
          {words.restore}
        </a>
      )}
      {item.group?.state === 'trashed' && item.group.counts.every(({resource}) => may(me, 'hold', resource)) && (
        <a class="button" href={href(['holds', 'new'], {item: item.id})}>
          {words.hold}
        </a>
      )}
      {mayPurge(item, me) && (
        <a class="button" data-key="delete" href={href(['trash', item.id, 'purge'])}>
          {words.purge}
        </a>
      )}
      {may(me, 'erase', item.resource) && (
        <a class="button" href={href(['trash', item.id, 'erase'])}>
          {words.erase}
        </a>
      )}
      <Copy text={location.href} label={t().copy.address} />
    </>
  );
}

export const readGroup = () => readItem(route.value.path[1] ?? '');

export function Group() {
  const id = route.value.path[1] ?? '';
  const query = useItem(id);
  const gone = query.error instanceof Problem && query.error.code === 'gone' ? query.error : null;
  const item = gone ? undefined : query.data;
  const title = gone ? t().ended.title(gone.body.outcome) : (item?.displayName ?? t().group.title);
  return (
    <>
      <Head title={title} sub={item && t().group.sub(item.deletedObjectClass, item.deletedObjectId)}>
        {item && <Actions item={item} />}
      </Head>
      {gone ? <Ended id={id} problem={gone} /> : <Loaded query={query}>{(found) => <Body item={found} />}</Loaded>}
    </>
  );
}
