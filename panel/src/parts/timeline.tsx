// Entries of the ledger, newest first.
import type {ComponentChildren} from 'preact';
import type {Schemas} from '../api';
import {useClasses} from '../queries';
import {href} from '../route';
import {t} from '../words';
import {Icon, type IconName} from './icon';
import {Person} from './person';
import {Time} from './time';
import {Text} from './value';

export type Entry = Schemas['HistoryEntry'];

const icons: Partial<Record<Entry['action'], IconName>> = {
  trashed: 'trash',
  restored: 'restore',
  copied: 'restore',
  purged: 'close',
  deleted: 'close',
  held: 'hold',
  'key-created': 'keys',
  'key-revoked': 'keys',
};

// What one request did to many deletions is one line, which opens.
function folded(entries: Entry[]): Entry[][] {
  const parts: Entry[][] = [];
  for (const entry of entries) {
    const last = parts.at(-1)?.[0];
    if (last?.requestId && last.requestId === entry.requestId && last.action === entry.action) parts.at(-1)?.push(entry);
    else parts.push([entry]);
  }
  return parts;
}

const sizeOf = ({counts}: Entry): number => counts.reduce((sum, one) => sum + one.count, 0);

function Label({entry, name}: {entry: Entry; name?: string | undefined}) {
  const classes = useClasses();
  const text = (
    <>
      {classes(entry.resource)} <Text text={name ?? entry.objectId} />
    </>
  );
  return entry.trashItemId ? (
    <a href={href(['trash', entry.trashItemId])} title={entry.objectId}>
      {text}
    </a>
  ) : (
    text
  );
}

function Line({entries, children}: {entries: [Entry, ...Entry[]]; children: ComponentChildren}) {
  const [entry] = entries;
  const count = entries.reduce((sum, one) => sum + sizeOf(one), 0);
  return (
    <>
      <span>
        <Icon name={icons[entry.action] ?? 'history'} /> <strong>{t().timeline.actions[entry.action]}</strong> {children}
        {entry.reason && (
          <span class="faint">
            {' '}
            · <Text text={entry.reason} />
          </span>
        )}
      </span>
      <span class="faint">
        {count > 0 && `${t().overview.size(count)} · `}
        <Person id={entry.by} name={entry.byName} /> · <Time at={entry.at} />
      </span>
    </>
  );
}

// names: of the items that are in the trash still, by their ids.
export function Timeline({entries, names}: {entries: Entry[]; names?: ReadonlyMap<string, string> | undefined}) {
  if (!entries.length) return <p class="faint">{t().timeline.nothing}</p>;
  const line = (entry: Entry) => (
    <li key={entry.id}>
      <Line entries={[entry]}>
        <Label entry={entry} name={names?.get(entry.trashItemId ?? '')} />
      </Line>
    </li>
  );
  return (
    <ul class="lines">
      {folded(entries).map((part) => {
        const [first, ...others] = part;
        if (!first || !others.length) return first && line(first);
        return (
          <li key={first.id}>
            <details>
              <summary>
                <Line entries={[first, ...others]}>{t().timeline.several(part.length)}</Line>
              </summary>
              <ul>{part.map(line)}</ul>
            </details>
          </li>
        );
      })}
    </ul>
  );
}
