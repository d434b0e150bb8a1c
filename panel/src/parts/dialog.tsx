// The browser's own dialog, which keeps the focus inside and gives it back to where it was.
import {useEffect, useRef} from 'preact/hooks';
import type {ComponentChildren} from 'preact';

export function Dialog(props: {title: string; close: (() => void) | null; children: ComponentChildren}) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    dialog.current?.showModal();
    return () => (before?.isConnected ? before : document.querySelector<HTMLElement>('main h1'))?.focus();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-label={props.title}
      onCancel={(event) => {
        event.preventDefault();
        props.close?.();
      }}
    >
      <h2>{props.title}</h2>
      {props.children}
    </dialog>
  );
}
