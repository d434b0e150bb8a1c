// One row as a list of its fields; references lead to what they mean.
import type {Row, Schemas} from '../api';
import {href} from '../route';
import {Value} from './value';

type Metadata = Schemas['Metadata'];

// Composite keys are written as in addresses.
function idOf(values: unknown[]): string {
  if (values.length === 1) return String(values[0]);
  return values.map((one) => String(one).replaceAll('%', '%25').replaceAll(',', '%2C')).join(',');
}

export function keyOf(row: Row, key: string[]): string {
  return idOf(key.map((column) => row[column]));
}

function Reference({row, column, metadata}: {row: Row; column: string; metadata: Metadata}) {
  const key = metadata.references.find((one) => one.columns.length > 0 && one.columns[0] === column);
  if (!key || key.columns.some((one) => row[one] === null || row[one] === undefined)) return null;
  const id = idOf(key.columns.map((one) => row[one]));
  return (
    <a class="small" href={href(['rows', key.resource, id])} title={key.constraint}>
      {key.resource}
    </a>
  );
}

export function Fields({row, metadata}: {row: Row; metadata: Metadata | undefined}) {
  const names = Object.keys(row).filter((name) => !/^\$*(deletedAt|trashItem)$/.test(name));
  const typeOf = (name: string): string => metadata?.columns.find((column) => column.name === name)?.type ?? '';
  return (
    <dl class="fields">
      {names.map((name) => (
        <div key={name}>
          <dt>
            {name}
            <span class="faint"> {typeOf(name)}</span>
          </dt>
          <dd>
            <Value value={row[name]} type={typeOf(name)} /> {metadata && <Reference row={row} column={name} metadata={metadata} />}
          </dd>
        </div>
      ))}
    </dl>
  );
}
