// Who did something: by the name that is known, with the id that stays the same.
import {plain, Text} from './value';

interface Who {
  id: string;
  name?: string | undefined;
}

export function Person({id, name}: Who) {
  if (!name) return <Text text={id} />;
  return (
    <span title={id}>
      <Text text={name} />
    </span>
  );
}

// The id on a line of its own, where there is room for it.
export function PersonLines({id, name}: Who) {
  if (!name) return <Text text={id} />;
  return (
    <>
      <Text text={name} />
      <div class="faint">
        <Text text={id} />
      </div>
    </>
  );
}

// Both as plain text.
export function personText({id, name}: Who): string {
  return plain(name ? `${name} (${id})` : id);
}
