// After a while without use what is shown is covered, as whoever passes by may look at it. Nothing of it is lost.
import {useEffect, useRef} from 'preact/hooks';
import {useTitle} from '../config';
import {settings} from '../settings';
import {signal} from '../signal';
import {t} from '../words';
import {Icon} from './icon';

const covered = signal(false);
const uses = ['pointerdown', 'pointermove', 'wheel', 'focusin', 'keydown'];
const pause = 5_000;

function useWatch(): void {
  useEffect(() => {
    let last = Date.now();
    const look = (): void => {
      const {cover, minutes} = settings.value;
      if (cover && Date.now() - last >= minutes * 60_000) covered.value = true;
    };
    const use = (event: Event): void => {
      // A machine that has slept may be used before the timer has run.
      look();
      last = Date.now();
      if (!covered.value || event.type !== 'keydown') return;
      event.preventDefault();
      event.stopImmediatePropagation();
      covered.value = false;
    };
    const timer = setInterval(look, pause);
    uses.forEach((name) => addEventListener(name, use, {capture: true}));
    return () => {
      clearInterval(timer);
      uses.forEach((name) => removeEventListener(name, use, {capture: true}));
    };
  }, []);
}

function Curtain() {
  const title = useTitle();
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    const before = {title: document.title, focus: document.activeElement as HTMLElement | null};
    document.documentElement.dataset.covered = '';
    document.title = title;
    button.current?.focus();
    return () => {
      delete document.documentElement.dataset.covered;
      document.title = before.title;
      before.focus?.focus({preventScroll: true});
    };
  }, []);
  return (
    <div class="cover" role="dialog" aria-label={t().cover.title}>
      <Icon name="trash" />
      <p>{t().cover.why}</p>
      <button type="button" class="main" ref={button} onClick={() => (covered.value = false)}>
        {t().cover.show}
      </button>
    </div>
  );
}

export function Cover() {
  useWatch();
  return covered.value ? <Curtain /> : null;
}
