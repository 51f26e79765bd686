// Links into this app: read with suspicion, for anybody can write one. miniapps/deeplinks.py writes them.

const PROGRAM = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const TOKEN = /^[0-9a-z]{16,64}$/;
const CODE = /\/l\/([0-9a-z]{9,32})\/?$/;
const LONGEST = { path: 512, query: 1024 };

function inside(path) {
  if (path === "") return true;
  if (path.length > LONGEST.path || /[\\?#\p{C}]/u.test(path) || path.split("/")[0].includes(":")) return false;
  return path.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** {program, path, query, trial} of a deep link's query; null when it names no program. What is wrong in it is left out. */
export function readLink(search) {
  const given = new URLSearchParams(search);
  const program = given.get("program") ?? "";
  if (!PROGRAM.test(program)) return null;
  const [path, query, trial] = ["path", "query", "trial"].map((name) => given.get(name) ?? "");
  return {
    program,
    path: inside(path) ? path : "",
    query: query.length <= LONGEST.query ? query : "",
    trial: TOKEN.test(trial) ? trial : "",
  };
}

/** What a scanner reads: {code} of a short link, a deep link as `readLink` gives it, or null. */
export function readScanned(text) {
  let address;
  try {
    address = new URL(text.trim());
  } catch {
    return null;
  }
  const code = address.pathname.match(CODE)?.[1];
  return code ? { code } : readLink(address.search);
}
