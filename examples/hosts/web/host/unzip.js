// Reads a canonical package: a zip whose entries are stored, not compressed. Follows the central directory only.

const END = 0x06054b50;
const ENTRY = 0x02014b50;
const LOCAL = 0x04034b50;

/** The package is not a canonical zip; the message says where it departs from one. */
export class BadPackage extends Error {}

function demand(condition, reason) {
  if (!condition) throw new BadPackage(reason);
}

function safePath(path) {
  return path !== "" && !path.includes("\\") && !path.includes("\0")
    && path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** The files of a stored zip as a Map from path to bytes (views into `archive`, nothing is copied). */
export function unzip(archive) {
  const view = new DataView(archive.buffer, archive.byteOffset, archive.byteLength);
  const end = archive.byteLength - 22; // a canonical package has no comment, so the end record is the last 22 bytes
  demand(end >= 0 && view.getUint32(end, true) === END, "no end record");
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const text = new TextDecoder("utf-8", { fatal: true });
  const files = new Map();
  for (let index = 0; index < count; index += 1) {
    demand(at + 46 <= end && view.getUint32(at, true) === ENTRY, `entry ${index} is cut`);
    const method = view.getUint16(at + 10, true);
    const size = view.getUint32(at + 24, true);
    const nameLength = view.getUint16(at + 28, true);
    const path = text.decode(archive.subarray(at + 46, at + 46 + nameLength));
    const local = view.getUint32(at + 42, true);
    demand(method === 0 && view.getUint32(at + 20, true) === size, `${path} is compressed`);
    demand(safePath(path), `${path} is not a plain path`);
    demand(!files.has(path), `${path} is there twice`);
    demand(local + 30 <= end && view.getUint32(local, true) === LOCAL, `${path} has no content`);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    demand(start + size <= end, `${path} is cut`);
    files.set(path, archive.subarray(start, start + size));
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  demand(at === end, "there is something between the directory and its end");
  return files;
}
