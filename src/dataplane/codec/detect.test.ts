import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { detect, DETECT_OCTETS, type Detected } from './detect.ts';

/** Each character is an octet; `hex` is for what is no text. */
const hex = (octets: string): Buffer => Buffer.from(octets.replaceAll(' ', ''), 'hex');
const text = (octets: string): Buffer => Buffer.from(octets, 'latin1');

/** What a client sends first, what that is, and with how many octets it can be told. */
const FIRST_OCTETS: readonly (readonly [string, Buffer, Detected, number])[] = [
  ['Bolt v1 request', hex('01 01 0001 01 00000001 01 00000bb8 002c 0010 00000020'), 'bolt', 5],
  ['Bolt v1 oneway', hex('01 02 0001 01 00000001 01 00000bb8 002c 0010 00000020'), 'bolt', 5],
  ['Bolt v1 heartbeat', hex('01 01 0000 01 00000001 01 00000000 0000 0000 00000000'), 'bolt', 10],
  ['Bolt v1 goaway', hex('01 01 0064 01 00000001 01 00000000 0000 0000 00000000'), 'bolt', 5],
  ['Bolt v2 request', hex('02 01 01 0001 01 00000001 01 00 00000bb8 002c 0010 00000020'), 'bolt', 6],
  ['Bolt v2 request with a checksum', hex('02 02 01 0001 01 00000001 01 01 00000bb8 002c 0010 00000020'), 'bolt', 6],
  ['Bolt v2 heartbeat', hex('02 01 01 0000 01 00000001 01 00 00000000 0000 0000 00000000'), 'bolt', 11],
  ['a Bolt v1 response, with which no caller begins', hex('01 00 0002 01 00000001 01 0000'), 'tcp', 2],
  ['Bolt of a version that there is not', hex('02 03 01 0001 01'), 'tcp', 2],
  ['Bolt with a command that there is not', hex('01 01 0003 01 00000001'), 'tcp', 4],

  ['TLS 1.0 record', hex('16 03 01 0200 01 0001fc 0303'), 'tls', 3],
  ['TLS 1.2 record', hex('16 03 03 00c8 01 0000c4 0303'), 'tls', 3],
  ['SSL 2 client hello', hex('80 2e 01 0301 0015 0000 0010'), 'tcp', 1],
  ['MySQL handshake of 790 octets', hex('16 03 00 01 85a6ff01'), 'tcp', 3],

  ['HTTP/2', text('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), 'http2', 4],
  ['an HTTP/2 preface behind an empty line', text('\r\nPRI * HTTP/2.0\r\n\r\n'), 'tcp', 6],

  ['GET', text('GET / HTTP/1.1\r\n'), 'http1', 5],
  ['GET behind an empty line', text('\r\nGET / HTTP/1.1\r\n'), 'http1', 7],
  ['PUT', text('PUT /a HTTP/1.1\r\n'), 'http1', 5],
  ['PATCH', text('PATCH /a HTTP/1.1\r\n'), 'http1', 7],
  ['PROPFIND', text('PROPFIND / HTTP/1.1\r\n'), 'http1', 10],
  ['PRIVATE, which begins as the HTTP/2 preface', text('PRIVATE / HTTP/1.1\r\n'), 'http1', 9],
  ['M-SEARCH', text('M-SEARCH /a HTTP/1.1\r\n'), 'http1', 10],
  ['UPDATEREDIRECTREF', text('UPDATEREDIRECTREF /a HTTP/1.1\r\n'), 'http1', 19],
  ['a method of 24 letters', text('ABCDEFGHIJKLMNOPQRSTUVWX /a HTTP/1.1\r\n'), 'http1', 26],
  ['a method of 25 letters', text('ABCDEFGHIJKLMNOPQRSTUVWXY /a HTTP/1.1\r\n'), 'tcp', 25],
  ['OPTIONS *', text('OPTIONS * HTTP/1.1\r\n'), 'http1', 9],
  ['CONNECT', text('CONNECT example.com:443 HTTP/1.1\r\n'), 'http1', 9],
  ['CONNECT to IPv6', text('CONNECT [::1]:443 HTTP/1.1\r\n'), 'http1', 9],
  ['an absolute target', text('GET http://example.com/ HTTP/1.1\r\n'), 'http1', 9],
  ['an absolute target of https', text('GET HTTPS://example.com/ HTTP/1.1\r\n'), 'http1', 10],
  ['the farthest', text('\r\nABCDEFGHIJKLMNOPQRSTUVWX https://a/ HTTP/1.1\r\n'), 'http1', DETECT_OCTETS],
  ['a method in lower case', text('get / HTTP/1.1\r\n'), 'tcp', 1],
  ['a method with a blank before it', text(' GET / HTTP/1.1\r\n'), 'tcp', 1],
  ['two empty lines', text('\r\n\r\nGET / HTTP/1.1\r\n'), 'tcp', 3],
  ['a bare LF', text('\nGET / HTTP/1.1\r\n'), 'tcp', 1],

  ['MySQL handshake', hex('b4 00 00 01 8da6ff09 00000001 21'), 'tcp', 1],
  ['MySQL handshake of 257 octets', hex('01 01 00 01 8da6ff09 00000001 21'), 'tcp', 5],
  ['MySQL handshake of 513 octets', hex('01 02 00 01 85a6ff01 00000040 2d'), 'tcp', 5],
  ['MySQL handshake of 258 octets', hex('02 01 00 01 8da6ff09 00000001 21'), 'tcp', 3],
  ['MySQL request for TLS', hex('20 00 00 01 85aefb11 00000001 21'), 'tcp', 1],
  ['MongoDB hello', hex('3a 00 00 00 01000000 00000000 d4070000'), 'tcp', 1],
  ['MongoDB hello of 257 octets', hex('01 01 00 00 01000000 00000000 d4070000'), 'tcp', 10],
  ['MongoDB hello of 257 octets, its second message', hex('01 01 00 00 02000000 00000000 d4070000'), 'tcp', 5],
  ['PostgreSQL startup', hex('00 00 00 29 00 03 00 00'), 'tcp', 1],
  ['PostgreSQL request for TLS', hex('00 00 00 08 04 d2 16 2f'), 'tcp', 1],
  ['TDS', hex('12 01 00 2f 00 00 01 00'), 'tcp', 1],
  ['Oracle TNS', hex('00 3a 00 00 01 00 00 00'), 'tcp', 1],
  ['Cassandra', hex('04 00 00 00 01 00 00 00 16'), 'tcp', 1],
  ['Redis RESP', text('*1\r\n$4\r\nPING\r\n'), 'tcp', 1],
  ['Redis inline PING', text('PING\r\n'), 'tcp', 5],
  ['Redis inline GET', text('GET key\r\n'), 'tcp', 5],
  ['Redis inline GET of a key like a scheme', text('GET https-key\r\n'), 'tcp', 10],
  ['Redis inline KEYS *', text('KEYS *\r\n'), 'tcp', 6],
  ['Redis inline AUTH', text('AUTH hunter2\r\n'), 'tcp', 7],
  ['memcached text', text('get key\r\n'), 'tcp', 1],
  ['memcached binary', hex('80 00 00 05 00 00 00 00'), 'tcp', 1],
  ['SMTP EHLO', text('EHLO mail.example.com\r\n'), 'tcp', 6],
  ['SMTP HELO of a host like a scheme', text('HELO http.example.com\r\n'), 'tcp', 10],
  ['FTP', text('USER anonymous\r\n'), 'tcp', 6],
  ['IMAP', text('a1 CAPABILITY\r\n'), 'tcp', 1],
  ['IRC', text('NICK weft\r\nUSER weft 0 * :weft\r\n'), 'tcp', 6],
  ['SIP', text('INVITE sip:bob@example.com SIP/2.0\r\n'), 'tcp', 8],
  ['RTSP', text('DESCRIBE rtsp://example.com/ RTSP/1.0\r\n'), 'tcp', 10],
  ['SSH', text('SSH-2.0-OpenSSH_9.2\r\n'), 'tcp', 5],
  ['PROXY v1', text('PROXY TCP4 127.0.0.1 127.0.0.1 1 2\r\n'), 'tcp', 7],
  ['PROXY v2', hex('0d0a0d0a 000d0a51 5549540a 21'), 'tcp', 3],
  ['NATS', text('CONNECT {"verbose":false}\r\n'), 'tcp', 9],
  ['STOMP', text('CONNECT\naccept-version:1.2\n\n\0'), 'tcp', 8],
  ['AMQP', text('AMQP\0\0\x09\x01'), 'tcp', 5],
  ['MQTT', hex('10 10 00 04 4d515454 04 02 003c'), 'tcp', 1],
  ['Kafka', hex('00 00 00 35 00 12 00 04 00 00 00 00'), 'tcp', 1],
  ['RocketMQ', hex('00 00 00 f3 00 00 00 ef'), 'tcp', 1],
  ['ZooKeeper', hex('00 00 00 2c 00 00 00 00'), 'tcp', 1],
  ['Dubbo', hex('da bb c2 00 00000000 00000001'), 'tcp', 1],
  ['Thrift binary', hex('80 01 00 01 00 00 00 04'), 'tcp', 1],
  ['Thrift framed', hex('00 00 00 1d 80 01 00 01'), 'tcp', 1],
  ['BitTorrent', Buffer.concat([hex('13'), text('BitTorrent protocol')]), 'tcp', 1],
  ['SOCKS 4', hex('04 01 00 50 7f000001 00'), 'tcp', 1],
  ['SOCKS 5', hex('05 01 00'), 'tcp', 1],
  ['DNS', hex('00 1d ab cd 01 00 00 01'), 'tcp', 1],
  ['LDAP', hex('30 0c 02 01 01 60 07'), 'tcp', 1],
  ['RDP', hex('03 00 00 13 0e e0'), 'tcp', 1],
  ['HBase', text('HBas\0P'), 'tcp', 3],
  ['Java RMI', hex('4a 52 4d 49 00 02 4b'), 'tcp', 5],
  ['Telnet', hex('ff fd 03 ff fb 18'), 'tcp', 1],
];

for (const [name, bytes, expected, needed] of FIRST_OCTETS) {
  test(`${name} is ${expected}, told by ${needed} octets`, () => {
    for (let length = 0; length <= bytes.length; length++) {
      assert.equal(detect(bytes, length), length < needed ? 'more' : expected, `of ${length} octets`);
    }
  });
}

/** Every method at IANA, of RFC 9110 and of those that it does not define. */
const METHODS =
  'ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL ' +
  'MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PUT REBIND REPORT SEARCH TRACE ' +
  'UNBIND UNCHECKOUT UNLINK UNLOCK UPDATE UPDATEREDIRECTREF VERSION-CONTROL';

test('every registered method is known by the first octet of its target', () => {
  for (const method of METHODS.split(' ')) {
    const line = text(`${method} /`);
    for (let length = 0; length < line.length; length++) assert.equal(detect(line, length), 'more', method);
    assert.equal(detect(line, line.length), 'http1', method);
  }
});

test('octets beyond the length are not looked at', () => {
  assert.equal(detect(text('GET / HTTP/1.1'), 4), 'more');
  assert.equal(detect(hex('0101000101'), 4), 'more');
});

/** Octets among which are many that begin something. */
const likely = fc.array(
  fc.oneof(
    fc.constantFrom('PRI ', 'GET', 'OPTIONS', 'CONNECT', ' ', '/', '*', 'http', 's', ':', '\r\n', '-', 'A'),
    fc.constantFrom('\x00', '\x01', '\x02', '\x03', '\x16', '\x64'),
    fc.nat(255).map((octet) => String.fromCharCode(octet)),
  ),
  { maxLength: 40 },
);

test('what more octets tell never contradicts what fewer told, and few are enough', () => {
  fc.assert(
    fc.property(likely, (parts) => {
      const bytes = text(parts.join(''));
      let told: Detected = 'more';
      for (let length = 0; length <= bytes.length; length++) {
        const now = detect(bytes, length);
        if (told !== 'more') assert.equal(now, told);
        told = now;
      }
      if (bytes.length >= DETECT_OCTETS) assert.notEqual(told, 'more');
    }),
    { numRuns: 2000 },
  );
});
