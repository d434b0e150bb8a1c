import {useEffect, useRef, useState} from 'preact/hooks';
import {cache, client, Problem, value} from '../api';
import {Dialog} from '../parts/dialog';
import {Head} from '../parts/head';
import {Icon} from '../parts/icon';
import {useProvider, useTitle, type Provider} from '../config';
import {fetchMore} from '../lazy';
import {go} from '../route';
import {credential, credentialOf, expired, signIn, signOut} from '../session';
import {t} from '../words';

// The key is tried before it is taken, so a wrong one leaves the form as it is.
async function attempt(text: string, keep: boolean): Promise<string | null> {
  const next = credentialOf(text);
  const name = next.kind === 'key' ? 'X-API-Key' : 'Authorization';
  const headers = {[name]: next.kind === 'key' ? next.value : `Bearer ${next.value}`};
  try {
    await value(client.GET('/v1/@me', {headers}));
  } catch (problem) {
    return problem instanceof Problem && problem.code !== 'unreachable' ? problem.message : t().problem.unreachable;
  }
  signIn(next, keep);
  return null;
}

// The provider's page opens in a window of its own, so this one stays as it is.
function AtProvider({provider, done}: {provider: Provider; done: () => void}) {
  const [said, setSaid] = useState('');
  useEffect(() => void fetchMore().catch(() => {}), []);
  const words = t().session;
  const start = async (): Promise<void> => {
    setSaid(words.waiting);
    const {signInAt} = await fetchMore();
    const fault = await signInAt(provider, (token) => attempt(token, false));
    if (fault === null) done();
    else setSaid(fault);
  };
  return (
    <div class="stack">
      <button type="button" class="main" onClick={() => void start()}>
        {words.at(new URL(provider.issuer).host)}
      </button>
      <p role="status">{said}</p>
    </div>
  );
}

function Form({done}: {done: () => void}) {
  const provider = useProvider();
  if (!provider) return <KeyForm done={done} />;
  return (
    <>
      <AtProvider provider={provider} done={done} />
      <details>
        <summary>{t().session.other}</summary>
        <KeyForm done={done} />
      </details>
    </>
  );
}

function KeyForm({done}: {done: () => void}) {
  const [fault, setFault] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const words = t().session;
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const form = event.currentTarget as HTMLFormElement;
    const data = new FormData(form);
    setBusy(true);
    const refused = await attempt(String(data.get('key') ?? ''), data.get('keep') === 'on');
    setBusy(false);
    setFault(refused);
    if (refused) form.querySelector('input')?.focus();
    else done();
  };
  return (
    <form onSubmit={submit} class="stack">
      <label class="field">
        <span>{words.key}</span>
        <input
          name="key"
          type="password"
          autocomplete="current-password"
          required
          aria-invalid={fault !== null}
          aria-describedby="key-help key-fault"
          ref={input}
        />
      </label>
      <p id="key-fault" class="bad-text" role="alert">
        {fault && (
          <>
            <Icon name="warning" /> {fault}
          </>
        )}
      </p>
      <label class="option">
        <input type="checkbox" name="keep" />
        {words.keep}
      </label>
      <p id="key-help" class="faint">
        {words.help}
      </p>
      <button type="submit" class="main" aria-disabled={busy}>
        {words.in}
      </button>
    </form>
  );
}

export function SignIn({problem}: {problem: Problem}) {
  const wasRefused = credential.value !== null;
  return (
    <main class="alone">
      <div class="card">
        <p class="brand">
          <Icon name="trash" />
          <span>{useTitle()}</span>
        </p>
        <Head title={t().session.title} />
        {wasRefused && <p class="note bad">{problem.message}</p>}
        <Form done={() => cache.reset()} />
      </div>
    </main>
  );
}

export function SignInScreen() {
  return (
    <>
      <Head title={t().session.title} />
      <div class="card narrow">
        <Form
          done={() => {
            cache.reset();
            go([]);
          }}
        />
      </div>
    </>
  );
}

// Over the page, so what was typed there is still there afterwards.
export function SignInAgain() {
  const leave = (): void => {
    signOut();
    cache.reset();
  };
  return (
    <Dialog title={t().session.again} close={null}>
      <p>{t().session.ended}</p>
      <Form
        done={() => {
          expired.value = false;
          void cache.invalidate();
        }}
      />
      <p>
        <button type="button" class="quiet" onClick={leave}>
          {t().session.out}
        </button>
      </p>
    </Dialog>
  );
}
