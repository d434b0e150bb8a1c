import type {TrashItem} from '../api';
import {Head} from '../parts/head';
import {Loaded} from '../parts/loaded';
import {Pager, pageSize} from '../parts/pager';
import {type Column, type Picking, Table} from '../parts/table';
import {Time} from '../parts/time';
import {FacetChips, filtered, noFilters, TrashFilters} from '../parts/trash-filters';
import {SelectionBar} from '../parts/selection-bar';
import {Text} from '../parts/value';
import {may, useClasses, useFacets, useMe, useTrash} from '../queries';
import {href, type Query, route, withQuery} from '../route';
import {pick, picked} from '../selection';
import {type TrashQuery, trashQuery} from '../trash-query';
import {t} from '../words';

export function ItemLink({item}: {item: TrashItem}) {
  return (
    <a class="name" href={href(['trash', item.id])}>
      <Text text={item.displayName} />
    </a>
  );
}

function columns(rows: boolean): Column<TrashItem>[] {
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
    {key: 'by', title: words.by, sort: 'deletedBy', cell: (item) => <Text text={item.deletedBy} />},
    {key: 'reason', title: words.reason, cell: (item) => (item.reason ? <Text text={item.reason} /> : '')},
  ];
}

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

function Nothing({query}: {query: TrashQuery}) {
  if (query.count === 0) return <p class="empty">{t().trash.nothing}</p>;
  return (
    <p class="empty">
      {t().trash.noMatch} <a href={filtered(noFilters)}>{t().filters.clear(query.count)}</a>
    </p>
  );
}

// All that the filter means is picked as a whole; a box that is taken out of it makes single ones of them.
function picking(filter: string): Picking<TrashItem> {
  const {items, all} = picked.value;
  return {
    picked: (item) => all !== null || items.has(item.id),
    pick: (list, on) => pick(list, on, filter, route.value.query.get('page') ?? '1'),
    name: (item) => item.displayName,
  };
}

export function Trash() {
  const query = trashQuery();
  const me = useMe().data;
  const selects = may(me, 'restore') || (!query.rows && may(me, 'purge'));
  const list = useTrash(query.filter, {limit: pageSize(), cursor: query.cursor, sort: query.sort});
  const facets = useFacets({...query.filter});
  const classes = useClasses();
  const sorting = {
    by: query.sort,
    choose: (sort: string) => {
      location.hash = withQuery({sort, cursor: undefined, page: undefined});
    },
  };
  return (
    <>
      <Head title={t().trash.title} sub={t().trash.sub}>
        <Views rows={query.rows} />
        {may(me, 'purge') && !query.rows && (
          <a class="button" href={href(['empty'], emptying())}>
            {t().empty.open}
          </a>
        )}
      </Head>
      <TrashFilters query={query} facets={facets.data} />
      <FacetChips facets={facets.data} rows={query.rows} name={classes} />
      <Loaded query={list}>
        {(page) => (
          <>
            {page.partial && <p class="note">{t().trash.partial}</p>}
            {page.rows.length === 0 ? (
              <Nothing query={query} />
            ) : (
              <Table
                label={t().trash.title}
                columns={columns(query.rows)}
                rows={page.rows}
                id={(item) => item.id}
                sorting={sorting}
                picking={selects ? picking(JSON.stringify(query.filter)) : undefined}
              />
            )}
            <Pager page={page} one={query.rows ? t().trash.row : t().trash.group} other={query.rows ? t().trash.rowsMany : t().trash.groupsMany} />
            {selects && <SelectionBar me={me} filter={query.filter} total={page.total} rows={query.rows} />}
          </>
        )}
      </Loaded>
    </>
  );
}
