// What is chosen for this browser: nothing of it is secret.
import {effect, signal} from './signal';
import {type Language, languages, speak} from './words';

export type Theme = 'system' | 'light' | 'dark';

export type Density = 'comfortable' | 'compact';
export type Zone = 'browser' | 'utc';

export interface Settings {
  language: Language;
  theme: Theme;
  density: Density;
  zone: Zone; // in which times are told, and days begin
  keys: boolean;
  rows: number;
  // Whether what is shown is covered without use, after how many minutes.
  cover: boolean;
  minutes: number;
  // By list, where others are chosen than those it starts with.
  columns: Record<string, string[]>;
}

const place = 'trashd.settings';

function start(): Settings {
  const tongue = navigator.language.slice(0, 2);
  const settings: Settings = {
    language: tongue in languages ? (tongue as Language) : 'en',
    theme: 'system',
    density: 'comfortable',
    zone: 'browser',
    keys: true,
    rows: 50,
    cover: true,
    minutes: 15,
    columns: {},
  };
  try {
    return {...settings, ...JSON.parse(localStorage.getItem(place) ?? '{}')};
  } catch {
    return settings;
  }
}

export const settings = signal(start());

export const inUtc = (): boolean => settings.value.zone === 'utc';

export function choose(changes: Partial<Settings>): void {
  settings.value = {...settings.value, ...changes};
  localStorage.setItem(place, JSON.stringify(settings.value));
}

effect(() => {
  const {theme, density} = settings.value;
  Object.assign(document.documentElement.dataset, {theme, density});
});

// The first words, without which nothing can be drawn.
export const spoken = speak(settings.value.language);

let language = settings.value.language;
effect(() => {
  if (settings.value.language !== language) void speak(settings.value.language);
  language = settings.value.language;
});
