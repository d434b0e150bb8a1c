// For administrators: what stands in the way of deletes and restores, API keys, roles.
import type {Schemas} from '../api';
import {
  changed,
  client,
  Copy,
  focusHead,
  Head,
  Icon,
  Loaded,
  Person,
  ProblemNote,
  read,
  record,
  t,
  Table,
  Text,
  Time,
  useAct,
  useQuery,
  useState,
  value,
} from '../shared';

type Key = Schemas['ApiKey'];

export function Health() {
  const query = useQuery({queryKey: ['doctor'], queryFn: ({signal}) => value(client.GET('/v1/@doctor', {signal}))});
  return (
    <>
      <Head title={t().health.title} sub={t().health.sub} />
      <Loaded query={query}>
        {(findings) =>
          findings.length ? (
            <ul class="stack">
              {findings.map(({severity, kind, subject, detail, fix}) => (
                <li class="card" key={`${kind} ${subject} ${detail}`}>
                  <h2>
                    <Icon name={severity === 'note' ? 'health' : 'warning'} /> {t().health.severities[severity]}: {subject || t().health.database}
                  </h2>
                  <p>{detail}</p>
                  {fix && (
                    <p class="row">
                      <code class="json">{fix}</code> <Copy text={fix} label={t().copy.copy} />
                    </p>
                  )}
                </li>
              ))}
            </ul>
          ) : (
            <p class="empty">{t().health.nothing}</p>
          )
        }
      </Loaded>
    </>
  );
}

function NewKey({made}: {made: string}) {
  return (
    <div class="note" role="status">
      <div>
        <p>{t().keys.once}</p>
        <p class="row">
          <code class="json">{made}</code> <Copy text={made} label={t().copy.copy} />
        </p>
      </div>
    </div>
  );
}

function MakeKey() {
  const [made, setMade] = useState('');
  const [text, setText] = useState({name: '', roles: '', expiresAt: ''});
  const act = useAct(async () => {
    const roles = text.roles.split(/[\s,]+/).filter(Boolean);
    const body = {name: text.name, roles, ...(text.expiresAt && {expiresAt: text.expiresAt})};
    const {data} = await read(client.POST('/v1/@keys', {body}));
    setMade(data.key);
    setText({name: '', roles: '', expiresAt: ''});
    changed();
    focusHead();
  }, false);
  const field = (name: keyof typeof text, required: boolean) => (
    <label class="field">
      <span>{t().keys[name]}</span>
      <input required={required} value={text[name]} onInput={(event) => setText({...text, [name]: event.currentTarget.value})} />
    </label>
  );
  return (
    <form
      class="card narrow"
      onSubmit={(event) => {
        event.preventDefault();
        void act.run();
      }}
    >
      <h2>{t().keys.make}</h2>
      {field('name', true)}
      {field('roles', true)}
      {field('expiresAt', false)}
      <button type="submit" class="main" aria-disabled={act.busy}>
        {t().keys.make}
      </button>
      {act.problem && <ProblemNote error={act.problem} />}
      {made && <NewKey made={made} />}
    </form>
  );
}

// Asked again in the same place, as a revoked key never works again.
function Revoke({apiKey}: {apiKey: Key}) {
  const [asked, setAsked] = useState(false);
  const act = useAct(async () => {
    await read(client.DELETE('/v1/@keys/{keyId}', {params: {path: {keyId: apiKey.id}}}));
    record(t().keys.revoked(apiKey.name), ['key-revoked', 0], null, null);
  }, false);
  if (apiKey.state !== 'valid') return <span class="faint">{t().keys.states[apiKey.state]}</span>;
  return (
    <span class="row">
      {asked ? (
        <>
          <button type="button" onClick={() => setAsked(false)}>
            {t().cancel}
          </button>
          <button type="button" class="danger" onClick={() => void act.run()}>
            {t().keys.revokeNow(apiKey.name)}
          </button>
        </>
      ) : (
        <button type="button" onClick={() => setAsked(true)}>
          {t().keys.revoke}
        </button>
      )}
    </span>
  );
}

export function Keys() {
  const query = useQuery({queryKey: ['keys'], queryFn: ({signal}) => value(client.GET('/v1/@keys', {signal}))});
  const words = t().keys;
  return (
    <>
      <Head title={words.title} />
      <MakeKey />
      <Loaded query={query}>
        {(keys) =>
          keys.length ? (
            <Table
              label={words.title}
              rows={keys}
              id={({id}) => id}
              columns={[
                {key: 'name', title: words.name, kind: 'wide', cell: ({name}) => <Text text={name} />},
                {key: 'roles', title: t().places.roles, cell: ({roles}) => roles.join(', ')},
                {key: 'tenant', title: words.tenant, cell: ({tenant}) => tenant ?? ''},
                {key: 'made', title: words.made, cell: ({createdAt, createdBy}) => <><Time at={createdAt} />{createdBy && <div class="faint"><Person id={createdBy} /></div>}</>},
                {key: 'used', title: words.used, cell: ({usedOn}) => usedOn ?? ''},
                {key: 'expires', title: t().group.expires, cell: ({expiresAt}) => (expiresAt ? <Time at={expiresAt} /> : '')},
                {key: 'revoke', title: words.state, cell: (one) => <Revoke apiKey={one} />},
              ]}
            />
          ) : (
            <p class="empty">{words.nothing}</p>
          )
        }
      </Loaded>
    </>
  );
}

export function Roles() {
  const query = useQuery({queryKey: ['roles'], queryFn: ({signal}) => value(client.GET('/v1/@roles', {signal}))});
  return (
    <>
      <Head title={t().roles.title} sub={t().roles.sub} />
      <Loaded query={query}>
        {(roles) =>
          roles.length ? (
            <ul class="stack">
              {roles.map(({name, rights, owner}) => (
                <li class="card" key={name}>
                  <h2>{name}</h2>
                  <ul>
                    {Object.entries(rights).map(([right, resources]) => (
                      <li key={right}>
                        <strong>{t().rights[right as keyof ReturnType<typeof t>['rights']] ?? right}</strong>: {resources.join(', ')}
                      </li>
                    ))}
                  </ul>
                  {owner && <p class="faint">{t().roles.owner(owner)}</p>}
                </li>
              ))}
            </ul>
          ) : (
            <p class="empty">{t().roles.nothing}</p>
          )
        }
      </Loaded>
    </>
  );
}
