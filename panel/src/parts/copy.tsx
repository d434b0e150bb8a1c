import {useState} from 'preact/hooks';
import {t} from '../words';
import {said} from '../recent';

// Where the page came without TLS there is no clipboard to write to, but what is selected can be copied.
function write(text: string): void {
  if (navigator.clipboard) {
    void navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand('copy');
  area.remove();
}

export function Copy({text, label}: {text: string; label: string}) {
  const [copied, setCopied] = useState(false);
  const copy = (event: Event): void => {
    write(text);
    (event.currentTarget as HTMLElement).focus();
    setCopied(true);
    said.value = t().copy.done;
  };
  return (
    <button type="button" class="quiet small" onClick={copy}>
      {copied ? t().copy.done : label}
    </button>
  );
}
