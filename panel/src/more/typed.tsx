// What cannot be taken back asks for the number of rows, typed: Enter alone does nothing.
import {Icon, t, useState} from '../shared';

export function digits(text: string): number | null {
  const plain = text.replace(/[\s.,'’  ]/g, '');
  return /^\d+$/.test(plain) ? Number(plain) : null;
}

export function TypedNumber(props: {count: number; label: string; busy: boolean; cancel: string; run: () => void}) {
  const [text, setText] = useState('');
  const fits = digits(text) === props.count;
  const submit = (event: Event): void => {
    event.preventDefault();
    if (fits && !props.busy) props.run();
  };
  return (
    <form class="stack" onSubmit={submit}>
      <label class="field narrow">
        <span>{t().typed.label(props.count)}</span>
        <input inputMode="numeric" autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <p class="row">
        <a class="button" href={props.cancel}>
          {t().cancel}
        </a>
        <button type="submit" class={fits ? 'danger' : undefined} aria-disabled={!fits || props.busy}>
          <Icon name="warning" />
          {props.label}
        </button>
      </p>
    </form>
  );
}
