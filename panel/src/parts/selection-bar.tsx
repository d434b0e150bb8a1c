import {useEffect} from 'preact/hooks';
import {may, type Me, type TrashFilter} from '../queries';
import {go} from '../route';
import {said} from '../recent';
import {clearPicked, picked, pickAll} from '../selection';
import {t} from '../words';
import {Icon} from './icon';
import {RestoreOnly} from './tree';

export function SelectionBar(props: {me: Me | undefined; filter: TrashFilter; total: number | null; rows: boolean}) {
  const {items, pages, all, filter} = picked.value;
  const name = JSON.stringify(props.filter);
  const some = items.size > 0 || all !== null;
  useEffect(() => {
    if (!some || filter === name) return;
    clearPicked();
    said.value = t().selection.dropped;
  }, [some, filter, name]);
  if (!some) return null;
  const words = t().selection;
  if (props.rows) {
    const [first, ...others] = items.values();
    const one = first && others.every(({groupId}) => groupId === first.groupId);
    return (
      <div class="selection" role="group" aria-label={words.label}>
        {one ? <RestoreOnly count={items.size} item={first.id} ids={items.keys()} clear={clearPicked} /> : words.several}
      </div>
    );
  }
  const rows = [...items.values()].reduce((sum, item) => sum + item.groupSize, 0);
  const more = !all && props.total !== null && props.total > items.size;
  return (
    <div class="selection" role="group" aria-label={words.label}>
      <strong>{all ? words.all(all.groups) : words.some(items.size, rows, new Set(pages.values()).size)}</strong>
      {may(props.me, 'restore') && (
        <button type="button" class="main" onClick={() => go(['many', 'restore'])}>
          <Icon name="restore" />
          {words.restore}
        </button>
      )}
      {may(props.me, 'purge') && (
        <button type="button" onClick={() => go(['many', 'purge'])}>
          {words.purge}
        </button>
      )}
      {more && (
        <button type="button" class="quiet" onClick={() => pickAll(props.filter, props.total ?? 0, name)}>
          {words.pickAll(props.total ?? 0)}
        </button>
      )}
      <button type="button" class="quiet" onClick={clearPicked}>
        {words.clear}
      </button>
    </div>
  );
}
