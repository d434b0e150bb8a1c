import {render} from 'preact';
import {useEffect, useReducer} from 'preact/hooks';
import {cache, Problem} from './api';
import {Frame} from './parts/frame';
import {ProblemNote} from './parts/problem';
import {Skeleton, useDrawn} from './parts/loaded';
import {screenOf} from './places';
import {askMe, useMe} from './queries';
import {route} from './route';
import {SignIn} from './screens/sign-in';
import {handOver} from './session';
import {spoken} from './settings';
import {effect} from './signal';
import {t} from './words';

export * from './shared';

function App() {
  const [, redraw] = useReducer((drawn: number) => drawn + 1, 0);
  useEffect(() => effect(() => redraw(undefined)), []);
  const me = useMe();
  useDrawn(Boolean(me.error));
  if (me.data) return <Frame me={me.data} />;
  if (me.error instanceof Problem && me.error.status === 401) return <SignIn problem={me.error} />;
  return (
    <main class="alone">
      {me.error ? <ProblemNote error={me.error} retry={() => void me.refetch()} /> : <Skeleton />}
    </main>
  );
}

function draw(root: HTMLElement): void {
  if (handOver()) return render(<main class="alone">{t().session.handed}</main>, root);
  render(<App />, root);
}

const root = document.getElementById('app');
if (root) {
  // Who asks is found out while the words are fetched. What has come already is drawn at once, with all there is.
  const first = Promise.all([cache.prefetch(askMe), screenOf(route.value.path).ahead?.()]);
  const moment = new Promise((done) => setTimeout(done, 20));
  spoken.then(() => Promise.race([first, moment])).then(
    () => draw(root),
    () => root.replaceChildren('This page could not be loaded whole. Please load it again.'),
  );
}
