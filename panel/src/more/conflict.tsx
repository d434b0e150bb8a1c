// One reason why a deletion cannot go back as it is, with what stands in the way and what can be done.
import type {Conflict, Row} from '../api';
import {client, href, Icon, Loaded, page, Person, t, Text, Time, useClasses, useId, useItem, useQuery, useState, Value, value} from '../shared';
import {type Answered, answered, type Choice} from './choices';

type Amend = (change: Partial<Answered>) => void;

function useLive(conflict: Conflict) {
  const {resource, id} = conflict.with ?? {resource: '', id: ''};
  return useQuery({
    queryKey: ['object', resource, id],
    queryFn: ({signal}) => value(client.GET('/v1/{resource}/{id}', {params: {path: {resource, id}}, signal})),
    enabled: conflict.with !== undefined,
    retry: false,
  });
}

function useReturning(conflict: Conflict, groupId: string) {
  return useQuery({
    queryKey: ['returning', groupId, conflict.resource, conflict.id],
    queryFn: ({signal}) => {
      const query = {groupId, resource: [conflict.resource], deletedObjectId: conflict.id ?? '', expand: 'object' as const};
      return page(client.GET('/v1/trash', {params: {query}, signal}));
    },
    enabled: conflict.id !== undefined,
  });
}

// Both rows side by side: first what differs, then what is the same.
function Beside({conflict, groupId}: {conflict: Conflict; groupId: string}) {
  const live = useLive(conflict).data as Row | undefined;
  const back = useReturning(conflict, groupId).data?.rows[0]?.object;
  if (!live || !back || !conflict.with) return null;
  const same = (name: string): boolean => JSON.stringify(live[name]) === JSON.stringify(back[name]);
  const names = Object.keys(back).sort((one, other) => Number(same(one)) - Number(same(other)));
  return (
    <details class="beside">
      <summary>{t().conflict.both}</summary>
      <div class="scroll" role="region" aria-label={t().conflict.both} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t().conflict.field}</th>
              <th scope="col">{t().conflict.returning}</th>
              <th scope="col">
                <a href={href(['rows', conflict.with.resource, conflict.with.id])}>{t().conflict.live}</a>
              </th>
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <tr key={name} class={same(name) ? undefined : 'differs'}>
                <th scope="row">
                  {name} {!same(name) && <span class="badge">{t().conflict.differs}</span>}
                </th>
                <td>
                  <Value value={back[name]} />
                </td>
                <td>
                  <Value value={live[name]} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function Parent({id, groupId}: {id: string; groupId: string}) {
  const item = useItem(id);
  return (
    <Loaded query={item}>
      {(parent) => (
        <p class="note">
          <Icon name="trash" />
          <span>
            <a href={href(['trash', parent.id])}>
              <Text text={parent.displayName} />
            </a>{' '}
            ({parent.deletedObjectClass}) {parent.groupId === groupId ? t().conflict.parentHere : t().conflict.parent(parent.groupSize)} <Person id={parent.deletedBy} name={parent.deletedByName} />,{' '}
            <Time at={parent.createdAt} />
          </span>
        </p>
      )}
    </Loaded>
  );
}

function NewValues({conflict, values, amend}: {conflict: Conflict; values: Record<string, string>; amend: Amend}) {
  const start = Object.fromEntries(conflict.columns.map((name, index) => [name, conflict.values[index] ?? '']));
  const [typed, setTyped] = useState<Record<string, string>>({...start, ...values});
  const take = (): void => amend({values: typed});
  return (
    <fieldset class="stack" onChange={take}>
      <legend>{t().conflict.newValues}</legend>
      {conflict.columns.map((name) => (
        <label class="field" key={name}>
          <span>{name}</span>
          <input
            value={typed[name] ?? ''}
            onInput={(event) => setTyped({...typed, [name]: event.currentTarget.value})}
          />
        </label>
      ))}
      <button type="button" onClick={take}>
        {t().conflict.useValues}
      </button>
    </fieldset>
  );
}

export function ConflictCard(props: {known: Answered; groupId: string; amend: Amend}) {
  const {conflict, choice, values} = props.known;
  const group = useId();
  const classes = useClasses();
  const words = t().conflict;
  const pick = (one: Choice): void => props.amend({choice: one});
  const shown = conflict.columns.map((name, index) => `${name} = ${conflict.values[index] ?? 'NULL'}`).join(', ');
  return (
    <section class="card conflict" aria-label={`${words.kinds[conflict.kind]}: ${shown}`}>
      <h3>
        <Icon name={answered(props.known) ? 'good' : 'warning'} /> {words.kinds[conflict.kind]}
      </h3>
      <p>
        {classes(conflict.resource)} {conflict.id && <code>{conflict.id}</code>}
        {shown && (
          <>
            {' '}
            · <Text text={shown} />
          </>
        )}
      </p>
      {conflict.constraint && <p class="faint">{words.constraint(conflict.constraint)}</p>}
      {conflict.detail && <p>{conflict.detail}</p>}
      {conflict.trashItem && <Parent id={conflict.trashItem} groupId={props.groupId} />}
      {conflict.with && <Beside conflict={conflict} groupId={props.groupId} />}
      {conflict.choices.length === 0 && <p>{words.noChoice}</p>}
      {conflict.choices.length > 0 && (
        <fieldset>
          <legend class="spoken">{words.what}</legend>
          {conflict.choices.map((one) => (
            <label class="option" key={one}>
              <input type="radio" name={group} checked={one === choice} onChange={() => pick(one)} />
              <span>
                {words.choices[one].title}
                <span class="faint"> {words.choices[one].means}</span>
              </span>
            </label>
          ))}
        </fieldset>
      )}
      {choice === 'set' && <NewValues conflict={conflict} values={values} amend={props.amend} />}
    </section>
  );
}
