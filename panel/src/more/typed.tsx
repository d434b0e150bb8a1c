// What cannot be taken back asks for the number of rows, typed: Enter alone does nothing.
import {Icon, t, useState} from '../shared';

export function Reason({reason, needed = false, label, set}: {reason: string; needed?: boolean; label?: string | false; set: (reason: string) => void}) {
  return (
    <label class="field narrow">
      <span>{label || (needed ? t().remove.reasonNeeded : t().typed.reason)}</span>
      <input autocomplete="off" maxLength={500} required={needed} value={reason} onInput={(event) => set(event.currentTarget.value)} />
    </label>
  );
}

export function digits(text: string): number | null {
  const plain = text.replace(/[\s.,'’  ]/g, '');
  return /^\d+$/.test(plain) ? Number(plain) : null;
}

interface Typed {
  count: number;
  label: string;
  busy: boolean;
  cancel: string;
  // Whether a reason is asked for, which may be empty where it is not needed.
  reason?: boolean | 'needed';
  run: (reason?: string) => void;
}

export function TypedNumber({count, label, busy, cancel, reason: asks, run}: Typed) {
  const [text, setText] = useState('');
  const [reason, setReason] = useState('');
  const fits = count > 0 && digits(text) === count && (asks !== 'needed' || reason.trim() !== '');
  const submit = (event: Event): void => {
    event.preventDefault();
    if (fits && !busy) run(reason.trim() || undefined);
  };
  return (
    <form class="stack" onSubmit={submit}>
      {asks && <Reason reason={reason} needed={asks === 'needed'} label={asks === 'needed' && t().erase.reason} set={setReason} />}
      <label class="field narrow">
        <span>{t().typed.label(count)}</span>
        <input inputMode="numeric" autocomplete="off" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <p class="row">
        <a class="button" href={cancel}>
          {t().cancel}
        </a>
        <button type="submit" class={fits ? 'danger' : undefined} aria-disabled={!fits || busy}>
          <Icon name="warning" />
          {label}
        </button>
      </p>
    </form>
  );
}
