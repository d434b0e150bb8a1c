// Screens that are not needed at the start are in a file of their own.
import {type ComponentType} from 'preact';
import {useEffect, useState} from 'preact/hooks';
import {focusHead, Head} from './parts/head';
import {ProblemNote} from './parts/problem';
import {Skeleton} from './parts/loaded';
import {Problem} from './api';
import {inTurn} from './turns';
import {t} from './words';

type More = typeof import('./more');

let more: More | null = null;

export async function fetchMore(): Promise<More> {
  // The file stands beside the bundle and is not part of it.
  const file = './more.js';
  more = (await inTurn(() => import(file))) as More;
  return more;
}

export function lazy(name: keyof More['screens']): ComponentType {
  return function Later() {
    const [found, setFound] = useState(more);
    const [failed, setFailed] = useState(false);
    const fetch = (): void => {
      setFailed(false);
      fetchMore().then(setFound, () => setFailed(true));
    };
    useEffect(() => {
      if (!found) fetch();
    }, []);
    useEffect(() => {
      if (document.activeElement === document.body) focusHead();
    }, [found]);
    const Screen = found?.screens[name];
    if (Screen) return <Screen />;
    return (
      <>
        <Head title={t().loading} />
        {failed ? <ProblemNote error={new Problem(0, {code: 'unreachable'})} retry={fetch} /> : <Skeleton />}
      </>
    );
  };
}
