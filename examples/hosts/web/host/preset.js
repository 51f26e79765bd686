// The mini-programs that the app was built with: read from its own bundle on a first start, before any network.

import { canonicalJson, sha256, signed } from "./verify.js";
import { BadPackage, unzip } from "./unzip.js";

const FORMAT = "ferry-preset/1";

/**
 * The bundle built into this app, proven: {serial, programs: [{listing, update, bytes, found, picture}]};
 * `found(sha256)` gives a plugin's bytes.
 * null, with the reason in the log, when it is not this app's or not as it was signed: then the phone starts empty.
 */
export async function readPreset({ config, log, trust }) {
  if (!config.preset) return null;
  const refused = (reason) => { log("presetRefused", { reason }); return null; };
  let files;
  try {
    files = unzip(new Uint8Array(await (await fetch("/preset.zip")).arrayBuffer()));
  } catch (error) {
    if (error instanceof BadPackage || error instanceof TypeError) return refused("form");
    throw error;
  }
  const [bundle, signature] = ["bundle.json", "bundle.sig.json"].map((name) => read(files.get(name)));
  if (bundle?.format !== FORMAT || !signature) return refused("form");
  if (bundle.host_app !== config.app_key) return refused("app");
  // The bundle brings the list of keys along: signed by the root key that is built in, or, in an app without one, taken
  // at its word, for it lies inside the app as a key would.
  if (!bundle.key_set || !(await trust.adopt(bundle.key_set))) return refused("key");
  const pem = await trust.pem(signature.kid, "package");
  if (!pem) return refused("key");
  if (!(await signed(bundle, signature, pem))) return refused("signature");
  const programs = await Promise.all(bundle.programs.map(async ({ listing, update }) => {
    const icon = listing.icon && files.get(`icons/${listing.icon}.png`);
    const picture = icon && (await sha256(icon)) === listing.icon ? { hash: listing.icon, bytes: icon.slice() } : undefined;
    const found = (hash) => files.get(`packages/${hash}.zip`)?.slice();
    return { listing, update, picture, found, bytes: found(update.package.sha256) };
  }));
  return { serial: bundle.serial, programs };
}

/** The value that these bytes are the canonical JSON of: what was signed is what is read. */
function read(bytes) {
  if (!bytes) return null;
  const text = new TextDecoder().decode(bytes);
  try {
    const value = JSON.parse(text);
    return canonicalJson(value) === text ? value : null;
  } catch {
    return null;
  }
}
