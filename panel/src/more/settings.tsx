import type {Density, Theme, Zone} from '../settings';
import {choose, Head, languages, settings, t} from '../shared';
import type {Language} from '../words';

function Choice<T extends string>(props: {
  legend: string;
  name: string;
  value: T;
  options: Record<T, string>;
  set: (value: T) => void;
}) {
  return (
    <fieldset>
      <legend>{props.legend}</legend>
      {(Object.entries(props.options) as [T, string][]).map(([value, title]) => (
        <label key={value} class="option">
          <input
            type="radio"
            name={props.name}
            checked={value === props.value}
            onChange={() => props.set(value)}
          />
          {title}
        </label>
      ))}
    </fieldset>
  );
}

export function SettingsScreen() {
  const words = t().settings;
  const {language, theme, density, zone, keys, cover, minutes} = settings.value;
  return (
    <>
      <Head title={words.title} sub={words.sub} />
      <form class="card narrow">
        <Choice<Language>
          legend={words.language}
          name="language"
          value={language}
          options={languages}
          set={(value) => choose({language: value})}
        />
        <Choice<Theme>
          legend={words.theme}
          name="theme"
          value={theme}
          options={words.themes}
          set={(value) => choose({theme: value})}
        />
        <Choice<Density>
          legend={words.density}
          name="density"
          value={density}
          options={words.densities}
          set={(value) => choose({density: value})}
        />
        <Choice<Zone>
          legend={words.zone}
          name="zone"
          value={zone}
          options={words.zones}
          set={(value) => choose({zone: value})}
        />
        <fieldset>
          <legend>{words.cover}</legend>
          <label class="option">
            <input type="checkbox" checked={cover} onChange={(event) => choose({cover: event.currentTarget.checked})} />
            {words.coverOn}
          </label>
          <label class="row">
            {words.minutes}{' '}
            <input
              type="number"
              min="1"
              max="600"
              value={minutes}
              onChange={(event) => choose({minutes: Math.max(1, Math.min(600, event.currentTarget.valueAsNumber || minutes))})}
            />
          </label>
        </fieldset>
        <fieldset>
          <legend>{words.keys}</legend>
          <label class="option">
            <input type="checkbox" checked={keys} onChange={(event) => choose({keys: event.currentTarget.checked})} />
            {words.keysOn}
          </label>
          <dl class="keys">
            {words.keyList.map(([key, meaning]) => (
              <div key={key}>
                <dt>
                  <kbd>{key}</kbd>
                </dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </fieldset>
      </form>
    </>
  );
}
