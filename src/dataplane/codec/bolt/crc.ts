/** Loaded with the first checksum: node:zlib is 3.7 MB in a sidecar, and most never see one. */
let zlibCrc32: ((bytes: Uint8Array) => number) | undefined;

/** The CRC-32 of IEEE 802.3, as Bolt v2 puts it behind a frame when its CRC switch is on. */
export function crc32(bytes: Uint8Array): number {
  zlibCrc32 ??= process.getBuiltinModule('node:zlib').crc32;
  return zlibCrc32(bytes);
}
