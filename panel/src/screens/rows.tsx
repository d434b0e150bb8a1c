import {useEffect, useState} from 'preact/hooks';
import type {Row, Schemas, TrashItem} from '../api';
import {chosen, Columns} from '../parts/columns';
import {keyOf} from '../parts/fields';
import {Head} from '../parts/head';
import {Icon} from '../parts/icon';
import {Loaded} from '../parts/loaded';
import {Pager, pageSize} from '../parts/pager';
import {type Condition, Conditions, termsOf, written} from '../parts/rows-filter';
import {type Column, type Picking, Table} from '../parts/table';
import {brief, Text} from '../parts/value';
import {may, type RowsQuery, useClasses, useCount, useMe, useMetadata, useRows} from '../queries';
import {go, href, route, withQuery} from '../route';
import {t} from '../words';

type Metadata = Schemas['Metadata'];

const kinds = ['false', 'true', 'null'] as const;
const shownColumns = 8;

// Those of the address, one parameter each.
function conditions(): Condition[] {
  return route.value.query.getAll('where').flatMap((text) => {
    const [, column, operator, value] = /^([^:]*):([^:]*):(.*)$/s.exec(text) ?? [];
    return column && operator ? [{column, operator, value: value ?? ''}] : [];
  });
}

function show(list: Condition[]): void {
  location.hash = withQuery({where: list.map(written), cursor: undefined, page: undefined});
}

function rowsQuery(): RowsQuery {
  const {query} = route.value;
  const list = conditions();
  return {
    deleted: (query.get('deleted') ?? 'false') as RowsQuery['deleted'],
    where: list.length ? {and: {...termsOf(list)}} : {},
    sort: query.get('sort') ?? undefined,
    limit: pageSize(),
    cursor: query.get('cursor') ?? undefined,
  };
}

function itemOfRow(row: Row): TrashItem | null {
  return (row.trashItem ?? row.$trashItem ?? null) as TrashItem | null;
}

function columnsOf(metadata: Metadata): Column<Row>[] {
  const first = [...(metadata.display ? [metadata.display] : []), ...metadata.key];
  const names = [...new Set([...first, ...metadata.columns.map(({name}) => name)])];
  const link = (row: Row) => {
    const item = itemOfRow(row);
    const id = keyOf(row, metadata.key);
    return (
      <>
        <a class="name" href={item ? href(['trash', item.id]) : href(['rows', metadata.resource, id])}>
          <Text text={brief(row[names[0] ?? '']) || id} />
        </a>
        {item && (
          <div>
            <span class="badge">
              <Icon name="trash" /> {t().rows.inTrash}
            </span>
          </div>
        )}
      </>
    );
  };
  return names.map((name, index) => ({
    key: name,
    title: name,
    sort: name,
    ...(index === 0 && {kind: 'wide' as const}),
    cell: index === 0 ? link : (row) => <Text text={brief(row[name])} />,
  }));
}

interface Kind {
  kind: RowsQuery['deleted'];
  query: RowsQuery;
  resource: string;
  total: number | null;
}

function Kind({kind, query, resource, total}: Kind) {
  const current = kind === query.deleted;
  // The number of those that are shown has come with them, and is not asked for again.
  const other = useCount(resource, {where: query.where, deleted: kind}, !current && total !== null);
  const count = current ? total : other;
  return (
    <a class="button" aria-current={current} href={withQuery({deleted: kind === 'false' ? undefined : kind, cursor: undefined, page: undefined})}>
      {t().rows.kinds[kind]} {count !== null && <b>{t().number(count)}</b>}
    </a>
  );
}

function Kinds(props: Omit<Kind, 'kind'>) {
  if (!may(useMe().data, 'view-trash', props.resource)) return null;
  return (
    <nav class="switch" aria-label={t().trash.view}>
      {kinds.map((one) => (
        <Kind key={one} kind={one} {...props} />
      ))}
    </nav>
  );
}

function usePicking(metadata: Metadata | undefined, enabled: boolean) {
  const [picked, setPicked] = useState<ReadonlySet<string>>(new Set());
  const id = (row: Row): string => keyOf(row, metadata?.key ?? []);
  const picking: Picking<Row> = {
    picked: (row) => picked.has(id(row)),
    pick: (rows, on) => {
      const next = new Set(picked);
      for (const row of rows) if (on) next.add(id(row));
      else next.delete(id(row));
      setPicked(next);
    },
    name: id,
  };
  return {picked: [...picked], picking: enabled ? picking : undefined, clear: () => setPicked(new Set())};
}

function Picked(props: {ids: string[]; resource: string; clear: () => void}) {
  if (!props.ids.length) return null;
  return (
    <div class="selection">
      <strong>{t().rows.selected(props.ids.length)}</strong>
      <button type="button" class="main" data-key="delete" onClick={() => go(['delete', props.resource], {id: props.ids})}>
        <Icon name="trash" />
        {t().rows.delete}
      </button>
      <button type="button" class="quiet" onClick={props.clear}>
        {t().rows.unselect}
      </button>
    </div>
  );
}

// What was searched for in the trash, as a condition on the name.
function Searched({q, metadata}: {q: string; metadata: Metadata}) {
  useEffect(() => {
    location.replace(withQuery({q: undefined, where: metadata.display ? written({column: metadata.display, operator: 'contains', value: q}) : undefined}));
  }, []);
  return null;
}

function List({resource, metadata}: {resource: string; metadata: Metadata}) {
  const query = rowsQuery();
  const list = useRows(resource, query);
  const me = useMe().data;
  const {picked, picking, clear} = usePicking(metadata, query.deleted === 'false' && may(me, 'trash', resource));
  const columns = columnsOf(metadata);
  const start = columns.slice(0, shownColumns).map(({key}) => key);
  const sorting = {
    by: query.sort ?? '',
    choose: (sort: string) => {
      location.hash = withQuery({sort: query.sort === sort.slice(1) ? sort : sort.replace(/^-/, query.sort ? '' : '-'), cursor: undefined, page: undefined});
    },
  };
  return (
    <>
      <div class="row between">
        <Kinds query={query} resource={resource} total={list.isPlaceholderData ? null : (list.data?.total ?? null)} />
        <Columns list={`rows ${resource}`} columns={columns} start={start} />
      </div>
      <Conditions metadata={metadata} list={conditions()} show={show} />
      <Loaded query={list}>
        {(page) => (
          <>
            {page.rows.length === 0 ? (
              <p class="empty">
                {conditions().length ? t().rows.noMatch : t().rows.nothing}{' '}
                {conditions().length > 0 && (
                  <button type="button" class="quiet small" onClick={() => show([])}>
                    {t().filters.clear(conditions().length)}
                  </button>
                )}
              </p>
            ) : (
              <Table
                label={metadata.class}
                columns={chosen(`rows ${resource}`, columns, start)}
                rows={page.rows}
                id={(row) => itemOfRow(row)?.id ?? keyOf(row, metadata.key)}
                sorting={sorting}
                picking={picking}
              />
            )}
            <Pager page={page} one={t().trash.row} other={t().trash.rowsMany} />
            <Picked ids={picked} resource={resource} clear={clear} />
          </>
        )}
      </Loaded>
    </>
  );
}

export function Rows() {
  const resource = route.value.path[1] ?? '';
  const metadata = useMetadata(resource);
  const q = route.value.query.get('q');
  const classes = useClasses();
  return (
    <>
      <Head title={classes(resource)} sub={<code>{resource}</code>} />
      <Loaded query={metadata}>{(found) => (q ? <Searched q={q} metadata={found} /> : <List key={resource} resource={resource} metadata={found} />)}</Loaded>
    </>
  );
}
