// A device with a CodePush plugin: the npm package's AcquisitionManager, unchanged, over Node's own HTTP.
// node code_push_client.js ACT, with JSON on stdin: {server, key, app_version, client, package, status, previous}.
'use strict';
const crypto = require('node:crypto');
const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const {AcquisitionManager} = require('./code-push-4.2.3/acquisition-sdk.js');

const VERBS = {0: 'GET', 2: 'POST'};
const requester = {
  request(verb, url, body, done) {
    if (typeof body === 'function') [done, body] = [body, undefined];
    const request = http.request(url, {method: VERBS[verb], headers: {'content-type': 'application/json'}}, (answer) => {
      let text = '';
      answer.on('data', (piece) => { text += piece; });
      answer.on('end', () => done(null, {statusCode: answer.statusCode, body: text}));
    });
    request.on('error', (wrong) => done(wrong));
    request.end(body);
  },
};

// As the plugins hash what they have unpacked: "path:sha256" of every file, sorted by JavaScript, hashed as JSON.
function folderHash(root) {
  const lines = fs.readdirSync(root, {recursive: true, withFileTypes: true}).filter((each) => each.isFile()).map((each) => {
    const file = path.join(each.parentPath || each.path, each.name);
    return `${path.relative(root, file)}:${crypto.createHash('sha256').update(fs.readFileSync(file)).digest('hex')}`;
  });
  return crypto.createHash('sha256').update(JSON.stringify(lines.sort())).digest('hex');
}

const said = JSON.parse(fs.readFileSync(0, 'utf8'));
const print = (error, result) => console.log(JSON.stringify({error: error ? error.message : null, result: result ?? null}));
const client = new AcquisitionManager(requester, {
  serverUrl: said.server, deploymentKey: said.key, appVersion: said.app_version, clientUniqueId: said.client,
});
const acts = {
  check: () => client.queryUpdateWithCurrentPackage({appVersion: said.app_version, ...said.package}, print),
  downloaded: () => client.reportStatusDownload(said.package, print),
  deployed: () => client.reportStatusDeploy(said.package, said.status, said.previous, said.key, print),
  hash: () => print(null, folderHash(said.folder)),
};
acts[process.argv[2]]();
