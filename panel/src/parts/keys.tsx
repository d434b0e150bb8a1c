// Single keys, for who works here all day; they can be switched off in the settings.
import {useEffect} from 'preact/hooks';
import {changes, undo} from '../recent';
import {go} from '../route';
import {settings} from '../settings';

function typing(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName));
}

// The next or previous row of the list: its link, so Enter opens it.
function step(by: number): void {
  const links = [...document.querySelectorAll<HTMLElement>('main tbody tr')]
    .map((row) => row.querySelector<HTMLElement>('a'))
    .filter((link) => link !== null);
  const row = document.activeElement?.closest('tr');
  const here = links.findIndex((link) => row?.contains(link));
  links[Math.max(0, Math.min(links.length - 1, here + by))]?.focus();
}

function pick(): void {
  document.activeElement?.closest('tr')?.querySelector<HTMLInputElement>('input[type=checkbox]')?.click();
}

function press(name: string): void {
  document.querySelector<HTMLElement>(`main [data-key="${name}"]`)?.click();
}

const single: Record<string, () => void> = {
  '/': () => document.getElementById('search')?.focus(),
  j: () => step(1),
  k: () => step(-1),
  x: pick,
  r: () => press('restore'),
  Delete: () => press('delete'),
  u: () => {
    const last = changes.value.find((change) => change.entry && change.state === 'done');
    if (last) void undo(last);
  },
  '?': () => go(['settings']),
};

const after: Record<string, string> = {t: 'trash', r: 'rows', h: 'history', o: 'operations'};

export function useKeys(): void {
  useEffect(() => {
    let prefix = false;
    const listen = (event: KeyboardEvent): void => {
      if (!settings.value.keys || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
      if (document.querySelector('dialog[open]')) return;
      const place = prefix ? after[event.key] : undefined;
      const run = place ? () => go([place]) : single[event.key];
      prefix = event.key === 'g';
      if (!run) return;
      event.preventDefault();
      run();
    };
    addEventListener('keydown', listen);
    return () => removeEventListener('keydown', listen);
  }, []);
}
