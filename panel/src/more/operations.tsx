import type {Operation} from '../api';
import {Bar, changed, client, Head, href, Loaded, Person, ProblemNote, Progress, read, route, t, Time, useAct, useOperations} from '../shared';

function Line({operation}: {operation: Operation}) {
  const act = useAct(async () => {
    await read(client.DELETE('/v1/operations/{operationId}', {params: {path: {operationId: operation.id}}}));
    changed();
  }, false);
  return (
    <li class="card">
      <h2>
        <a href={href(['operations', operation.id])}>{t().operation.kinds[operation.kind]}</a>
      </h2>
      <Bar operation={operation} />
      <p class="row">
        <span class="faint">
          <Person id={operation.by} name={operation.byName} /> · <Time at={operation.createdAt} />
        </span>
        {operation.state === 'queued' && (
          <button type="button" onClick={() => void act.run()}>
            {t().operation.cancel}
          </button>
        )}
      </p>
      {act.problem && <ProblemNote error={act.problem} />}
    </li>
  );
}

export function Operations() {
  const list = useOperations();
  return (
    <>
      <Head title={t().operation.title} sub={t().operation.sub} />
      <Loaded query={list}>
        {(page) =>
          page.rows.length ? (
            <ul class="stack">
              {page.rows.map((operation) => (
                <Line key={operation.id} operation={operation} />
              ))}
            </ul>
          ) : (
            <p class="empty">{t().operation.nothing}</p>
          )
        }
      </Loaded>
    </>
  );
}

export function OperationScreen() {
  return (
    <>
      <Head title={t().operation.one} />
      <Progress id={route.value.path[1] ?? ''} />
    </>
  );
}
