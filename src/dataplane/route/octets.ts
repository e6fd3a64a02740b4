/** Text of a config and octets of a message, of which heads make one character each. */

/** What `text` is on the wire: UTF-8, one character for each octet. */
export function toOctets(text: string): string {
  return isAscii(text) ? text : Buffer.from(text).toString('latin1');
}

/** The text that octets mean, read as UTF-8. */
export function fromOctets(octets: string): string {
  return isAscii(octets) ? octets : Buffer.from(octets, 'latin1').toString();
}

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 0x7f) return false;
  return true;
}
