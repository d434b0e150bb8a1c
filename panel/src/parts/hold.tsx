// What keeps rows from being deleted for good: who says so, why, and until when.
import type {Schemas} from '../api';
import {may, useClasses, useMe} from '../queries';
import {href} from '../route';
import {t} from '../words';
import {Icon} from './icon';
import {Person} from './person';
import {moment, Time} from './time';
import {Text} from './value';

export type Hold = Schemas['Hold'];

// What is held. Which item a deletion has the list tells.
export function HoldWhat({hold}: {hold: Hold}) {
  const classes = useClasses();
  const {groupId, resource = '', objectId, objects = 0, where} = hold;
  if (groupId) return <a href={href(['trash'], {group: groupId})}>{t().group.title}</a>;
  return (
    <>
      <a href={href(['rows', resource, ...(objectId ? [objectId] : [])])}>
        {classes(resource)}
        {objectId && (
          <>
            {' '}
            <Text text={objectId} />
          </>
        )}
      </a>
      {where && (
        <>
          {' '}
          <code class="json">{JSON.stringify(where)}</code> · {t().overview.size(objects)}
        </>
      )}
    </>
  );
}

// Who may hold everything releases all holds, others their own. within: the deletion whose page it is.
export function Holds({list, within}: {list: Hold[]; within?: string | undefined}) {
  const me = useMe().data;
  const releases = (by: string): boolean => me?.rights['*']?.hold === 'all' || (may(me, 'hold') && by === me?.principal);
  return (
    <ul>
      {list.map((hold) => (
        <li key={hold.id}>
          <span class="badge">
            <Icon name="hold" /> {t().group.held}
          </span>{' '}
          <b>
            <Text text={hold.reason} />
          </b>{' '}
          {(!within || hold.groupId !== within) && (
            <>
              · <HoldWhat hold={hold} />{' '}
            </>
          )}
          · <Person id={hold.by} /> · <Time at={hold.at} /> · {t().holds.until(hold.until && moment(hold.until))}{' '}
          {releases(hold.by) && <a href={href(['holds', hold.id])}>{t().holds.release}</a>}
        </li>
      ))}
    </ul>
  );
}

export const HeldNote = (props: {list: Hold[]; within: string}) => (props.list.length ? <div class="note"><Holds {...props} /></div> : null);
