// What the service tells before anyone has signed in.
import {useQuery} from '@tanstack/preact-query';

interface Config {
  title: string;
}

export function useTitle(): string {
  const {data} = useQuery({
    queryKey: ['config'],
    queryFn: async ({signal}) => (await (await fetch('config.json', {signal})).json()) as Config,
    staleTime: Infinity,
  });
  return data?.title ?? '';
}
