// What a restore does, or has done, beside the rows that come back.
import type {ComponentChildren} from 'preact';
import type {Schemas} from '../api';
import {Counts, href, Problem, t, Text, useClasses, useMetadata, useObject, Value} from '../shared';

export type RestoredAnswer = Schemas['Restored'];

function Part({title, children}: {title: string; children: ComponentChildren}) {
  return (
    <details>
      <summary>{title}</summary>
      <ul>{children}</ul>
    </details>
  );
}

function RowLink({resource, id}: {resource: string; id: string}) {
  const classes = useClasses();
  return (
    <a href={href(['rows', resource, id])}>
      {classes(resource)} {id}
    </a>
  );
}

export function Lost({list}: {list: NonNullable<RestoredAnswer['lost']>}) {
  return (
    <>
      {list.slice(0, 100).map(({resource, id, column, value}) => (
        <li key={`${resource} ${id} ${column}`}>
          {resource} {id}, {column}: <Value value={value} />
        </li>
      ))}
    </>
  );
}

function Altered({list}: {list: NonNullable<RestoredAnswer['altered']>}) {
  return (
    <>
      {list.slice(0, 100).map(({resource, id, columns, was, is}) => (
        <li key={`${resource} ${id}`}>
          <RowLink resource={resource} id={id} />:{' '}
          {columns.map((name) => (
            <span key={name}>
              {name} <Value value={was[name]} /> → <Value value={is[name]} />{' '}
            </span>
          ))}
        </li>
      ))}
    </>
  );
}

// A row by its name: live before it is swapped, in the trash afterwards.
function Named({resource, id}: {resource: string; id: string}) {
  const classes = useClasses();
  const {data, error} = useObject(resource, id);
  const display = useMetadata(resource).data?.display;
  const trashed = error instanceof Problem ? error.body.trashItem?.displayName : null;
  const name = trashed ?? (display ? data?.row[display] : null);
  return (
    <>
      {classes(resource)} <Text text={name ? t().conflict.quoted(String(name)) : id} />
    </>
  );
}

export function RestoredParts({answer, done = false}: {answer: RestoredAnswer; done?: boolean}) {
  const words = t().restored;
  return (
    <>
      <Counts list={answer.resources} />
      {answer.relinked > 0 && <p>{words.relinked(answer.relinked)}</p>}
      {answer.notRelinked > 0 && <p>{words.notRelinked(answer.notRelinked)}</p>}
      {Boolean(answer.left) && <p>{words.left(answer.left ?? 0)}</p>}
      {Boolean(answer.ancestors?.length) && <p>{words.ancestors(answer.ancestors?.length ?? 0, done)}</p>}
      {answer.altered?.length ? (
        <Part title={words.altered(answer.altered.length, done)}>
          <Altered list={answer.altered} />
        </Part>
      ) : null}
      {answer.changed?.length ? (
        <Part title={words.changed(answer.changed.length)}>
          <Altered list={answer.changed} />
        </Part>
      ) : null}
      {answer.lost?.length ? (
        <Part title={words.lost(answer.lost.length)}>
          <Lost list={answer.lost} />
        </Part>
      ) : null}
      {answer.swapped?.length ? (
        <Part title={words.swapped(answer.swapped.length, done)}>
          {answer.swapped.map(({resource, id, trashItem, groupSize}) => (
            <li key={trashItem}>
              <a href={href(done ? ['trash', trashItem] : ['rows', resource, id])}>
                <Named resource={resource} id={id} />
              </a>{' '}
              {words.rows(groupSize)}
            </li>
          ))}
        </Part>
      ) : null}
      {answer.detached?.length ? (
        <Part title={words.detached(answer.detached.length)}>
          {answer.detached.slice(0, 100).map(({resource, id, columns, values}) => (
            <li key={`${resource} ${id} ${columns.join()}`}>
              <RowLink resource={resource} id={id} />: {columns.join(', ')} = {values.join(', ')}
            </li>
          ))}
        </Part>
      ) : null}
      {answer.added?.length ? (
        <Part title={words.added(answer.added.reduce((sum, one) => sum + one.count, 0), done)}>
          {answer.added.map(({resource, id, count}) => (
            <li key={`${resource} ${id}`}>
              {resource} {id} {count > 1 && t().number(count)}
            </li>
          ))}
        </Part>
      ) : null}
    </>
  );
}
