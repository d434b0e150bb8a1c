// Helps the words of one language: numbers, plurals and lists as it writes them.
export interface Writing {
  number: (value: number) => string;
  plural: (count: number, one: string, other: string) => string;
  list: (parts: string[]) => string;
}

export function writing(language: string): Writing {
  const numbers = new Intl.NumberFormat(language);
  const rules = new Intl.PluralRules(language);
  return {
    number: (value) => numbers.format(value),
    plural: (count, one, other) => `${numbers.format(count)} ${rules.select(count) === 'one' ? one : other}`,
    list: (parts) => new Intl.ListFormat(language, {type: 'conjunction'}).format(parts),
  };
}
