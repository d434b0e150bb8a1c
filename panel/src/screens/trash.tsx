import type {ComponentChildren} from 'preact';
import {cache, type TrashItem} from '../api';
import {chosen, Columns} from '../parts/columns';
import {End, useEnds} from '../parts/ended';
import {focusHead, Head} from '../parts/head';
import {Icon} from '../parts/icon';
import {Loaded} from '../parts/loaded';
import {Pager, Range} from '../parts/pager';
import {type Column, type Picking, Table} from '../parts/table';
import {useSteady} from '../parts/steady';
import {Time} from '../parts/time';
import {FacetChips, filtered, noFilters, TrashFilters} from '../parts/trash-filters';
import {SelectionBar} from '../parts/selection-bar';
import {PersonLines} from '../parts/person';
import {titleOf, Text} from '../parts/value';
import {turnOf} from '../first';
import {may, readTrash, useClasses, useFacets, useMe, useTrash} from '../queries';
import {href, type Query, route, withQuery} from '../route';
import {isPicked, pick} from '../selection';
import {type TrashQuery, trashQuery} from '../trash-query';
import {t} from '../words';

export function ItemLink({item}: {item: TrashItem}) {
  return (
    <a class="name" href={href(['trash', item.id])}>
      <Text text={titleOf(item)} />
    </a>
  );
}

type Ends = Map<string, ComponentChildren>;

function columns(rows: boolean, ends: Ends): Column<TrashItem>[] {
  const words = t().trash;
  const what: Column<TrashItem> = {
    key: 'what',
    title: words.what,
    sort: 'displayName',
    kind: 'wide',
    cell: (item) => (
      <>
        <ItemLink item={item} />
        <div class="faint">
          {item.deletedObjectClass} · <Text text={item.deletedObjectId} />
        </div>
        {ends.has(item.id) && <div class="end">{ends.get(item.id)}</div>}
      </>
    ),
  };
  const size: Column<TrashItem> = {
    key: 'size',
    title: rows ? words.role : words.size,
    ...(rows ? {} : {sort: 'groupSize', kind: 'number'}),
    cell: (item) => (rows ? (item.root ? words.root : words.member) : t().number(item.groupSize)),
  };
  return [
    what,
    size,
    {key: 'when', title: words.when, sort: 'createdAt', cell: (item) => <Time at={item.createdAt} />},
    {key: 'by', title: words.by, sort: 'deletedBy', cell: (item) => <PersonLines id={item.deletedBy} name={item.deletedByName} />},
    {key: 'reason', title: words.reason, cell: (item) => (item.reason ? <Text text={item.reason} /> : '')},
    {key: 'expires', title: t().group.expires, sort: 'expiresAt', cell: (item) => (item.expiresAt ? <Time at={item.expiresAt} left /> : '')},
  ];
}

// Where nothing expires, nothing is told of it.
const starts = (rows: TrashItem[]): string[] => ['size', 'when', 'by', 'reason', ...(rows.some(({expiresAt}) => expiresAt) ? ['expires'] : [])];

function Views({rows}: {rows: boolean}) {
  const view = (name: 'groups' | 'rows', current: boolean) => (
    <a
      class="button"
      aria-current={current}
      href={filtered({view: name === 'rows' ? 'rows' : undefined, sort: undefined})}
    >
      {t().trash[name]}
    </a>
  );
  return (
    <nav class="switch" aria-label={t().trash.view}>
      {view('groups', !rows)}
      {view('rows', rows)}
    </nav>
  );
}

// The same filters, without what only the list has.
function emptying(): Query {
  const {query} = route.value;
  const names = [...new Set(query.keys())].filter((name) => !['cursor', 'page', 'sort', 'view'].includes(name));
  return Object.fromEntries(names.map((name) => [name, query.getAll(name)]));
}

// What was looked for and where, and the other place to look in.
function Nothing({query}: {query: TrashQuery}) {
  const reads = may(useMe().data, 'read');
  if (query.count === 0) return <p class="empty">{t().trash.nothing}</p>;
  const {q, text, resource} = query.filter;
  const search = q ?? text;
  return (
    <p class="empty">
      {q ? t().trash.noName(q) : text ? t().trash.noValue(text) : t().trash.noMatch}{' '}
      {q && <a href={filtered({in: 'values'})}>{t().trash.inValues}</a>}{' '}
      {search && reads && <a href={href(['rows', ...(resource?.length === 1 ? resource : [])], {q: search})}>{t().trash.inLive}</a>} <a href={filtered(noFilters)}>{t().filters.clear(query.count)}</a>
    </p>
  );
}

function picking(filter: string, gone: ReadonlySet<string>): Picking<TrashItem> {
  return {
    picked: isPicked,
    pick: (list, on) => pick(list, on, filter, route.value.query.get('page') ?? '1'),
    name: (item) => item.displayName,
    can: ({id}) => !gone.has(id),
  };
}

// Nothing moves by itself: what was deleted meanwhile is shown when it is asked for.
function Fresh({count, most, show}: {count: number; most: boolean; show: () => void}) {
  return (
    <div role="status">
      {count > 0 && (
        <p class="note">
          <Icon name="trash" />
          <span>{t().trash.fresh(count, most)}</span>
          <button type="button" class="small" onClick={show}>
            {t().trash.show}
          </button>
        </p>
      )}
    </div>
  );
}

export function readList() {
  const query = trashQuery();
  return readTrash(query.filter, turnOf(query));
}

export function Trash() {
  const query = trashQuery();
  const me = useMe().data;
  const selects = may(me, 'restore') || (!query.rows && may(me, 'purge'));
  const turn = turnOf(query);
  const list = useTrash(query.filter, turn);
  const steady = useSteady(list, query.filter, turn);
  const ends = useEnds(steady.gone);
  const facets = useFacets({...query.filter});
  const classes = useClasses();
  const words = query.rows ? {one: t().trash.row, other: t().trash.rowsMany} : {one: t().trash.group, other: t().trash.groupsMany};
  const sorting = {
    by: query.sort,
    choose: (sort: string) => {
      location.hash = withQuery({sort, cursor: undefined, page: undefined});
    },
  };
  const all = columns(query.rows, new Map([...steady.gone].map((id) => [id, <End key={id} entry={ends.get(id)} />])));
  const start = starts(steady.rows);
  const show = (): void => {
    location.hash = withQuery({cursor: undefined, page: undefined});
    void cache.invalidate().then(steady.release);
    focusHead();
  };
  return (
    <>
      <Head title={t().trash.title} sub={t().trash.sub}>
        <Columns list="trash" columns={all} start={start} />
        <Views rows={query.rows} />
      </Head>
      <TrashFilters query={query} facets={facets.data} rows={steady.rows} />
      <FacetChips facets={facets.data} rows={query.rows} name={classes} />
      <Fresh count={steady.fresh} most={steady.most} show={show} />
      <Loaded query={list}>
        {(page) => (
          <>
            {page.partial && <p class="note">{t().trash.partial}</p>}
            {page.rows.length > 0 && (
              <p class="row tally">
                <Range page={page} {...words} />
                {may(me, 'purge') && !query.rows && (
                  <a class="button" href={href(['empty'], emptying())}>
                    {t().empty.open}
                  </a>
                )}
              </p>
            )}
            {steady.rows.length === 0 ? (
              <Nothing query={query} />
            ) : (
              <Table
                label={t().trash.title}
                columns={chosen('trash', all, start)}
                rows={steady.rows}
                id={(item) => item.id}
                sorting={sorting}
                look={({id}) => (steady.gone.has(id) ? 'ended' : undefined)}
                picking={selects ? picking(JSON.stringify(query.filter), steady.gone) : undefined}
              />
            )}
            <Pager page={page} {...words} />
            {selects && <SelectionBar me={me} filter={query.filter} total={page.total} page={steady.rows} rows={query.rows} />}
          </>
        )}
      </Loaded>
    </>
  );
}
