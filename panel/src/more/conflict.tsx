// One reason why a deletion cannot go back as it is, with what stands in the way and what can be done.
import type {Conflict, Row, TrashItem} from '../api';
import {client, href, Icon, Loaded, page, Person, t, Text, Time, useClasses, useId, useItem, useMe, useMetadata, useQuery, useState, Value, value} from '../shared';
import {type Answered, answered, type Choice, missing} from './choices';

type Amend = (change: Partial<Answered>) => void;

const taken = ({kind}: Conflict): boolean => kind === 'unique-taken' || kind === 'primary-key-taken';

function useLive(conflict: Conflict) {
  const {resource, id} = conflict.with ?? {resource: '', id: ''};
  return useQuery({
    queryKey: ['object', resource, id],
    queryFn: ({signal}) => value(client.GET('/v1/{resource}/{id}', {params: {path: {resource, id}}, signal})),
    enabled: conflict.with !== undefined && taken(conflict),
  });
}

// The name by which people know the live row that is in the way.
function useLiveName(conflict: Conflict): string | null {
  const row = useLive(conflict).data as Row | undefined;
  const column = useMetadata(conflict.with?.resource ?? '', row !== undefined).data?.display;
  const name = column ? row?.[column] : null;
  return typeof name === 'string' && name !== '' ? name : null;
}

function useReturning(conflict: Conflict, groupId: string) {
  return useQuery({
    queryKey: ['returning', groupId, conflict.resource, conflict.id],
    queryFn: async ({signal}) => {
      const query = {groupId, resource: [conflict.resource], deletedObjectId: conflict.id ?? '', expand: 'object' as const};
      return (await page(client.GET('/v1/trash', {params: {query}, signal}))).rows[0] ?? null;
    },
    enabled: conflict.id !== undefined,
  });
}

// Both rows side by side: first what is taken, then what differs, then what is the same.
function Beside({conflict, groupId}: {conflict: Conflict; groupId: string}) {
  const live = useLive(conflict).data as Row | undefined;
  const types = new Map(useMetadata(conflict.resource).data?.columns.map(({name, type}) => [name, type]));
  const back = useReturning(conflict, groupId).data?.object;
  if (!live || !back || !conflict.with) return null;
  const words = t().conflict;
  const order = (name: string): number =>
    conflict.columns.includes(name) ? 0 : JSON.stringify(live[name]) === JSON.stringify(back[name]) ? 2 : 1;
  const names = Object.keys(back).sort((one, other) => order(one) - order(other));
  return (
    <details class="beside">
      <summary>{words.both}</summary>
      <div class="scroll" role="region" aria-label={words.both} tabIndex={0}>
        <table>
          <thead>
            <tr>
              <th scope="col">{words.field}</th>
              <th scope="col">{words.returning}</th>
              <th scope="col">
                <a href={href(['rows', conflict.with.resource, conflict.with.id])}>{words.live}</a>
              </th>
            </tr>
          </thead>
          <tbody>
            {names.map((name) => (
              <tr key={name} class={['taken', 'differs', undefined][order(name)]}>
                <th scope="row">
                  {name} {order(name) < 2 && <span class="badge">{order(name) ? words.differs : words.taken}</span>}
                </th>
                <td data-side={words.returning}>
                  <Value value={back[name]} type={types.get(name) ?? ''} />
                </td>
                <td data-side={words.live}>
                  <Value value={live[name]} type={types.get(name) ?? ''} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}

function NewValues({conflict, values, amend}: {conflict: Conflict; values: Record<string, string>; amend: Amend}) {
  const start = Object.fromEntries(conflict.columns.map((name, index) => [name, conflict.values[index] ?? '']));
  const [typed, setTyped] = useState<Record<string, string>>({...start, ...values});
  const take = (): void => amend({values: Object.fromEntries(Object.entries(typed).filter(([name, text]) => text !== start[name])), again: false});
  const chosen = Object.entries(values);
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
      {chosen.map(([name, text]) => (
        <p key={name}>
          <Icon name="good" /> {name}: <Text text={t().conflict.willBe(text)} />
        </p>
      ))}
    </fieldset>
  );
}

interface Offer {
  list: Answered[];
  choices: Choice[];
  choose: (choice: Choice) => void;
  legend?: string;
}

// What can be chosen for one conflict, or for several at once. What the role may not do is there, and says why.
export function Choices({list, choices, choose, legend}: Offer) {
  const group = useId();
  const classes = useClasses();
  const me = useMe().data;
  const words = t().conflict;
  if (!choices.length) return null;
  return (
    <fieldset>
      <legend class={legend ? undefined : 'spoken'}>{legend ?? words.what}</legend>
      {choices.map((one) => {
        const lacks = list.map(({conflict}) => missing(one, conflict, me)).find((found) => found !== null);
        return (
          <label class="option" key={one}>
            <input type="radio" name={group} disabled={Boolean(lacks)} checked={list.every(({choice}) => choice === one)} onChange={() => choose(one)} />
            <span>
              {words.choices[one].title}{' '}
              <span class="faint">{lacks ? words.lacks(t().ability(lacks.right, classes(lacks.resource))) : words.choices[one].means(list.length)}</span>
            </span>
          </label>
        );
      })}
    </fieldset>
  );
}

export interface Where {
  item: TrashItem;
}

function Parent({parent, item}: {parent: TrashItem; item: TrashItem}) {
  const words = t().conflict;
  const here = parent.groupId === item.groupId;
  return (
    <p>
      <a href={href(['trash', parent.id], {then: item.id})}>{t().restored.open(parent.displayName)}</a>{' '}
      <span class="faint">
        {here ? words.parentHere : words.parent(parent.groupSize)} <Person id={parent.deletedBy} name={parent.deletedByName} />, <Time at={parent.createdAt} />
      </span>
    </p>
  );
}

// What is missing, by name, and who needs it.
export function Cause({list, item}: {list: Answered[]; item: TrashItem}) {
  const classes = useClasses();
  const words = t().conflict;
  const [first] = list;
  const {trashItem = '', with: other} = first?.conflict ?? {};
  const parent = useItem(trashItem);
  const sums = new Map<string, number>();
  for (const {conflict} of list) sums.set(classes(conflict.resource), (sums.get(classes(conflict.resource)) ?? 0) + 1);
  const kind = classes(other?.resource ?? null);
  const name = parent.data?.displayName;
  return (
    <>
      <h3>
        <Icon name={list.every(answered) ? 'good' : 'warning'} />{' '}
        {name ? words.inTrash(kind, name) : other && !trashItem ? words.notThere(kind, other.id) : words.kinds['missing-parent']}
      </h3>
      <p>{words.needIt([...sums])}</p>
      {trashItem && <Loaded query={parent}>{(found) => <Parent parent={found} item={item} />}</Loaded>}
    </>
  );
}

function Taken({conflict}: {conflict: Conflict}) {
  const name = useLiveName(conflict);
  const words = t().conflict;
  const value = conflict.values.map((one) => one ?? 'NULL').join(', ');
  // A row that is called by the value itself would be told twice.
  const told = conflict.kind === 'unique-taken' && name && name !== value;
  return <>{told ? words.takenBy(value, name) : words.kinds[conflict.kind]}</>;
}

// Whose conflict it is.
function Owner({conflict, item}: {conflict: Conflict; item: TrashItem}) {
  const classes = useClasses();
  const own = conflict.id === item.deletedObjectId && conflict.resource === item.resource;
  const found = useReturning(conflict, item.groupId).data;
  const name = own ? item.displayName : found?.displayName;
  return (
    <>
      {classes(conflict.resource)} {name ? <Text text={t().conflict.quoted(name)} /> : conflict.id && <code>{conflict.id}</code>}
    </>
  );
}

export function ConflictCard(props: {known: Answered; item: TrashItem; amend: Amend; alone: boolean}) {
  const {conflict, choice, values, again} = props.known;
  const words = t().conflict;
  const shown = conflict.columns.map((name, index) => `${name} = ${conflict.values[index] ?? 'NULL'}`).join(', ');
  const orphan = conflict.kind === 'missing-parent';
  return (
    <section class="card conflict" aria-label={`${words.kinds[conflict.kind]}: ${shown}`}>
      {orphan && props.alone ? (
        <Cause list={[props.known]} item={props.item} />
      ) : (
        <h3>
          <Icon name={answered(props.known) ? 'good' : 'warning'} /> {orphan ? <Owner conflict={conflict} item={props.item} /> : <Taken conflict={conflict} />}
        </h3>
      )}
      {(!orphan || props.alone) && (
        <p>
          <Owner conflict={conflict} item={props.item} />
          {shown && (
            <>
              {' '}
              · {orphan ? conflict.columns.join(', ') : <Text text={shown} />}
            </>
          )}
        </p>
      )}
      {again && <p class="bad-text">{words.again}</p>}
      {conflict.detail && !orphan && <p>{conflict.detail}</p>}
      {conflict.with && !orphan && <Beside conflict={conflict} groupId={props.item.groupId} />}
      {conflict.choices.length === 0 && <p>{words.noChoice}</p>}
      <Choices list={[props.known]} choices={conflict.choices} choose={(one) => props.amend({choice: one, again: false})} />
      {choice === 'set' && <NewValues conflict={conflict} values={values} amend={props.amend} />}
      {conflict.constraint && <p class="faint">{words.constraint(conflict.constraint)}</p>}
    </section>
  );
}
