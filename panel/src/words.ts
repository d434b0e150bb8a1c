// The words of the language that is chosen. English is in the bundle, others are fetched when they are wanted.
import {effect, signal} from '@preact/signals';
import {en, type Words} from './words/en';

export const languages = {en: 'English', de: 'Deutsch'} as const;
export type Language = keyof typeof languages;

const current = signal<{language: Language; words: Words}>({language: 'en', words: en});

export function t(): Words {
  return current.value.words;
}

export function language(): Language {
  return current.value.language;
}

export async function speak(next: Language): Promise<void> {
  // The file stands beside the bundle and is not part of it.
  const file = './de.js';
  const words = next === 'en' ? en : ((await import(file)) as {de: Words}).de;
  current.value = {language: next, words};
}

effect(() => {
  document.documentElement.lang = current.value.language;
});
