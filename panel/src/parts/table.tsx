// A plain table, which becomes cards where there is no room for columns.
import type {ComponentChildren} from 'preact';
import {useEffect, useState} from 'preact/hooks';
import {t} from '../words';
import {Icon} from './icon';

export interface Column<T> {
  key: string;
  title: string;
  cell: (row: T) => ComponentChildren;
  sort?: string | undefined;
  kind?: 'number' | 'wide' | 'action';
}

interface Sorting {
  by: string;
  choose: (sort: string) => void;
}

export interface Picking<T> {
  picked: (row: T) => boolean;
  pick: (rows: T[], on: boolean) => void;
  name: (row: T) => string;
  // Rows that cannot be picked have no box.
  can?: (row: T) => boolean;
}

function Heading<T>({column, sorting}: {column: Column<T>; sorting: Sorting | undefined}) {
  const {sort, title, kind} = column;
  if (!sort || !sorting) {
    return (
      <th scope="col" class={kind}>
        {title}
      </th>
    );
  }
  const down = sorting.by === `-${sort}`;
  const up = sorting.by === sort;
  return (
    <th scope="col" class={kind} aria-sort={up ? 'ascending' : down ? 'descending' : 'none'}>
      <button type="button" class="sort" onClick={() => sorting.choose(down ? sort : `-${sort}`)}>
        {title}
        {(up || down) && <Icon name={up ? 'up' : 'down'} />}
      </button>
    </th>
  );
}

function PickAll<T>({rows, picking}: {rows: T[]; picking: Picking<T>}) {
  const those = picking.can ? rows.filter(picking.can) : rows;
  const count = those.filter(picking.picked).length;
  const all = count > 0 && count === those.length;
  return (
    <th scope="col" class="pick">
      <label>
        <input
          type="checkbox"
          checked={all}
          ref={(box) => {
            if (box) box.indeterminate = count > 0 && !all;
          }}
          onChange={() => picking.pick(those, !all)}
        />
        <span class="spoken">{t().table.pickPage}</span>
      </label>
    </th>
  );
}

const sight = 12;
let painted = false;

// Of the first list that the page shows the rows in sight come first, and the others when those have been painted.
function useInSight<T>(rows: T[]): T[] {
  const [all, setAll] = useState(painted || rows.length <= sight);
  useEffect(() => {
    painted = true;
    if (!all) requestAnimationFrame(() => setTimeout(() => setAll(true)));
  }, []);
  return all ? rows : rows.slice(0, sight);
}

export function Table<T>(props: {
  label: string;
  columns: Column<T>[];
  rows: T[];
  id: (row: T) => string;
  sorting?: Sorting | undefined;
  picking?: Picking<T> | undefined;
  look?: (row: T) => string | undefined;
}) {
  const {columns, rows, picking} = props;
  const shown = useInSight(rows);
  return (
    <div class="scroll" role="region" aria-label={props.label} tabIndex={0}>
      <table>
        <caption class="spoken">{props.label}</caption>
        <thead>
          <tr>
            {picking && <PickAll rows={rows} picking={picking} />}
            {columns.map((column) => (
              <Heading key={column.key} column={column} sorting={props.sorting} />
            ))}
          </tr>
        </thead>
        <tbody>
          {shown.map((row) => (
            <tr key={props.id(row)} class={props.look?.(row)} data-row={props.id(row)}>
              {picking && (
                <td class="pick">
                  {picking.can?.(row) !== false && (
                    <input
                      type="checkbox"
                      aria-label={t().table.pick(picking.name(row))}
                      checked={picking.picked(row)}
                      onChange={(event) => picking.pick([row], event.currentTarget.checked)}
                    />
                  )}
                </td>
              )}
              {columns.map((column) => (
                <td key={column.key} class={column.kind} data-title={column.title}>
                  {column.cell(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
