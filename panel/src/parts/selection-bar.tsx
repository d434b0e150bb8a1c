import {useEffect, useState} from 'preact/hooks';
import {client, type TrashItem, value} from '../api';
import {may, type Me, type TrashFilter} from '../queries';
import {go} from '../route';
import {type All, clearPicked, dropped, pick, picked, pickAll} from '../selection';
import {frozen} from '../trash-query';
import {t} from '../words';
import {Dialog} from './dialog';
import {Icon} from './icon';
import {RestoreOnly} from './tree';
import {Text} from './value';

const sizeOf = (items: Iterable<TrashItem>): number => [...items].reduce((sum, item) => sum + item.groupSize, 0);

// How much a filter means is told by the dry run of a purge, which not everyone may ask for.
async function selectAll(me: Me | undefined, filter: TrashFilter, total: number, name: string): Promise<void> {
  const fixed = frozen(filter);
  const counts = {groups: total, rows: null};
  const body = {filter: {...fixed}, dryRun: true};
  const count = may(me, 'purge') && (await value(client.POST('/v1/trash/bulk-purge', {params: {}, body})).catch(() => null));
  pickAll(fixed, count && 'items' in count ? {groups: count.groups, rows: count.items} : counts, name);
}

// What is selected and stands in no list that is shown, to look at it and to take some of it out.
function Elsewhere({items, close}: {items: TrashItem[]; close: () => void}) {
  return (
    <Dialog title={t().selection.label} close={close}>
      <ul>
        {items.map((item) => (
          <li key={item.id}>
            <label class="option">
              <input type="checkbox" checked={picked.value.items.has(item.id)} onChange={(event) => pick([item], event.currentTarget.checked, '', '')} />
              <span>
                <Text text={item.displayName} /> <span class="faint">{item.deletedObjectClass}</span>
              </span>
            </label>
          </li>
        ))}
      </ul>
      <button type="button" class="main" onClick={close}>
        {t().selection.close}
      </button>
    </Dialog>
  );
}

// A phone has one line for it.
function Told({long, groups, items}: {long: string; groups: number; items: number | null}) {
  return (
    <strong>
      <span class="long">{long}</span>
      <span class="short">{items === null ? long : t().many.preview(groups, items)}</span>
    </strong>
  );
}

function Some({name, page}: {name: string; page: TrashItem[]}) {
  const [shown, setShown] = useState<TrashItem[] | null>(null);
  const {items, pages} = picked.value;
  const here = new Set(page.map(({id}) => id));
  const away = [...items.values()].filter(({id}) => !here.has(id) && !pages.get(id)?.endsWith(` ${name}`));
  const words = t().selection;
  const size = sizeOf(items.values());
  return (
    <>
      <Told long={words.some(items.size, size, new Set(pages.values()).size)} groups={items.size} items={size} />
      {away.length > 0 && (
        <button type="button" class="quiet small" onClick={() => setShown(away)}>
          {words.away(away.length)}
        </button>
      )}
      {shown && <Elsewhere items={shown} close={() => setShown(null)} />}
    </>
  );
}

function Whole({all}: {all: All}) {
  const {except, groups, rows} = all;
  const items = rows === null ? null : rows - sizeOf(except.values());
  return <Told long={t().selection.all(groups, except.size, items)} groups={groups - except.size} items={items} />;
}

function Members() {
  const {items} = picked.value;
  const [first, ...others] = items.values();
  if (!first) return null;
  const one = others.every(({groupId}) => groupId === first.groupId);
  return one ? <RestoreOnly count={items.size} item={first.id} ids={items.keys()} clear={clearPicked} /> : <>{t().selection.several}</>;
}

// All that a filter meant is not meant any more where the list means something else. That is told until the next
// action, and not on another page.
function useDropped(name: string): void {
  const {all, filter} = picked.value;
  const here = location.hash;
  useEffect(() => {
    if (!all || filter === name) return;
    clearPicked();
    dropped.value = here;
  }, [all, filter, name]);
  useEffect(() => {
    if (dropped.value !== here) dropped.value = '';
  }, [here]);
  useEffect(() => () => void (dropped.value = ''), []);
}

interface Bar {
  me: Me | undefined;
  filter: TrashFilter;
  total: number | null;
  page: TrashItem[];
  rows: boolean;
}

function Rest({me, filter, total, name}: Bar & {name: string}) {
  const [open, setOpen] = useState(false);
  const {items, all} = picked.value;
  const words = t().selection;
  return (
    <>
      <button type="button" class="quiet unfold" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name="menu" />
        <span class="spoken">{words.more}</span>
      </button>
      <div class={open ? 'rest open' : 'rest'} onClick={() => setOpen(false)}>
        {may(me, 'purge') && (
          <button type="button" onClick={() => go(['many', 'purge'])}>
            {words.purge}
          </button>
        )}
        {!all && total !== null && total > items.size && (
          <button type="button" class="quiet" onClick={() => void selectAll(me, filter, total, name)}>
            {words.pickAll(total)}
          </button>
        )}
        <button type="button" class="quiet clear" onClick={clearPicked}>
          <Icon name="close" />
          {words.clear}
        </button>
      </div>
    </>
  );
}

export function SelectionBar(props: Bar) {
  const name = JSON.stringify(props.filter);
  const {items, all} = picked.value;
  useDropped(name);
  const words = t().selection;
  if (!items.size && !all) return dropped.value === location.hash ? <p class="note" role="status">{words.dropped}</p> : null;
  return (
    <div class="selection" role="group" aria-label={words.label}>
      {props.rows ? (
        <Members />
      ) : (
        <>
          {all ? <Whole all={all} /> : <Some name={name} page={props.page} />}
          {may(props.me, 'restore') && (
            <button type="button" class="main" onClick={() => go(['many', 'restore'])}>
              <Icon name="restore" />
              {words.restore}
            </button>
          )}
          <Rest {...props} name={name} />
        </>
      )}
    </div>
  );
}
