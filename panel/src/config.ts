// What the service tells before anyone has signed in.
import {useQuery} from './cache';
import {inTurn} from './turns';

export interface Provider {
  issuer: string;
  clientId: string;
  scope: string;
}

interface Config {
  title: string;
  signIn: {openidConnect?: Provider};
}

function useConfig(): Config | undefined {
  return useQuery({
    queryKey: ['config'],
    queryFn: ({signal}) => inTurn(async () => (await (await fetch('config.json', {signal})).json()) as Config),
    staleTime: Infinity,
  }).data;
}

export const useTitle = (): string => useConfig()?.title ?? '';

export const useProvider = (): Provider | undefined => useConfig()?.signIn.openidConnect;
