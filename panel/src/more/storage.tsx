// How much lies in the trash, of what, whose, and how old: bars, which lead to what they mean, with the numbers beside.
import type {Schemas} from '../api';
import {client, Head, href, Loaded, page, Person, personText, t, Table, Text, Time, useClasses, useQuery, useStatistics} from '../shared';

type Facet = Schemas['SizedFacet'];

function Bars(props: {title: string; list: Facet; name: (value: string, called?: string) => string; link: (value: string) => string | null}) {
  const most = Math.max(1, ...props.list.map(({bytes}) => bytes));
  return (
    <section class="card" aria-label={props.title}>
      <h2>{props.title}</h2>
      <table class="bars">
        <thead>
          <tr>
            <th scope="col">{props.title}</th>
            <th scope="col" class="number">
              {t().trash.size}
            </th>
            <th scope="col" class="number">
              {t().storage.bytes}
            </th>
          </tr>
        </thead>
        <tbody>
          {props.list.map(({value, name: called, items, bytes}) => {
            const link = props.link(value);
            const name = props.name(value, called);
            return (
              <tr key={value}>
                <td>
                  {link ? (
                    <a href={link}>
                      <Text text={name} />
                    </a>
                  ) : (
                    props.name(value)
                  )}
                  <meter max={most} value={bytes} aria-label={name} />
                </td>
                <td class="number">{t().number(items)}</td>
                <td class="number">{t().bytes(bytes)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

// Bars that are compared stand by their length.
function longestFirst(list: Facet): Facet {
  return [...list].sort((one, other) => other.bytes - one.bytes);
}

function Largest() {
  const list = useQuery({
    queryKey: ['trash', 'largest'],
    queryFn: ({signal}) => page(client.GET('/v1/trash', {params: {query: {root: true, sort: '-groupSize', limit: 20}}, signal})),
  });
  const words = t().trash;
  return (
    <section class="stack" aria-labelledby="largest">
      <h2 id="largest">{t().storage.largest}</h2>
      <Loaded query={list}>
        {({rows}) => (
          <Table
            label={t().storage.largest}
            rows={rows}
            id={({id}) => id}
            columns={[
              {
                key: 'what',
                title: words.what,
                kind: 'wide',
                cell: (item) => (
                  <>
                    <a class="name" href={href(['trash', item.id])}>
                      <Text text={item.displayName} />
                    </a>
                    <div class="faint">{item.deletedObjectClass}</div>
                  </>
                ),
              },
              {key: 'size', title: words.size, kind: 'number', cell: ({groupSize}) => t().number(groupSize)},
              {key: 'when', title: words.when, cell: ({createdAt}) => <Time at={createdAt} />},
              {key: 'by', title: words.by, cell: ({deletedBy, deletedByName}) => <Person id={deletedBy} name={deletedByName} />},
            ]}
          />
        )}
      </Loaded>
    </section>
  );
}

export function Storage() {
  const statistics = useStatistics(true);
  const classes = useClasses();
  const words = t().storage;
  return (
    <>
      <Head title={words.title} sub={words.sub} />
      <Loaded query={statistics}>
        {(sums) => (
          <>
            <p>
              {words.sums(sums.groups, sums.items)} {t().bytes(sums.bytes)}.{' '}
              {sums.oldest && (
                <>
                  {words.oldest} <Time at={sums.oldest} />.
                </>
              )}{' '}
              {sums.approximate && t().filters.about}
            </p>
            <div class="two">
              <Bars title={words.resource} list={longestFirst(sums.resource)} name={classes} link={(resource) => href(['trash'], {view: 'rows', resource})} />
              <Bars title={words.by} list={longestFirst(sums.deletedBy)} name={(id, name) => personText({id, name})} link={(by) => href(['trash'], {view: 'rows', by})} />
              <Bars title={words.age} list={sums.age} name={(one) => words.ages[one as keyof typeof words.ages] ?? one} link={() => null} />
            </div>
            {sums.groups > 0 && <Largest />}
          </>
        )}
      </Loaded>
    </>
  );
}
