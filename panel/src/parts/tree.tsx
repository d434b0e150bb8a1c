// What went along with what: read piece by piece, as one opens it.
import {useState} from 'preact/hooks';
import type {Schemas, TrashItem} from '../api';
import {useClasses, useMetadata, useTrash} from '../queries';
import {href} from '../route';
import {t} from '../words';
import {Loaded} from './loaded';
import {Text} from './value';

const pageOf = 100;

function Leaf({item, top}: {item: TrashItem; top: string}) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <a href={href(['trash', top], {row: item.id})}>
            <Text text={item.displayName} />
          </a>{' '}
          <span class="faint">{item.deletedObjectClass}</span>
        </summary>
        {open && <Members parent={item} top={top} />}
      </details>
    </li>
  );
}

interface Part {
  parent: TrashItem;
  resource?: string | undefined;
  top: string;
}

function Members({parent, resource, top}: Part) {
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
              <Leaf key={item.id} item={item} top={top} />
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

function Branch({count, root, name}: {count: Schemas['ReferenceCount']; root: TrashItem; name: string}) {
  const [open, setOpen] = useState(false);
  return (
    <li>
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary title={count.constraint ?? undefined}>
          <b>{t().number(count.count)}</b> {name} <span class="faint">{count.constraint}</span>
        </summary>
        {open && <Members parent={root} resource={count.resource} top={root.id} />}
      </details>
    </li>
  );
}

export function Tree({group}: {group: Schemas['Group']}) {
  const classes = useClasses();
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
          <Branch key={`${count.resource} ${count.constraint}`} count={count} root={root} name={classes(count.resource)} />
        ))}
      </ul>
      {unexplained.length > 0 && (
        <a href={href(['trash'], {view: 'rows', group: group.id})}>
          {t().tree.rest(unexplained.reduce((sum, {count}) => sum + count, 0))}
        </a>
      )}
    </>
  );
}
