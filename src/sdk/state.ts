import { WeftError } from '../core/errors.ts';
import { keyText } from '../registry/registry.ts';
import type { ServiceKey } from '../registry/registry.ts';
import type { ApplicationInfo, Publication, RegistrationState, Subscription } from './model.ts';
import { BOLT, normalizeService } from './protocol.ts';
import type { Selector } from './requests.ts';

export type Command =
  | { readonly kind: 'application'; readonly application: ApplicationInfo }
  | { readonly kind: 'publish'; readonly publication: Publication }
  | { readonly kind: 'unpublish'; readonly selector: Selector }
  | { readonly kind: 'subscribe'; readonly subscription: Subscription }
  | { readonly kind: 'unsubscribe'; readonly selector: Selector };

/** More services than one process offers or calls; a client in a loop must not eat the sidecar. */
const MAX_REGISTRATIONS = 2048;

/**
 * The state after a command; the same object when nothing changes. Throws a WeftError when the command cannot be carried out now;
 * taking back what is not there is no error, for it leaves what was asked for.
 */
export function applyCommand(state: RegistrationState, command: Command): RegistrationState {
  if (command.kind === 'application') {
    // A new process of the application: whatever the earlier one registered is void.
    return { application: command.application, publications: new Map(), subscriptions: new Map() };
  }
  if (state.application === undefined) {
    throw new WeftError('no_application', 'no application is known yet: POST /configs/application first', {
      side: 'downstream',
    });
  }
  switch (command.kind) {
    case 'publish':
      return { ...state, publications: added(state.publications, command.publication, 'published') };
    case 'subscribe':
      return { ...state, subscriptions: added(state.subscriptions, command.subscription, 'subscribed to') };
    case 'unpublish': {
      const publications = removed(state.publications, command.selector);
      return publications === state.publications ? state : { ...state, publications };
    }
    case 'unsubscribe': {
      const subscriptions = removed(state.subscriptions, command.selector);
      return subscriptions === state.subscriptions ? state : { ...state, subscriptions };
    }
  }
}

function added<T extends ServiceKey>(all: ReadonlyMap<string, T>, entry: T, what: string): ReadonlyMap<string, T> {
  const { service, protocol, group } = entry;
  const other = [...all.values()].find((one) => one.service === service && one.protocol === protocol);
  if (other !== undefined && other.group !== group) {
    throw new WeftError(
      'second_group',
      `${service} is ${what} in ${groupText(other.group)} already, and calls carry no group: ` +
        `take that back first, or use another sidecar for ${groupText(group)}`,
      { side: 'downstream' },
    );
  }
  const next = new Map(all).set(keyText(entry), entry);
  if (next.size > MAX_REGISTRATIONS) {
    const message = `${all.size} services are ${what} already, which is the most: take some back first`;
    throw new WeftError('too_many', message, { side: 'downstream' });
  }
  return next;
}

function groupText(group: string): string {
  return group === '' ? 'no group' : `group ${group}`;
}

function removed<T extends ServiceKey>(all: ReadonlyMap<string, T>, selector: Selector): ReadonlyMap<string, T> {
  const entry = select(all, selector);
  if (entry === undefined) return all;
  const next = new Map(all);
  next.delete(keyText(entry));
  return next;
}

/**
 * The entry that a selector means. Java's SDK names neither protocol nor group when it takes back,
 * so what is left out means the usual (Bolt, no group), or else the only entry that there is.
 */
function select<T extends ServiceKey>(all: ReadonlyMap<string, T>, selector: Selector): T | undefined {
  const { service, protocol, group } = selector;
  const usualProtocol = protocol ?? BOLT;
  const usualName = normalizeService(service, usualProtocol);
  const usual = all.get(keyText({ service: usualName, protocol: usualProtocol, group: group ?? '' }));
  if (usual !== undefined) return usual;
  const others = [...all.values()].filter(
    (entry) =>
      entry.service === normalizeService(service, entry.protocol) &&
      (protocol === undefined || entry.protocol === protocol) &&
      (group === undefined || entry.group === group),
  );
  if (others.length <= 1) return others[0];
  const names = others.map(keyText).join(', ');
  throw new WeftError('ambiguous', `${service} stands for ${names}: name protocolType and group`, {
    side: 'downstream',
  });
}
