import {useRef} from 'preact/hooks';
import type {ComponentChildren} from 'preact';
import {cache, type Problem} from '../api';
import {type Change, changes, forget, textOf, undo} from '../recent';
import type {Me} from '../queries';
import {go, href} from '../route';
import {credential, signOut} from '../session';
import {t} from '../words';
import {Icon, type IconName} from './icon';
import {ago} from './time';

export function Menu(props: {id: string; label: string; icon: IconName; children: ComponentChildren}) {
  return (
    <>
      <button type="button" class="quiet" popovertarget={props.id}>
        <Icon name={props.icon} />
        <span class="label">{props.label}</span>
      </button>
      <div id={props.id} popover="auto" class="sheet" role="group" aria-label={props.label}>
        {props.children}
      </div>
    </>
  );
}

// Why it cannot be undone any more, and which rows are not as they came back.
function Refusal({problem}: {problem: Problem | undefined}) {
  return (
    <div class="bad-text">
      {problem?.message}
      <ul>
        {problem?.body.rows?.slice(0, 5).map(({resource, id}) => (
          <li key={`${resource} ${id}`}>{id === null ? resource : <a href={href(['rows', resource, id])}>{`${resource} ${id}`}</a>}</li>
        ))}
      </ul>
    </div>
  );
}

export function UndoButton({change}: {change: Change}) {
  const place = useRef<HTMLButtonElement>(null);
  const {recent} = t();
  if (change.state === 'undone') return <span class="faint">{recent.wasUndone}</span>;
  if (change.state === 'refused' && change.refusal) return <Refusal problem={change.refusal} />;
  if (change.barred) return <span class="faint">{recent.barred}</span>;
  if (!change.entry || change.state === 'refused') return <span class="faint">{recent.no}</span>;
  const run = (): void => {
    void undo(change).then(() => document.querySelector<HTMLElement>('.sheet:popover-open h2, main h1')?.focus());
  };
  return (
    <button type="button" ref={place} aria-disabled={change.state === 'busy'} onClick={run}>
      <Icon name="undo" />
      {recent.undo}
      <span class="spoken">: {textOf(change)}</span>
    </button>
  );
}

export function ChangeList({list}: {list: Change[]}) {
  return (
    <ul class="changes">
      {list.map((change) => (
        <li key={change.number}>
          <div>
            {change.link ? <a href={change.link}>{textOf(change)}</a> : textOf(change)}
            <div class="faint">{ago(change.at.toISOString())}</div>
          </div>
          <UndoButton change={change} />
        </li>
      ))}
    </ul>
  );
}

export function RecentMenu() {
  const list = changes.value;
  return (
    <Menu id="recent" label={t().recent.title} icon="undo">
      <h2 tabIndex={-1}>{t().recent.title}</h2>
      {list.length ? <ChangeList list={list.slice(0, 8)} /> : <p class="faint">{t().recent.nothing}</p>}
      {list.length > 0 && <a href={href(['recent'])}>{t().recent.all}</a>}
    </Menu>
  );
}

export function Account({me}: {me: Me}) {
  const leave = (): void => {
    signOut();
    forget();
    // What was read is forgotten, and what is on the screen is asked for anew, without credentials.
    cache.reset();
    go([]);
  };
  return (
    <Menu id="account" label={me.kind === 'anonymous' ? t().frame.anyone : me.name} icon="roles">
      <h2 tabIndex={-1}>{me.kind === 'anonymous' ? t().frame.anyone : me.name}</h2>
      <p class="faint">{me.principal}</p>
      {me.roles.length > 0 && <p>{t().frame.roles(me.roles)}</p>}
      <p class="row">
        <a class="button" href={href(['settings'])}>
          {t().places.settings}
        </a>
        {credential.value ? (
          <button type="button" onClick={leave}>
            {t().session.out}
          </button>
        ) : (
          <a class="button" href={href(['sign-in'])}>
            {t().session.in}
          </a>
        )}
      </p>
    </Menu>
  );
}
