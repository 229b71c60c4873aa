import { alertmanagerConfig, type Destinations, type Patience } from '../emit/alertmanager.ts';
import { yaml } from './text.ts';

/** A configuration of Alertmanager that notifies these destinations. */
export function alertmanagerFile(destinations: Destinations, patience?: Patience): string {
  return yaml(alertmanagerConfig(destinations, patience), [
    'Who is told of which alert. The one in the repository tells nobody: destinations are set when it is put to use.',
  ]);
}
