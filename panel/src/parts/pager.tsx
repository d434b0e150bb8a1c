import {useEffect, useRef} from 'preact/hooks';
import type {Page} from '../api';
import {choose, settings} from '../settings';
import {route, withQuery} from '../route';
import {t} from '../words';

const sizes = [50, 100, 200];

// Which page is shown is counted in the address beside the cursor, as the service counts no pages.
export function pageSize(): number {
  return settings.value.rows;
}

function number(): number {
  return Number(route.value.query.get('page') ?? '1') || 1;
}

function Turn(props: {cursor: string | null; to: number; label: string; relation: string}) {
  if (!props.cursor) return <span class="button off">{props.label}</span>;
  return (
    <a class="button" rel={props.relation} href={withQuery({cursor: props.cursor, page: String(props.to)})}>
      {props.label}
    </a>
  );
}

// Another page is read from its beginning.
function useFocusOnList(cursor: string | null): void {
  const before = useRef(cursor);
  useEffect(() => {
    if (before.current === cursor) return;
    before.current = cursor;
    const list = document.querySelector<HTMLElement>('main .scroll');
    list?.focus({preventScroll: true});
    list?.scrollIntoView();
  }, [cursor]);
}

interface Words {
  one: string;
  other: string;
}

export function Range<T>({page, one, other}: {page: Page<T>} & Words) {
  const first = (number() - 1) * pageSize() + 1;
  const last = first + page.rows.length - 1;
  return <span>{page.total === null ? t().pager.range(first, last) : t().pager.of(first, last, page.total, one, other)}</span>;
}

export function Pager<T>({page, one, other}: {page: Page<T>} & Words) {
  useFocusOnList(route.value.query.get('cursor'));
  const resize = (event: Event): void => {
    choose({rows: Number((event.currentTarget as HTMLSelectElement).value)});
    location.hash = withQuery({cursor: undefined, page: undefined});
  };
  if (!page.rows.length) return null;
  return (
    <nav class="pager" aria-label={t().pager.label}>
      <Turn cursor={page.prev} to={number() - 1} label={t().pager.back} relation="prev" />
      <Range page={page} one={one} other={other} />
      <Turn cursor={page.next} to={number() + 1} label={t().pager.on} relation="next" />
      <label class="sizes">
        {t().pager.size}{' '}
        <select value={String(pageSize())} onChange={resize}>
          {sizes.map((size) => (
            <option key={size} value={String(size)}>
              {size}
            </option>
          ))}
        </select>
      </label>
    </nav>
  );
}
