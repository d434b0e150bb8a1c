// A small form that asks for a reason and changes one thing.
import type {ComponentChildren} from 'preact';
import {Countdown, midnight, ProblemNote, record, settings, t, useAct, useState} from '../shared';
import {Reason} from './typed';

interface Decided {
  label: string;
  cancel: string;
  needed: boolean; // the reason
  off?: boolean;
  children?: ComponentChildren;
  work: (key: string, reason?: string) => Promise<void>;
}

export function Decision({label, cancel, needed, off = false, children, work}: Decided) {
  const [reason, setReason] = useState('');
  const act = useAct(work);
  const submit = (event: Event): void => {
    event.preventDefault();
    if (!off && !act.busy) void act.run(reason.trim() || undefined);
  };
  return (
    <form class="card narrow" onSubmit={submit}>
      {children}
      <Reason reason={reason} needed={needed} set={setReason} />
      {act.problem && <ProblemNote error={act.problem} />}
      {act.waits && <Countdown error={act.waits} />}
      <p class="row">
        <a class="button" href={cancel}>
          {t().cancel}
        </a>
        <button type="submit" class="main" aria-disabled={off || act.busy}>
          {label}
        </button>
      </p>
    </form>
  );
}

// A day as fields have it, in the zone in which times are told.
const dayOf = (at: Date): string => at.toLocaleDateString('sv', settings.value.zone === 'utc' ? {timeZone: 'UTC'} : {});

// From today on. at: where it begins.
export function useDay(label: string, at: string | null = null) {
  const [day, setDay] = useState(at ? dayOf(new Date(at)) : '');
  const end = midnight(day, 1);
  return {
    // Its last second, which is told as that day; null where none is given.
    end: end ? new Date(Date.parse(end) - 1000).toISOString() : null,
    field: (
      <label class="field">
        <span>{label}</span>
        <input type="date" min={dayOf(new Date())} max="9999-12-30" value={day} onInput={(event) => setDay(event.currentTarget.value)} />
      </label>
    ),
  };
}

export function tell(what: 'expiry-set' | 'held' | 'released', name: string): void {
  record(`${t().timeline.actions[what]}: ${name}`, [what, 0], null, null);
}
