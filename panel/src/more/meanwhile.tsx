// What others did between the preview and the click.
import {Icon, t, useEffect, useEnds, useState} from '../shared';

export interface Sum {
  groups: number;
  items: number;
}

interface Seen {
  now: Sum;
  before: Sum | null;
  of: unknown;
}

// What was shown before what is shown now, where that is another number. of: what is asked for; numbers of something
// else are not compared.
export function useBefore(now: Sum | undefined, of: unknown): Sum | null {
  const [seen, setSeen] = useState<Seen | null>(null);
  useEffect(() => {
    if (!now) return;
    const same = seen && seen.of === of ? seen.now : null;
    if (same && same.groups === now.groups && same.items === now.items) return;
    setSeen({now, before: same, of});
  }, [now?.groups, now?.items, of]);
  return seen && seen.of === of ? seen.before : null;
}

// gone: those of the deletions that are not in the trash any more, as far as they are known.
export function Meanwhile({before, now, gone}: {before: Sum | null; now: Sum; gone: string[]}) {
  const ends = useEnds(new Set(gone));
  if (!before && !gone.length) return null;
  const count = (action: string): number => gone.filter((id) => ends.get(id)?.action === action).length;
  return (
    <p class="note" role="alert">
      <Icon name="warning" />
      <span>{t().many.meanwhile(count('restored'), count('purged'), before, now)}</span>
    </p>
  );
}
