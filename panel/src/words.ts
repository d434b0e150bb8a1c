// The words of the language that is chosen. Each language is a file of its own, so nobody fetches two.
import {effect, signal} from './signal';
import {inTurn} from './turns';
import type {Words} from './words/en';

export const languages = {en: 'English', de: 'Deutsch'} as const;
export type Language = keyof typeof languages;

interface Spoken {
  language: Language;
  words: Words;
}

const current = signal<Spoken | null>(null);

// Nothing is drawn before there is a language (app.tsx).
export function t(): Words {
  return (current.value as Spoken).words;
}

export function language(): Language {
  return (current.value as Spoken).language;
}

export async function speak(next: Language): Promise<void> {
  // The file stands beside the bundle and is not part of it.
  const file = `./${next}.js`;
  const {words} = (await inTurn(() => import(file))) as {words: Words};
  current.value = {language: next, words};
}

effect(() => {
  if (current.value) document.documentElement.lang = current.value.language;
});
