// What a mini-program may ask the phone for: each call is checked against the terms as they are at that moment.

import { EdgeError } from "./edge.js";

/** Capabilities that this phone has; a real app has more. `program` is who asks. */
const OFFERED = {
  network: () => ({ online: navigator.onLine }),
  vibrate: () => ({ vibrated: navigator.vibrate?.(50) ?? false }),
  login: (client, program) => client.device.call(({ token }) => client.edge.loginCode(token, program)),
};

/** The answer to one call: {result}, or {refusal: {code, message}}. */
export async function answer({ capability, client, program, code }) {
  const { capabilities } = await client.terms.of(program, code);
  if (!capabilities.includes(capability)) {
    client.log("notGranted", { program, capability: String(capability).slice(0, 64) });
    return { refusal: { code: "not_granted", message: `“${capability}” is not granted to this mini-program.` } };
  }
  if (!Object.hasOwn(OFFERED, capability)) {
    return { refusal: { code: "not_supported", message: `This phone has no “${capability}”.` } };
  }
  try {
    return { result: await OFFERED[capability](client, program) };
  } catch (error) {
    if (!(error instanceof EdgeError)) throw error;
    return { refusal: { code: error.kind, message: error.message } };
  }
}
