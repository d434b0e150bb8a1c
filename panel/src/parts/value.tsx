// Values of rows, as text and nothing else. Characters that cannot be seen or that turn text around are named.
import {useState} from 'preact/hooks';
import type {TrashItem} from '../api';
import {t} from '../words';

const hidden = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/;
const fold = 300;

function nameOf(character: string): string {
  return `U+${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')}`;
}

// The same as plain text, for where nothing else can stand.
export function plain(text: string): string {
  return text.replace(new RegExp(hidden.source, 'g'), nameOf);
}

export function Text({text}: {text: string}) {
  if (!hidden.test(text)) return <bdi>{text}</bdi>;
  const parts = text.split(new RegExp(`(${hidden.source})`));
  return <bdi>{parts.map((part) => (hidden.test(part) ? <span class="hidden-character">{nameOf(part)}</span> : part))}</bdi>;
}

function Long({text, pre}: {text: string; pre: boolean}) {
  const [open, setOpen] = useState(false);
  const shown = open ? text : `${text.slice(0, fold)}…`;
  return (
    <>
      <span class={pre ? 'json' : undefined}>
        <Text text={shown} />
      </span>{' '}
      <button type="button" class="quiet small" onClick={() => setOpen(!open)}>
        {open ? t().value.less : t().value.more(text.length)}
      </button>
    </>
  );
}

const moment = /^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-][\d:]+)?$/;
const bytes = /^\\x(?:[0-9a-f]{2})*$/;

// A row that has no name is called by its class and the end of its id.
export function titleOf({displayName, deletedObjectClass, deletedObjectId: id}: TrashItem): string {
  if (displayName !== `${deletedObjectClass} ${id}` && displayName !== id) return displayName;
  return `${deletedObjectClass} ${id.length > 12 ? `…${id.slice(-8)}` : id}`;
}

export function Value({value, type = ''}: {value: unknown; type?: string}) {
  if (value === null || value === undefined) return <span class="null">{t().value.none}</span>;
  if (typeof value === 'boolean') return <span class="word">{value ? t().value.yes : t().value.no}</span>;
  const pre = typeof value === 'object';
  const text = pre ? JSON.stringify(value, null, 2) : String(value);
  if (type === 'bytea' && bytes.test(text)) return <span class="null">{t().value.bytes((text.length - 2) / 2)}</span>;
  if (text === '') return <span class="null">{t().value.empty}</span>;
  if (text.length > fold) return <Long text={text} pre={pre} />;
  return (
    <span class={pre ? 'json' : moment.test(text) ? 'moment' : undefined}>
      <Text text={text} />
    </span>
  );
}

// The same in one line, for lists.
export function brief(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
