// A stand-in for Apple's push service: HTTP/2, answers by token, writes down what it was sent.
//   node apns_mock.js PLAN.json        prints its port; plan: {"tls": {key, cert} or absent, "seen": file or absent,
//                                      "answers": {token prefix: {status, reason, timestamp, headers, after_ms, never}}}
'use strict';
const fs = require('node:fs');
const http2 = require('node:http2');

const plan = JSON.parse(fs.readFileSync(process.argv[2], 'utf8'));
const answers = Object.entries(plan.answers || {});
const seen = plan.seen ? fs.openSync(plan.seen, 'a') : null;
const server = plan.tls ? http2.createSecureServer(plan.tls) : http2.createServer();
let sessions = 0;

server.on('session', () => { sessions += 1; });
server.on('stream', (stream, headers) => {
  const token = headers[':path'].split('/').pop();
  const chunks = [];
  stream.on('error', () => {});
  stream.on('data', (chunk) => chunks.push(chunk));
  stream.on('end', () => {
    const found = answers.find(([prefix]) => token.startsWith(prefix));
    const answer = found ? found[1] : { status: 200 };
    if (seen !== null) {  // written before the answer: who reads the answer finds the line
      fs.writeSync(seen, JSON.stringify({
        token, path: headers[':path'], method: headers[':method'], sessions, headers: { ...headers }, body: Buffer.concat(chunks).toString(),
      }) + '\n');
    }
    if (answer.never) return;
    const send = () => {
      if (stream.destroyed) return;
      stream.respond({ ':status': answer.status, 'apns-id': headers['apns-id'], ...(answer.headers || {}) });
      stream.end(answer.status === 200 ? undefined : JSON.stringify({ reason: answer.reason, timestamp: answer.timestamp }));
    };
    if (answer.after_ms) setTimeout(send, answer.after_ms); else send();
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`));
process.stdin.on('end', () => process.exit(0));
process.stdin.resume();
