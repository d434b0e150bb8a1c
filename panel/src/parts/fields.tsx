// One row as a list of its fields; references lead to what they mean.
import type {Row, Schemas} from '../api';
import {useClasses} from '../queries';
import {href} from '../route';
import {t} from '../words';
import {Text, Value} from './value';

type Metadata = Schemas['Metadata'];
type Referenced = Schemas['ReferencedRow'];

// The deletion that the row lies in, and the item by which that is shown.
export interface Within {
  group: string;
  top: string;
}

// Composite keys are written as in addresses.
function idOf(values: unknown[]): string {
  if (values.length === 1) return String(values[0]);
  return values.map((one) => String(one).replaceAll('%', '%25').replaceAll(',', '%2C')).join(',');
}

export function keyOf(row: Row, key: string[]): string {
  return idOf(key.map((column) => row[column]));
}

function addressOf({resource, id, state, trashItem, groupId}: Referenced, within: Within | undefined): string | null {
  if (trashItem && within && groupId === within.group) return href(['trash', within.top], {row: trashItem});
  if (trashItem) return href(['trash', trashItem]);
  return id === null || state === 'gone' ? null : href(['rows', resource, id]);
}

// That something is live goes without saying where the row itself is.
function stateOf({state, groupId}: Referenced, within: Within | undefined): string {
  const words = t().reference;
  if (state === 'live') return within ? words.live : '';
  if (state === 'trash') return within && groupId === within.group ? words.here : words.trash;
  return state ? words.gone : '';
}

function Reference({one, constraint, within}: {one: Referenced; constraint: string; within: Within | undefined}) {
  const classes = useClasses();
  const address = addressOf(one, within);
  const name = one.displayName === undefined ? classes(one.resource) : `${classes(one.resource)}: ${one.displayName}`;
  const state = stateOf(one, within);
  return (
    <span class="small reference">
      {address ? (
        <a href={address} title={constraint}>
          <Text text={name} />
        </a>
      ) : (
        <span title={constraint}>
          <Text text={name} />
        </span>
      )}
      {state && <span class="faint"> · {state}</span>}
    </span>
  );
}

interface Shown {
  row: Row;
  metadata: Metadata | undefined;
  references?: Schemas['RowReferences'] | undefined;
  within?: Within | undefined;
}

export function Fields({row, metadata, references = {}, within}: Shown) {
  const names = Object.keys(row);
  const typeOf = (name: string): string => metadata?.columns.find((column) => column.name === name)?.type ?? '';
  const from = (name: string) => Object.entries(references).filter(([, {columns}]) => columns[0] === name);
  return (
    <dl class="fields">
      {names.map((name) => (
        <div key={name}>
          <dt>
            {name}
            <span class="faint"> {typeOf(name)}</span>
          </dt>
          <dd>
            <Value value={row[name]} type={typeOf(name)} />{' '}
            {from(name).map(([constraint, one]) => (
              <Reference key={constraint} one={one} constraint={constraint} within={within} />
            ))}
          </dd>
        </div>
      ))}
    </dl>
  );
}
