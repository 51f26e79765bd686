// Is this package the one that the platform signed for this host app? SHA-256 and ECDSA P-256 by WebCrypto.

const bytesOf = (text) => new TextEncoder().encode(text);

/** The SHA-256 of some bytes in lower-case hexadecimal. */
export async function sha256(bytes) {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The one text of a JSON value: keys sorted, no spaces. What is signed is its UTF-8. */
export function canonicalJson(value) {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key])}`).join(",")}}`;
}

function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** WebCrypto wants r and s, 32 bytes each; the platform signs in DER, as Android, iOS and HarmonyOS want it. */
export function derToRaw(der) {
  const raw = new Uint8Array(64);
  let at = 2;
  if (der[0] !== 0x30 || der[1] !== der.length - 2) throw new Error("not a DER signature");
  for (const end of [32, 64]) {
    const length = der[at + 1];
    const number = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 0x02 || number.length !== length || length === 0) throw new Error("not a DER signature");
    const digits = number[0] === 0 ? number.subarray(1) : number;
    if (digits.length > 32) throw new Error("not a P-256 signature");
    raw.set(digits, end - digits.length);
    at += 2 + length;
  }
  if (at !== der.length) throw new Error("not a DER signature");
  return raw;
}

async function publicKey(pem) {
  const der = fromBase64(pem.replace(/-----[^-]+-----|\s/g, ""));
  return crypto.subtle.importKey("spki", der, { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
}

/** Whether `signature` ({alg, kid, value}) is the holder of `pem` signing the canonical JSON of `statement`. */
export async function signed(statement, signature, pem) {
  if (signature.alg !== "ES256") return false;
  try {
    const raw = derToRaw(fromBase64(signature.value));
    const hash = { name: "ECDSA", hash: "SHA-256" };
    return await crypto.subtle.verify(hash, await publicKey(pem), raw, bytesOf(canonicalJson(statement)));
  } catch {
    return false; // not base64, not DER, not a key: not signed
  }
}
