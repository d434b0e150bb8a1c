// Which columns of a list are shown: chosen for this browser, those it starts with until then.
import {choose, settings} from '../settings';
import {t} from '../words';
import {Menu} from './menus';
import type {Column} from './table';

export function chosen<T>(list: string, columns: Column<T>[], start: string[]): Column<T>[] {
  const names = settings.value.columns[list] ?? start;
  return columns.filter(({key}, index) => index === 0 || names.includes(key));
}

// The first column leads to what the row is about, so it stays.
export function Columns<T>({list, columns, start}: {list: string; columns: Column<T>[]; start: string[]}) {
  const shown = chosen(list, columns, start).map(({key}) => key);
  const set = (names: string[]): void => choose({columns: {...settings.value.columns, [list]: names}});
  const reset = (): void => {
    const {[list]: _, ...rest} = settings.value.columns;
    choose({columns: rest});
  };
  return (
    <Menu id="columns" label={t().table.columns} icon="settings">
      <fieldset>
        <legend>{t().table.columns}</legend>
        {columns.slice(1).map(({key, title}) => (
          <label class="option" key={key}>
            <input
              type="checkbox"
              checked={shown.includes(key)}
              onChange={(event) => set(event.currentTarget.checked ? [...shown, key] : shown.filter((one) => one !== key))}
            />
            {title}
          </label>
        ))}
      </fieldset>
      <button type="button" class="quiet small" onClick={reset}>
        {t().table.reset}
      </button>
    </Menu>
  );
}
