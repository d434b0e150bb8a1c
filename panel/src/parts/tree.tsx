// What went along with what: read piece by piece, as one opens it.
import {useState} from 'preact/hooks';
import type {Schemas, TrashItem} from '../api';
import {useClasses, useMetadata, useTrash} from '../queries';
import {go, href} from '../route';
import {t} from '../words';
import {Icon} from './icon';
import {Loaded} from './loaded';
import {Text} from './value';

const pageOf = 100;

// Members that are ticked, to come back without the rest; null: they cannot come back.
interface Ticks {
  ids: ReadonlySet<string>;
  set: (ids: ReadonlySet<string>) => void;
}

function Tick({item, ticks}: {item: TrashItem; ticks: Ticks}) {
  const change = (event: Event): void => {
    const ids = new Set(ticks.ids);
    if ((event.currentTarget as HTMLInputElement).checked) ids.add(item.id);
    else ids.delete(item.id);
    ticks.set(ids);
  };
  return <input type="checkbox" aria-label={t().table.pick(item.displayName)} checked={ticks.ids.has(item.id)} onChange={change} />;
}

function Leaf({item, top, ticks}: {item: TrashItem; top: string; ticks: Ticks | null}) {
  const [open, setOpen] = useState(false);
  return (
    <li class="leaf">
      {ticks && <Tick item={item} ticks={ticks} />}
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <a href={href(['trash', top], {row: item.id})}>
            <Text text={item.displayName} />
          </a>{' '}
          <span class="faint">{item.deletedObjectClass}</span>
        </summary>
        {open && <Members parent={item} top={top} ticks={ticks} />}
      </details>
    </li>
  );
}

interface Part {
  parent: TrashItem;
  resource?: string | undefined;
  top: string;
  ticks: Ticks | null;
}

function Members({parent, resource, top, ticks}: Part) {
  const [limit, setLimit] = useState(pageOf);
  const filter = {groupId: parent.groupId, parent: parent.id, ...(resource && {resource: [resource]})};
  const list = useTrash(filter, {limit, sort: 'displayName'});
  return (
    <Loaded query={list}>
      {(page) => (
        <>
          {page.rows.length === 0 && <p class="faint">{t().tree.nothing}</p>}
          <ul class="tree">
            {page.rows.map((item) => (
              <Leaf key={item.id} item={item} top={top} ticks={ticks} />
            ))}
          </ul>
          {page.next && limit < 1000 && (
            <button type="button" class="quiet small" onClick={() => setLimit(Math.min(1000, limit + 2 * pageOf))}>
              {t().tree.more}
            </button>
          )}
          {page.next && limit >= 1000 && (
            <a href={href(['trash'], {view: 'rows', group: parent.groupId})}>{t().tree.all}</a>
          )}
        </>
      )}
    </Loaded>
  );
}

function Branch({count, root, name, ticks}: {count: Schemas['ReferenceCount']; root: TrashItem; name: string; ticks: Ticks | null}) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary title={count.constraint ?? undefined}>
          <b>{t().number(count.count)}</b> {name} <span class="faint">{count.constraint}</span>
        </summary>
        {open && <Members parent={root} resource={count.resource} top={root.id} ticks={ticks} />}
      </details>
    </li>
  );
}

export function RestoreOnly(props: {count: number; item: string; ids: Iterable<string>; clear: () => void}) {
  return (
    <>
      <strong>{t().rows.selected(props.count)}</strong>
      <button type="button" class="main" onClick={() => go(['trash', props.item, 'restore'], {only: [...props.ids]})}>
        <Icon name="restore" />
        {t().selection.only}
      </button>
      <button type="button" class="quiet" onClick={props.clear}>
        {t().selection.clear}
      </button>
    </>
  );
}

export function Tree({group}: {group: Schemas['Group']}) {
  const classes = useClasses();
  const [ids, set] = useState<ReadonlySet<string>>(new Set());
  const ticks = group.may.restore ? {ids, set} : null;
  const {root} = group;
  const metadata = useMetadata(root?.resource ?? '').data;
  if (!root || !metadata) return null;
  // What hangs on the root itself; the rest is further down, below what took it along.
  const own = new Set(metadata.referrers.map(({constraint}) => constraint));
  const taken = group.counts.filter(({constraint}) => constraint !== null && own.has(constraint));
  const unexplained = group.counts.filter(({resource, constraint}) => constraint === null && resource !== root.resource);
  return (
    <>
      <p>
        <a href={href(['trash', root.id])}>
          <Text text={root.displayName} />
        </a>{' '}
        <span class="faint">{root.deletedObjectClass}</span>
      </p>
      <ul class="tree">
        {taken.map((count) => (
          <Branch key={`${count.resource} ${count.constraint}`} count={count} root={root} name={classes(count.resource)} ticks={ticks} />
        ))}
      </ul>
      {ids.size > 0 && (
        <div class="selection" role="group" aria-label={t().selection.label}>
          <RestoreOnly count={ids.size} item={root.id} ids={ids} clear={() => set(new Set())} />
        </div>
      )}
      {unexplained.length > 0 && (
        <a href={href(['trash'], {view: 'rows', group: group.id})}>
          {t().tree.rest(unexplained.reduce((sum, {count}) => sum + count, 0))}
        </a>
      )}
    </>
  );
}
