import type {Schemas} from '../api';
import {Head} from '../parts/head';
import {Loaded} from '../parts/loaded';
import {type Column, Table} from '../parts/table';
import {may, useFacets, useMe, useResources} from '../queries';
import {href, parameters} from '../route';
import {t} from '../words';

type Resource = Schemas['Resource'];

export function Resources() {
  const list = useResources();
  const me = useMe().data;
  const facets = useFacets({}, may(me, 'view-trash'));
  const inTrash = new Map(facets.data?.resource?.map(({value, items}) => [value, items]));
  const words = t().resources;
  const columns: Column<Resource>[] = [
    {
      key: 'class',
      title: words.class,
      kind: 'wide',
      cell: ({resource, class: name}) => (
        <a class="name" href={href(['rows', resource], parameters())}>
          {name}
        </a>
      ),
    },
    {key: 'path', title: words.path, cell: ({resource}) => <code>{resource}</code>},
    {key: 'table', title: words.table, cell: ({table}) => <code>{table}</code>},
    {
      key: 'trash',
      title: words.trash,
      kind: 'number',
      cell: ({resource}) =>
        inTrash.has(resource) ? (
          <a href={href(['trash'], {view: 'rows', resource})}>{t().number(inTrash.get(resource) ?? 0)}</a>
        ) : (
          ''
        ),
    },
  ];
  return (
    <>
      <Head title={words.title} sub={words.sub} />
      <Loaded query={list}>
        {(rows) => <Table label={words.title} columns={columns} rows={rows} id={({resource}) => resource} />}
      </Loaded>
    </>
  );
}
