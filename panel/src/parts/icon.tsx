// Small drawings beside words. None stands alone for a meaning, so they are hidden from screen readers.
const drawings = {
  overview: 'M3 10.5 12 3l9 7.5V20a1 1 0 0 1-1 1h-5v-6H9v6H4a1 1 0 0 1-1-1z',
  trash: 'M4 6h16M9 6V4h6v2M6 6l1 14h10l1-14M10 10v6M14 10v6',
  rows: 'M4 5h16v14H4zM4 10h16M4 14.5h16M10 10v9',
  history: 'M12 7v5l3 2M4 12a8 8 0 1 0 2.5-5.8M4 4v4h4',
  operations: 'M4 6h16M4 12h10M4 18h6',
  storage: 'M5 20v-8M12 20V4M19 20v-5',
  health: 'M3 12h4l2-6 4 12 2-6h6',
  hold: 'M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3',
  keys: 'M14 10a4 4 0 1 1-1.2-2.8A4 4 0 0 1 14 10zm0 0h7v3m-4-3v2',
  roles: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 21c.5-4 3.5-6 8-6s7.500 2 8 6',
  settings: 'M4 7h10M18 7h2M4 17h2M10 17h10M16 5v4M8 15v4',
  search: 'M10.500 17a6.500 6.500 0 1 0 0-13 6.500 6.500 0 0 0 0 13zM15.500 15.500 20 20',
  undo: 'M8 5 4 9l4 4M4 9h9a6 6 0 0 1 0 12h-3',
  restore: 'M12 20V8m0 0-5 5m5-5 5 5M5 4h14',
  warning: 'M12 4 2.500 20h19zM12 10v4M12 17v.5',
  good: 'm5 12.500 4.500 4.500L19 7.500',
  link: 'M10 14a4 4 0 0 0 6 .5l3-3a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6-.5l-3 3a4 4 0 0 0 6 6l1-1',
  menu: 'M4 7h16M4 12h16M4 17h16',
  close: 'M6 6l12 12M18 6 6 18',
  up: 'm7 14 5-5 5 5',
  down: 'm7 10 5 5 5-5',
} as const;

export type IconName = keyof typeof drawings;

export function Icon({name}: {name: IconName}) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d={drawings[name]} />
    </svg>
  );
}
