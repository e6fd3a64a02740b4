/** What SOFARPC takes for granted of a service that does not say it. */

/** The version of a service that names none; callers always name one. */
export const DEFAULT_VERSION = '1.0';

/** sofa-rpc-node's name of the group that has none in Java. */
const DEFAULT_GROUP = 'SOFA';

/** The group as a key has it: '' for the default one. */
export function keyGroup(group: string): string {
  return group === DEFAULT_GROUP ? '' : group;
}
