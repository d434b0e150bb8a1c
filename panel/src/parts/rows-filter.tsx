// Conditions on rows: what may be asked of a column depends on its type.
import {useState} from 'preact/hooks';
import type {Schemas} from '../api';
import {inUtc} from '../settings';
import {t} from '../words';
import {Icon} from './icon';

type Metadata = Schemas['Metadata'];
type Column = Metadata['columns'][number];
type Operator = keyof ReturnType<typeof t>['rows']['operators'];

export interface Condition {
  column: string;
  operator: string;
  value: string;
}

const times = ['greater_than_equal', 'less_than', 'equals'] as const;
const operators = {
  text: ['contains', 'equals', 'not_equals', 'in'],
  number: ['equals', 'not_equals', 'greater_than', 'greater_than_equal', 'less_than', 'less_than_equal', 'in'],
  date: times,
  time: times,
  boolean: ['equals'],
  other: ['contains', 'equals'],
} satisfies Record<string, readonly Operator[]>;

type Kind = keyof typeof operators;

const types: [RegExp, Kind][] = [
  [/\[\]|^jsonb?$|^bytea$/, 'other'],
  [/^(smallint|integer|bigint|numeric|real|double precision|oid)/, 'number'],
  [/^timestamp/, 'time'],
  [/^date$/, 'date'],
  [/^boolean$/, 'boolean'],
];

function kindOf(column: Column | undefined): Kind {
  return types.find(([type]) => type.test(column?.type ?? ''))?.[1] ?? 'text';
}

// Times are earlier and later, not less and more.
function nameOf(operator: string, kind: Kind): string {
  const words = t().rows;
  const timely = kind === 'date' || kind === 'time' ? words.times[operator as keyof typeof words.times] : undefined;
  return timely ?? words.operators[operator as Operator] ?? operator;
}

function labelOf({column, operator, value}: Condition, metadata: Metadata): string {
  if (operator === 'exists') return `${column} ${nameOf(value === 'false' ? 'empty' : 'exists', 'text')}`;
  return `${column} ${nameOf(operator, kindOf(metadata.columns.find(({name}) => name === column)))} ${value}`;
}

function Input({kind}: {kind: Kind}) {
  const words = t().rows;
  if (kind === 'boolean') {
    return (
      <select name="value" aria-label={words.value}>
        <option value="true">{t().value.yes}</option>
        <option value="false">{t().value.no}</option>
      </select>
    );
  }
  const type = kind === 'date' ? 'date' : kind === 'time' ? 'datetime-local' : 'text';
  return <input key={type} name="value" type={type} required={type !== 'text'} aria-label={words.value} inputMode={kind === 'number' ? 'decimal' : undefined} />;
}

// What is typed is of the place where it is typed; a column without a zone has it as it stands.
function valueOf(text: string, kind: Kind, column: Column | undefined): string {
  return kind === 'time' && /with time zone/.test(column?.type ?? '') ? new Date(text + (inUtc() ? 'Z' : '')).toISOString() : text;
}

function RowsFilter({metadata, add}: {metadata: Metadata; add: (condition: Condition) => void}) {
  const words = t().rows;
  const [name, setName] = useState(metadata.display ?? metadata.key[0] ?? '');
  const [wish, setWish] = useState('');
  const column = metadata.columns.find((one) => one.name === name);
  const kind = kindOf(column);
  const list: Operator[] = [...operators[kind], ...(column?.nullable ? (['exists', 'empty'] as const) : [])];
  const operator = list.find((one) => one === wish) ?? list[0] ?? 'equals';
  const bare = operator === 'exists' || operator === 'empty';
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const field = (event.currentTarget as HTMLFormElement).elements.namedItem('value');
    const text = field instanceof HTMLInputElement || field instanceof HTMLSelectElement ? field.value : '';
    if (bare) add({column: name, operator: 'exists', value: String(operator === 'exists')});
    else add({column: name, operator, value: valueOf(text, kind, column)});
    if (field instanceof HTMLInputElement) field.value = '';
  };
  return (
    <form class="joined" onSubmit={submit}>
      <select aria-label={words.column} value={name} onChange={(event) => setName(event.currentTarget.value)}>
        {metadata.columns.map((one) => (
          <option key={one.name}>{one.name}</option>
        ))}
      </select>
      <select aria-label={words.operator} value={operator} onChange={(event) => setWish(event.currentTarget.value)}>
        {list.map((one) => (
          <option key={one} value={one}>
            {nameOf(one, kind)}
          </option>
        ))}
      </select>
      {!bare && <Input kind={kind} />}
      <button type="submit">{words.filter}</button>
    </form>
  );
}

// As one parameter of the address: column, operator and value with colons between.
export const written = ({column, operator, value}: Condition): string => `${column}:${operator}:${value}`;

// As the service takes them.
export const termsOf = (list: Condition[]) => list.map(({column, operator, value}) => ({[column]: {[operator]: value}}));

export function Conditions({metadata, list, show}: {metadata: Metadata; list: Condition[]; show: (list: Condition[]) => void}) {
  const without = (gone: Condition): Condition[] => list.filter((one) => written(one) !== written(gone));
  return (
    <div class="filters">
      <RowsFilter metadata={metadata} add={(one) => show([...without(one), one])} />
      <ul class="chips">
        {list.map((one) => (
          <li key={written(one)}>
            <button type="button" class="chip" onClick={() => show(without(one))}>
              {labelOf(one, metadata)} <Icon name="close" />
              <span class="spoken">{t().rows.drop}</span>
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}
