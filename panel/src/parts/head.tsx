// The one h1 of a screen, with what can be done beside it. Every screen begins with it, so the focus stays on it.
import {useEffect} from 'preact/hooks';
import type {ComponentChildren} from 'preact';
import {signal} from '../signal';

// How many operations run, for the title.
export const running = signal(0);

export function Head(props: {title: string; sub?: ComponentChildren; children?: ComponentChildren}) {
  useEffect(() => {
    document.title = (running.value ? `(${running.value}) ` : '') + props.title;
  }, [props.title, running.value]);
  return (
    <header class="head">
      <div>
        <h1 tabIndex={-1}>
          <bdi>{props.title}</bdi>
        </h1>
        {props.sub && <div class="sub">{props.sub}</div>}
      </div>
      {props.children && <div class="row">{props.children}</div>}
    </header>
  );
}

export function focusHead(): void {
  document.querySelector<HTMLElement>('main h1')?.focus();
}
