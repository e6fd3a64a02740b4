import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { BufferSink } from '../../message/buffer-sink.ts';
import { encodeFrame, type FrameFields, forwardReply } from './encode.ts';
import { BoltFrame } from './frame.ts';
import { encodeHeaders } from './headers.ts';
import { BoltStatus } from './status.ts';
import * as wire from './wire.ts';

// The independent oracle: the protocol package of sofa-rpc-node.
const oracle = createRequire(import.meta.url)('sofa-bolt-node/lib/protocol/index.js') as {
  requestEncode(id: number, request: object, options: object): Buffer;
  responseEncode(id: number, response: object, options: object): Buffer;
};

const VERSIONS = [
  { protocolType: 'bolt', boltVersion: 1, crcEnable: false, codecType: 'hessian2' },
  { protocolType: 'bolt2', boltVersion: 1, crcEnable: false, codecType: 'hessian2' },
  { protocolType: 'bolt2', boltVersion: 2, crcEnable: false, codecType: 'hessian2' },
  { protocolType: 'bolt2', boltVersion: 2, crcEnable: true, codecType: 'hessian2' },
] as const;
const REQUEST = { serverSignature: 'com.demo.Echo:1.0', methodName: 'echo', args: [], timeout: 1234 };
const ID = 0x01020304;

function request(version: object): Buffer {
  return oracle.requestEncode(7, { ...REQUEST }, { ...version, classCache: new Map() });
}

function reply(version: object, id: number): Buffer {
  return oracle.responseEncode(id, { appResponse: 'hi', isError: false }, { ...version, classCache: new Map() });
}

function read(bytes: Buffer): BoltFrame {
  const frame = new BoltFrame();
  assert.equal(frame.readHead(bytes, 0, bytes.length), bytes.length);
  return frame;
}

function forwarded(frame: BoltFrame, replyContext: number): Buffer {
  const sink = new BufferSink();
  forwardReply(sink, frame, ID, replyContext);
  return sink.bytes();
}

test('a reply of any version becomes what the server would have written in the version of the request', () => {
  for (const asked of VERSIONS) {
    for (const answered of VERSIONS) {
      const bytes = forwarded(read(reply(answered, 99)), read(request(asked)).replyContext);
      assert.deepEqual(bytes, reply(asked, ID), `${JSON.stringify(answered)} for ${JSON.stringify(asked)}`);
    }
  }
});

test('status, serializer, class, headers and content of a reply outlive the change of its version', () => {
  const fields = {
    type: wire.TYPE_RESPONSE,
    command: wire.COMMAND_RESPONSE,
    serializer: 11,
    status: BoltStatus.serverException,
    className: Buffer.from('com.demo.Reply'),
    headers: encodeHeaders([
      ['key', 'value'],
      ['none', null],
    ]),
    content: Buffer.from([0, 1, 2, 3, 255]),
  };
  const write = (dialect: Pick<FrameFields, 'protocol' | 'version' | 'switches'>, id: number): Buffer => {
    const sink = new BufferSink();
    encodeFrame(sink, { ...fields, ...dialect, id });
    return sink.bytes();
  };
  const v1 = { protocol: 1 } as const;
  const checked = { protocol: 2, version: wire.VERSION_WITH_CRC, switches: wire.SWITCH_CRC } as const;
  const [, , , askedWithCrc] = VERSIONS;
  assert.deepEqual(forwarded(read(write(v1, 99)), read(request(askedWithCrc)).replyContext), write(checked, ID));
  assert.deepEqual(forwarded(read(write(checked, 99)), read(request(VERSIONS[0])).replyContext), write(v1, ID));
});
