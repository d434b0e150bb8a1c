import type {TrashItem} from '../api';
import {Head} from '../parts/head';
import {Loaded} from '../parts/loaded';
import {Pager, pageSize} from '../parts/pager';
import {type Column, Table} from '../parts/table';
import {Time} from '../parts/time';
import {FacetChips, filtered, noFilters, TrashFilters} from '../parts/trash-filters';
import {Text} from '../parts/value';
import {useClasses, useFacets, useTrash} from '../queries';
import {href, withQuery} from '../route';
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

function Nothing({query}: {query: TrashQuery}) {
  if (query.count === 0) return <p class="empty">{t().trash.nothing}</p>;
  return (
    <p class="empty">
      {t().trash.noMatch} <a href={filtered(noFilters)}>{t().filters.clear(query.count)}</a>
    </p>
  );
}

export function Trash() {
  const query = trashQuery();
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
              />
            )}
            <Pager page={page} one={query.rows ? t().trash.row : t().trash.group} other={query.rows ? t().trash.rowsMany : t().trash.groupsMany} />
          </>
        )}
      </Loaded>
    </>
  );
}
