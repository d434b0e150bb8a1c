// Entries of the ledger, newest first.
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
  'key-created': 'keys',
  'key-revoked': 'keys',
};

export function Timeline({entries}: {entries: Entry[]}) {
  const classes = useClasses();
  if (!entries.length) return <p class="faint">{t().timeline.nothing}</p>;
  return (
    <ul class="lines">
      {entries.map((entry) => {
        const count = entry.counts.reduce((sum, one) => sum + one.count, 0);
        return (
          <li key={entry.id}>
            <span>
              <Icon name={icons[entry.action] ?? 'history'} /> <strong>{t().timeline.actions[entry.action]}</strong>{' '}
              {entry.trashItemId ? (
                <a href={href(['trash', entry.trashItemId])}>
                  {classes(entry.resource)} <Text text={entry.objectId} />
                </a>
              ) : (
                <>
                  {classes(entry.resource)} <Text text={entry.objectId} />
                </>
              )}
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
          </li>
        );
      })}
    </ul>
  );
}
