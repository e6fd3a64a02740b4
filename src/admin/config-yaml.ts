import { stringify } from 'yaml';
import { toFileForm } from '../config/file-form.ts';
import type { HttpReply } from '../sdk/http/http-server.ts';
import { formatTime } from './format.ts';
import { text } from './reply.ts';
import type { ConfigView } from './target.ts';
import { visible } from './visible.ts';

/** The effective config as a file that one could start a proxy with. A module of its own, so that the library is loaded when first asked for. */
export function configYaml({ config, file, loadedAt, lastError, pending }: ConfigView): HttpReply {
  const head = [`# ${visible(file)}, loaded ${formatTime(loadedAt)}`];
  if (lastError !== '') head.push(...lastError.split('\n').map((line) => `# last reload refused: ${visible(line)}`));
  if (pending.length > 0) head.push(`# changed in the file, in effect after a restart: ${pending.join(', ')}`);
  return text(200, `${head.join('\n')}\n${stringify(toFileForm(config))}`, {
    'content-type': 'text/yaml; charset=utf-8',
  });
}
