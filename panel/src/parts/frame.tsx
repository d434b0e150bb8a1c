// What stands around every screen: who I am, where I can go, what was done and how it is undone.
import {useEffect, useRef, useState} from 'preact/hooks';
import type {ComponentType} from 'preact';
import {isOpen, may, type Me, seesOwn, useOperations, useResources} from '../queries';
import {expired} from '../session';
import {address, go, href, parameters, route, settled} from '../route';
import {adopt, alarm, recordDone, said} from '../recent';
import {t} from '../words';
import {places, type Place, screenOf} from '../places';
import {SignInAgain} from '../screens/sign-in';
import {Account, RecentMenu} from './menus';
import {Copy} from './copy';
import {Cover} from './cover';
import {focusHead, Head, running} from './head';
import {Icon} from './icon';
import {useKeys} from './keys';
import {Skeleton, useDrawn} from './loaded';
import {useTitle} from '../config';

function Search() {
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    const data = new FormData(event.currentTarget as HTMLFormElement);
    go(['trash'], {q: String(data.get('q') ?? '')});
  };
  return (
    <search class="find">
      <form onSubmit={submit}>
        <Icon name="search" />
        <input name="q" type="search" id="search" aria-label={t().frame.search} placeholder={t().frame.search} />
      </form>
    </search>
  );
}

function Running() {
  const operations = useOperations();
  const count = operations.data?.rows.filter((one) => one.endedAt === null).length ?? 0;
  useEffect(() => recordDone(operations.data?.rows ?? []), [operations.data]);
  useEffect(() => {
    running.value = count;
  }, [count]);
  if (!count) return null;
  return (
    <a class="button quiet" href={href(['operations'])}>
      <Icon name="operations" />
      {t().frame.running(count)}
    </a>
  );
}

function Links({me}: {me: Me}) {
  const here = route.value.path[0] === 'admin' ? route.value.path.slice(0, 2).join('/') : (route.value.path[0] ?? '');
  const link = (place: Place) => {
    const address = place.path.join('/');
    return (
      <li key={address}>
        <a href={href(place.path, address === 'trash' && seesOwn(me) ? {by: me.principal} : {})} aria-current={here === address ? 'page' : undefined}>
          <Icon name={place.icon} />
          <span>{t().places[place.name]}</span>
        </a>
      </li>
    );
  };
  return <ul>{places.filter((place) => !place.right || may(me, place.right)).map(link)}</ul>;
}

function Navigation({me}: {me: Me}) {
  const menu = useRef<HTMLDetailsElement>(null);
  const [open, setOpen] = useState(false);
  const here = address();
  useEffect(() => {
    if (menu.current) menu.current.open = false;
  }, [here]);
  return (
    <>
      <nav class="side" aria-label={t().frame.navigation}>
        <Links me={me} />
      </nav>
      <details class="menu" ref={menu} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <Icon name="menu" />
          <span class="spoken">{t().frame.navigation}</span>
        </summary>
        <nav aria-label={t().frame.navigation}>
          {open && <Links me={me} />}
        </nav>
      </details>
    </>
  );
}

function Barred({right, screen: Screen, me}: {right: Place['right']; screen: ComponentType; me: Me}) {
  const barred = right && !may(me, right);
  useDrawn(Boolean(barred));
  if (!right || !barred) return <Screen key={address()} />;
  return (
    <>
      <Head title={t().barred.title} />
      <p>{t().barred.missing(t().rights[right])}</p>
      <Copy text={location.href} label={t().copy.address} />
    </>
  );
}

// Where what had the focus goes away, as a button does that has done its work, the focus goes to the head.
function useFocusKept(): void {
  useEffect(() => {
    let last: Element | null = null;
    const remember = (event: FocusEvent): void => {
      last = event.target as Element;
    };
    const observer = new MutationObserver(() => {
      if (!last || last.isConnected || document.activeElement !== document.body) return;
      last = null;
      focusHead();
    });
    addEventListener('focusin', remember);
    observer.observe(document.body, {childList: true, subtree: true});
    return () => {
      removeEventListener('focusin', remember);
      observer.disconnect();
    };
  }, []);
}

// A change of the address moves the focus to the head of the new screen, a change of filters does not.
function useFocusOnHead(): void {
  const here = address();
  const first = useRef(true);
  useEffect(() => {
    if (!first.current || document.activeElement === document.body) focusHead();
    if (!first.current) scrollTo(0, 0);
    first.current = false;
  }, [here]);
}

// An address that was typed is written as links write it, in the same place of the browser's history.
function useSettled(): boolean {
  const {data} = useResources();
  const {path} = route.value;
  const right = settled(path, data?.map(({resource}) => resource));
  const typed = right !== null && right !== path;
  useEffect(() => {
    if (typed && right) location.replace(href(right, parameters()));
  });
  return right !== null && !typed;
}

// What was said goes with the page on which it was said, unless that was left by saying it.
function useSaidHere(): void {
  const address = route.value.path.join('/');
  const at = useRef(0);
  useEffect(() => {
    at.current = Date.now();
  }, [said.value]);
  useEffect(() => {
    if (Date.now() - at.current > 1000) said.value = '';
  }, [address]);
}

export function Frame({me}: {me: Me}) {
  useSaidHere();
  useFocusKept();
  useFocusOnHead();
  useKeys();
  const ready = useSettled();
  useEffect(() => adopt(me.principal), [me.principal]);
  const {screen, right} = screenOf(route.value.path);
  const skip = (event: Event): void => {
    event.preventDefault();
    focusHead();
  };
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>
        {t().frame.skip}
      </a>
      <header class="top">
        <a class="brand" href={href([])}>
          <Icon name="trash" />
          <span>{useTitle()}</span>
        </a>
        {me.tenant && <span class="badge">{me.tenant}</span>}
        <Search />
        <div class="tools">
          <Running />
          <RecentMenu />
          <Account me={me} />
        </div>
      </header>
      {isOpen(me) && <p class="strip">{t().frame.open}</p>}
      <div class={alarm.value === said.value ? 'said bad' : 'said'}>
        <p role="status">{said.value}</p>
        {said.value && (
          <button type="button" class="quiet small" aria-label={t().close} onClick={() => (said.value = '')}>
            <Icon name="close" />
          </button>
        )}
      </div>
      <div class="body">
        <Navigation me={me} />
        <main id="main">
          {ready ? <Barred right={right} screen={screen} me={me} /> : <Skeleton />}
        </main>
      </div>
      {expired.value && <SignInAgain />}
      <Cover />
    </>
  );
}
