// A host app's side of Ferry in one file: register, check in, download, verify, unpack, open; docs/host-app.md in Java.
//
// Only what Android has too: HttpURLConnection, java.security, java.util.zip, java.io. Java 11 language level.
//
//     java FerryHost.java --edge http://127.0.0.1:8001 --app-key fa_… --dir /tmp/phone --want 2018080616290001
//
// Every step is one line of JSON on stdout. The folder is the phone: run it again and it is the same phone, with what
// it has. --call, --reach and --view ask what an open program would ask, --agree says yes to its privacy agreement.
// Exit status: 0 when everything asked for was opened and allowed, 1 when something was not, 2 for wrong arguments.

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.FileInputStream;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

public final class FerryHost {
    static final int CONNECT_MS = 5_000, READ_MS = 10_000;
    static final long FIRST_WAIT_MS = 1_000, LONGEST_WAIT_MS = 15 * 60_000L;
    static final long CLOCK_MS = 5 * 60_000L; // how far the phone's clock may be behind the platform's
    static final int MOST_JSON = 4_000_000;

    final Edge edge;
    final String appKey;
    final Map<String, String> about; // platform, host_version, …
    final Map<String, String> roots; // root keys built into the app, by kid; without any, the first list's count for ever
    final String language; // of agreements
    final Map<String, String> pages = new LinkedHashMap<>(); // program → the page where a link leads
    final Store store;
    final Random random = new Random();

    FerryHost(String edgeUrl, String appKey, File dir, Map<String, String> about, Map<String, String> roots, String language) {
        this.edge = new Edge(edgeUrl, appKey);
        this.appKey = appKey;
        this.about = about;
        this.roots = roots;
        this.language = language;
        this.store = new Store(dir);
    }

    // ---------------------------------------------------------------- the rules

    /** One check-in with all that follows; returns how long to wait until the next, in ms. */
    long turn() {
        long held = store.number("not_before") - now();
        if (held > 0) { // the platform has asked us to wait, and a restart does not shorten that
            say("holds", "wait_ms", held);
            return held;
        }
        try {
            Map<String, Object> answer = checkIn();
            store.put("failures", 0L);
            apply(answer);
            return number(answer, "next_check_after") * 1000;
        } catch (EdgeFailure failure) {
            long failures = store.number("failures") + 1;
            store.put("failures", failures);
            long wait = waitAfter(failures, failure.retryAfterMs);
            if (failure.kind.equals("busy")) store.put("not_before", now() + wait);
            say(failure.kind, "status", (long) failure.status, "message", failure.getMessage(), "wait_ms", wait);
            return wait;
        }
    }

    /** Retry-After goes first; else 1 s doubled each time to 15 min. Jitter keeps a million phones apart. */
    long waitAfter(long failures, long retryAfterMs) {
        if (retryAfterMs >= 0) return retryAfterMs + random.nextInt(1000);
        long wait = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS << Math.min(failures - 1, 20));
        return (long) (wait * (0.5 + random.nextDouble() / 2));
    }

    /** A platform that asks to wait is left alone, whatever it was asked for. */
    void obey(EdgeFailure failure) {
        boolean further = failure.kind.equals("busy") && store.number("not_before") <= now();
        if (further) store.put("not_before", now() + waitAfter(1, failure.retryAfterMs));
    }

    Map<String, Object> checkIn() throws EdgeFailure {
        List<Object> problems = new ArrayList<>(store.list("problems"));
        List<Object> wanted = new ArrayList<>(store.list("wanted"));
        Map<String, Object> answer = withDevice(
                device -> edge.post("/v1/checkin", question(device, wanted, problems), text(device, "token")));
        store.put("problems", store.list("problems").subList(problems.size(), store.list("problems").size()));
        return answer;
    }

    interface Call {
        Map<String, Object> with(Map<String, Object> device) throws EdgeFailure;
    }

    /** Call with the device's token; one that is refused is thrown away and the phone registers once more, not twice. */
    Map<String, Object> withDevice(Call call) throws EdgeFailure {
        long held = store.number("not_before") - now();
        if (held > 0) throw new EdgeFailure("busy", 0, "asked to wait", held);
        for (boolean again = false; ; again = true) {
            try {
                return call.with(device());
            } catch (EdgeFailure failure) {
                if (!failure.kind.equals("token") || again) throw failure;
                store.remove("device");
                say("token_refused");
            }
        }
    }

    Map<String, Object> question(Map<String, Object> device, List<Object> wanted, List<Object> problems) {
        Map<String, Object> facts = new LinkedHashMap<>(about);
        facts.put("id", text(device, "id"));
        List<Object> installed = new ArrayList<>(), want = new ArrayList<>();
        for (Map<String, Object> program : store.programs()) {
            if (!counts(program)) { // vouched for by a key that is revoked: asked for as if it were not here
                want.add(program.get("id"));
                continue;
            }
            Map<String, Object> has = json("id", program.get("id"), "code", program.get("code"));
            long serial = number(terms(text(program, "id"), number(program, "code")), "serial");
            if (serial > 0) has.put("terms", serial);
            installed.add(has);
        }
        for (Object id : wanted) if (store.program((String) id) == null) want.add(id);
        Map<String, Object> question = json("device", facts, "installed", installed, "want", want);
        if (store.get("state") != null) question.put("state", store.get("state"));
        if (!problems.isEmpty()) question.put("attributes", json("package_problem", problems.get(problems.size() - 1)));
        return question;
    }

    /** The device's id and token. Its message_id is kept before it is sent: however often, it is one device. */
    Map<String, Object> device() throws EdgeFailure {
        Map<String, Object> known = store.object("device");
        if (known != null) return known;
        if (store.get("message_id") == null) store.put("message_id", UUID.randomUUID().toString());
        Map<String, Object> body = new LinkedHashMap<>(about);
        body.put("message_id", store.get("message_id"));
        Map<String, Object> answer = edge.post("/v1/devices", body, null);
        Map<String, Object> device = json("id", text(object(answer, "device"), "id"), "token", text(answer, "token"));
        store.put("device", device);
        say("registered", "device", device.get("id"));
        return device;
    }

    void apply(Map<String, Object> answer) throws EdgeFailure {
        List<Map<String, Object>> named = new ArrayList<>(objects(answer, "withdrawn"));
        named.addAll(objects(answer, "unavailable"));
        close(named); // needs no proof: closing what should be open does less harm than the reverse
        try {
            Map<String, Object> offered = offered(freshness());
            closeWithdrawn(offered);
            allThere(answer, named, offered);
            if (Boolean.TRUE.equals(answer.get("unchanged"))) say("unchanged");
            else follow(answer, named, offered);
        } catch (Refused stale) {
            say("stale", "reason", stale.getMessage());
        }
    }

    /** Do what an answer says that is proven to be of now. */
    void follow(Map<String, Object> answer, List<Map<String, Object>> named, Map<String, Object> offered) throws EdgeFailure {
        reopen(named, offered);
        boolean complete = true;
        for (Map<String, Object> update : objects(answer, "updates")) complete &= install(update, offered);
        for (Map<String, Object> newer : objects(answer, "terms")) complete &= newTerms(newer);
        // A state is kept only when all of its answer has been done: else the rest would hide behind "unchanged".
        if (complete) store.put("state", text(answer, "state"));
        store.put("wanted", new ArrayList<>());
    }

    /** Withdrawn and no longer offered programs stay closed, offline too, until an answer no longer names them. */
    void close(List<Map<String, Object>> named) {
        for (Map<String, Object> each : named) {
            Map<String, Object> program = store.program(text(each, "id"));
            say("closed", "program", each.get("id"), "message", each.get("message"));
            if (program == null) continue;
            program.put("closed", text(each, "message"));
            store.keep(program);
        }
    }

    void reopen(List<Map<String, Object>> named, Map<String, Object> offered) {
        Set<Object> still = new HashSet<>();
        for (Map<String, Object> each : named) still.add(each.get("id"));
        for (Map<String, Object> program : store.programs()) {
            if (program.get("closed") == null || still.contains(program.get("id"))) continue;
            if (isIn(offered, "withdrawn", text(program, "id"), "withdrawn")) continue;
            program.put("closed", null);
            store.keep(program);
            say("reopened", "program", program.get("id"));
        }
    }

    // The chain of trust: root key → list of keys → freshness → list of what is offered → package. docs/signing.md

    /** The statement that the platform's state was the newest a moment ago. */
    Map<String, Object> freshness() throws EdgeFailure, Refused {
        Map<String, Object> said = edge.get("/v1/freshness/" + appKey);
        Map<String, Object> statement = object(said, "statement"), signature = object(said, "signature");
        Map<String, Object> keys = store.object("keys");
        if (statement == null || signature == null) throw new Refused("signature");
        if (keys == null || number(statement, "keys") > number(keys, "version") || now() > number(keys, "expires_at")) renewKeys();
        if (number(statement, "keys") != number(store.object("keys"), "version")) throw new Refused("keys_older");
        verify(statement, signature, "freshness");
        if (!appKey.equals(statement.get("host_app"))) throw new Refused("app");
        if (now() > number(statement, "expires_at") + CLOCK_MS) throw new Refused("expired");
        Map<String, Object> seen = store.object("seen"); // what a revoked key said counts for nothing
        boolean counts = seen != null && key(text(seen, "kid"), "freshness") != null;
        if (counts && number(statement, "version") < number(seen, "version")) throw new Refused("older");
        store.put("seen", json("kid", signature.get("kid"), "version", number(statement, "version")));
        return statement;
    }

    /** The keys that count, as a root key signed them; never an older list than the one that is here. */
    void renewKeys() throws EdgeFailure, Refused {
        Map<String, Object> said = edge.get("/v1/keys/" + appKey);
        Map<String, Object> statement = object(said, "statement"), known = store.object("keys");
        if (statement == null) throw new Refused("keys_signature");
        Map<String, String> trusted = new LinkedHashMap<>(roots);
        for (Map<String, Object> each : objects(known == null && roots.isEmpty() ? statement : known, "keys")) {
            if ("root".equals(each.get("purpose"))) trusted.put(text(each, "kid"), text(each, "pem"));
        }
        boolean signed = false;
        for (Map<String, Object> each : objects(said, "signatures")) {
            String pem = trusted.get(text(each, "kid"));
            signed |= pem != null && isSigned(statement, each, pem);
        }
        if (!signed) throw new Refused("keys_signature");
        if (known != null && number(statement, "version") < number(known, "version")) throw new Refused("keys_older");
        if (now() > number(statement, "expires_at") + CLOCK_MS) throw new Refused("keys_expired");
        store.put("keys", statement);
        say("keys", "version", number(statement, "version"));
    }

    /** What is offered to somebody now, and what is withdrawn, as digests; the statement names the list by its hash. */
    Map<String, Object> offered(Map<String, Object> statement) throws EdgeFailure, Refused {
        Map<String, Object> known = store.object("offered");
        String wanted = text(statement, "offered");
        if (known != null && wanted.equals(known.get("sha256"))) return object(known, "list");
        Map<String, Object> list = edge.get("/v1/offered/" + appKey);
        // The list is canonical JSON, so what was read from it is written again as the same bytes.
        if (!hex(digest(Json.canonical(list).getBytes(StandardCharsets.UTF_8))).equals(wanted)) throw new Refused("offered");
        store.put("offered", json("sha256", wanted, "list", list));
        return list;
    }

    boolean isIn(Map<String, Object> offered, String which, String program, Object what) {
        String digest = hex(digest(Json.canonical(List.of(appKey, program, what)).getBytes(StandardCharsets.UTF_8)));
        return offered.get(which) instanceof List && ((List<?>) offered.get(which)).contains(digest.substring(0, 16));
    }

    /** Whatever the answer says: what is withdrawn stays closed. */
    void closeWithdrawn(Map<String, Object> offered) {
        for (Map<String, Object> program : store.programs()) {
            if (program.get("closed") != null || !isIn(offered, "withdrawn", text(program, "id"), "withdrawn")) continue;
            program.put("closed", "");
            store.keep(program);
            say("closed", "program", program.get("id"), "message", "");
        }
    }

    /** A version that nobody gets any more, and no word about it: something is being kept from us. */
    void allThere(Map<String, Object> answer, List<Map<String, Object>> named, Map<String, Object> offered) throws Refused {
        Set<Object> spoken = new HashSet<>();
        for (Map<String, Object> each : named) spoken.add(each.get("id"));
        for (Map<String, Object> each : objects(answer, "updates")) spoken.add(each.get("id"));
        for (Map<String, Object> program : store.programs()) {
            if (spoken.contains(program.get("id")) || program.get("closed") != null || !counts(program)) continue;
            if (!isIn(offered, "versions", text(program, "id"), number(program, "code"))) throw new Refused("withheld");
        }
    }

    /** Whether the keys that vouched for the version and for its terms still count. */
    boolean counts(Map<String, Object> program) {
        if (store.object("keys") == null) return true;
        Map<String, Object> terms = store.entry("terms", text(program, "id") + "@" + number(program, "code"));
        boolean termsCount = terms.isEmpty() || key(text(object(terms, "signature"), "kid"), "package") != null;
        return termsCount && key(text(object(object(program, "current"), "signature"), "kid"), "package") != null;
    }

    /** Has the update on the phone, verified, or leaves everything as it was and reports why. */
    boolean install(Map<String, Object> update, Map<String, Object> offers) throws EdgeFailure {
        String id = text(update, "id");
        long code = number(update, "code");
        Map<String, Object> before = store.program(id);
        Map<String, Object> offered = object(update, "package");
        Map<String, Object> version = json("code", code, "name", update.get("name"), "kind", update.get("kind"),
                "entry", text(update, "entry"), "statement", statement(id, code, offered), "signature", object(update, "signature"));
        try {
            if (!isIn(offers, "versions", id, code)) throw new Refused("not_offered");
            verify(object(version, "statement"), object(version, "signature"), "package"); // before a byte is fetched
            takeTerms(id, code, update);
            File file = store.file(text(offered, "sha256"));
            version.put("beside", beside(id, code));
            if (!file.exists() && objects(terms(id, code), "parts").isEmpty()) {
                edge.download(text(offered, "url"), number(offered, "size"), text(offered, "sha256"), file);
            }
            verifyPackage(version);
            fetchBeside(version, before == null ? null : object(before, "current"));
            unpack(version);
            boolean back = before != null && code < number(before, "code");
            Map<String, Object> program = json("id", id, "code", code, "closed", null, "current", version,
                    "previous", before == null || back ? null : before.get("current"));
            store.keep(program); // a roll-back lets go of the newer one, so that it is never the fallback
            say(back ? "went_back" : "installed", "program", id, "code", code, "name", update.get("name"));
            return true;
        } catch (Refused refused) {
            store.delete(text(offered, "sha256"));
            report(id, code, refused.getMessage());
            return false;
        }
    }

    /** Terms of a version that is here already: they count at once. */
    boolean newTerms(Map<String, Object> newer) throws EdgeFailure {
        String id = text(newer, "id");
        long code = number(newer, "code");
        try {
            takeTerms(id, code, newer);
            Map<String, Object> program = store.program(id);
            if (program != null && number(program, "code") == code) {
                object(program, "current").put("beside", beside(id, code));
                store.keep(program);
                fetchBeside(object(program, "current"), null);
            }
            say("terms", "program", id, "code", code, "serial", number(terms(id, code), "serial"));
            return true;
        } catch (Refused refused) {
            report(id, code, refused.getMessage());
            return false;
        }
    }

    // What a program may do, and what it needs: the terms of its version. docs/permissions.md

    /** Keep the terms that came along; never older ones than were seen for the same version: that gave a right back. */
    void takeTerms(String id, long code, Map<String, Object> said) throws Refused {
        Map<String, Object> terms = object(said, "terms"), signature = object(said, "terms_signature");
        long seen = number(store.entry("terms", id + "@" + code), "serial");
        if (terms == null && seen == 0) return;
        if (terms == null || number(terms, "serial") < seen) throw new Refused("terms");
        verify(termsStatement(id, code, terms), signature, "package");
        store.putEntry("terms", id + "@" + code, json("serial", number(terms, "serial"), "terms", terms, "signature", signature));
    }

    /** The newest terms seen for the version, verified anew: a phone's disk is not a safe. Without any nothing is granted. */
    Map<String, Object> terms(String id, long code) {
        Map<String, Object> kept = store.entry("terms", id + "@" + code);
        try {
            if (kept.isEmpty()) return kept;
            verify(termsStatement(id, code, object(kept, "terms")), object(kept, "signature"), "package");
            return object(kept, "terms");
        } catch (Refused changed) {
            say("terms_refused", "program", id, "code", code, "reason", changed.getMessage());
            return new LinkedHashMap<>();
        }
    }

    Map<String, Object> termsStatement(String id, long code, Map<String, Object> terms) {
        return json("host_app", appKey, "program", id, "version_code", code, "terms", terms);
    }

    /** A program calls the phone: looked at each time, by the terms as they are then. What this phone has is `login`. */
    boolean call(String id, String capability) {
        Map<String, Object> program = running(id);
        Object granted = program == null ? null : terms(id, number(program, "code")).get("capabilities");
        String refusal = granted instanceof List && ((List<?>) granted).contains(capability) ? "" : "not_granted";
        String result = "";
        if (refusal.isEmpty() && capability.equals("login")) {
            try {
                Map<String, Object> asked = json("mini_program", id);
                result = text(withDevice(device -> edge.post("/v1/login/code", asked, text(device, "token"))), "code");
            } catch (EdgeFailure failure) {
                refusal = failure.kind;
                obey(failure);
            }
        } else if (refusal.isEmpty()) refusal = "not_supported";
        if (refusal.isEmpty()) say("answered", "program", id, "capability", capability, "result", result);
        else say("call_refused", "program", id, "capability", capability, "code", refusal);
        return refusal.isEmpty();
    }

    /** A program wants to load an address: what an app asks in shouldInterceptRequest. `use`: request, webview, upload, download. */
    boolean reach(String id, String use, String address) {
        Map<String, Object> program = running(id);
        Map<String, Object> domains = program == null ? null : object(terms(id, number(program, "code")), "domains");
        boolean granted = domains != null && domains.get(use) instanceof List && covers((List<?>) domains.get(use), address);
        say(granted ? "let_out" : "kept_in", "program", id, "use", use, "address", address);
        return granted;
    }

    /** The program when it may run at all: it is here, not closed, and its agreement is accepted. */
    Map<String, Object> running(String id) {
        Map<String, Object> program = store.program(id);
        if (program == null || program.get("closed") != null || toAccept(id, number(program, "code")) != null) return null;
        return program;
    }

    /** https on its ordinary port, and a name of the list; "*.example.com" covers every name below, not that one itself. */
    static boolean covers(List<?> names, String address) {
        URL url;
        try {
            url = new URL(address);
        } catch (IOException unreadable) {
            return false;
        }
        String host = url.getHost().toLowerCase(Locale.ROOT);
        if (!url.getProtocol().equals("https") || (url.getPort() != -1 && url.getPort() != 443)) return false;
        if (url.getUserInfo() != null || host.isEmpty()) return false;
        for (Object each : names) {
            String name = String.valueOf(each);
            if (name.startsWith("*.") ? host.endsWith(name.substring(1)) : host.equals(name)) return true;
        }
        return false;
    }

    /** The privacy agreement that somebody has to accept before this version opens; null when there is none to accept. */
    Map<String, Object> toAccept(String id, long code) {
        Map<String, Object> agreement = object(terms(id, code), "privacy");
        if (agreement == null) return null;
        return number(agreement, "version") > number(store.entry("agreed", id), "version") ? agreement : null;
    }

    /** The person has read the agreement and said yes: kept here, and told until an answer comes. */
    void agree(String id, Map<String, Object> agreement) {
        Map<String, Object> accepted = json("program", id, "version", number(agreement, "version"));
        store.putEntry("agreed", id, accepted);
        List<Object> untold = new ArrayList<>(store.list("untold"));
        untold.add(accepted);
        store.put("untold", untold);
        say("agreed", "program", id, "version", accepted.get("version"));
    }

    /** Tell the platform what was accepted; what it refuses is not told again. */
    void tellAgreed() {
        while (!store.list("untold").isEmpty() && store.number("not_before") <= now()) {
            Map<String, Object> accepted = objects(store.facts, "untold").get(0);
            try {
                withDevice(device -> edge.post("/v1/privacy/accept", accepted, text(device, "token")));
                say("agreement_told", "program", accepted.get("program"), "version", accepted.get("version"));
            } catch (EdgeFailure failure) {
                say(failure.kind, "status", (long) failure.status, "message", failure.getMessage());
                obey(failure);
                if (!failure.kind.equals("refused")) return;
            }
            store.put("untold", store.list("untold").subList(1, store.list("untold").size()));
        }
    }

    /** The text in the person's language, else in any. */
    String spoken(Map<String, Object> texts) {
        if (texts == null || texts.isEmpty()) return "";
        return texts.containsKey(language) ? text(texts, language) : text(texts, texts.keySet().iterator().next());
    }

    /** What is signed: made of our own app key and the update, never of what a server sends as a statement. */
    Map<String, Object> statement(String id, long code, Map<String, Object> offered) {
        return json("host_app", appKey, "program", id, "version_code", code, "sha256", text(offered, "sha256"),
                "size", number(offered, "size"), "files_root", text(offered, "files_root"));
    }

    /** Size, hash and signature; of a package that is here in parts the signature, and each part by itself. */
    void verifyPackage(Map<String, Object> version) throws Refused {
        Map<String, Object> statement = object(version, "statement");
        File file = store.file(text(statement, "sha256"));
        if (!file.exists() && !partsOf(version).isEmpty()) {
            verify(statement, object(version, "signature"), "package");
            return;
        }
        if (file.length() != number(statement, "size")) throw new Refused("size");
        if (!sha256(file).equals(statement.get("sha256"))) throw new Refused("hash");
        verify(statement, object(version, "signature"), "package");
    }

    // Sub-packages one by one, and plugins: what the signed terms name beside the package. docs/sub-packages.md

    Map<String, Object> termsOf(Map<String, Object> version) {
        return terms(text(object(version, "statement"), "program"), number(version, "code"));
    }

    /** The parts in which a version is here; none when it came as a whole. */
    List<Map<String, Object>> partsOf(Map<String, Object> version) {
        boolean whole = store.file(text(object(version, "statement"), "sha256")).exists();
        return whole ? new ArrayList<>() : objects(termsOf(version), "parts");
    }

    /** The plugins that there are; one that is not there any more has no package, and is done without. */
    List<Map<String, Object>> pluginsOf(Map<String, Object> terms) {
        List<Map<String, Object>> found = new ArrayList<>();
        for (Map<String, Object> each : objects(terms, "plugins")) if (!text(each, "sha256").isEmpty()) found.add(each);
        return found;
    }

    /** The hashes of all that a version may have on the phone beside its package. */
    List<Object> beside(String id, long code) {
        List<Map<String, Object>> all = new ArrayList<>(objects(terms(id, code), "parts"));
        all.addAll(pluginsOf(terms(id, code)));
        List<Object> found = new ArrayList<>();
        for (Map<String, Object> each : all) found.add(text(each, "sha256"));
        return found;
    }

    /** The parts without which a page does not run: its own, and the main part unless its own is independent. */
    static List<Map<String, Object>> needed(List<Map<String, Object>> parts, String page) {
        Map<String, Object> main = null, own = null;
        for (Map<String, Object> part : parts) {
            if (text(part, "root").isEmpty()) main = part;
            else if (page.startsWith(text(part, "root") + "/")) own = part;
        }
        List<Map<String, Object>> found = new ArrayList<>();
        boolean alone = own != null && Boolean.TRUE.equals(own.get("independent"));
        if (main != null && !alone) found.add(main);
        if (own != null) found.add(own);
        return found;
    }

    /** Has the plugins of a version here, the parts of the page that it opens with, and those it had in `before`. */
    void fetchBeside(Map<String, Object> version, Map<String, Object> before) throws EdgeFailure, Refused {
        String id = text(object(version, "statement"), "program");
        Set<String> had = new HashSet<>();
        for (Map<String, Object> part : before == null ? new ArrayList<Map<String, Object>>() : partsOf(before)) {
            if (fault(part) == null) had.add(text(part, "name"));
        }
        List<Map<String, Object>> parts = partsOf(version), needed = needed(parts, pageOf(version));
        for (Map<String, Object> part : parts) if (needed.contains(part) || had.contains(text(part, "name"))) fetch(id, part);
        for (Map<String, Object> plugin : pluginsOf(termsOf(version))) fetch(id, plugin);
    }

    /** What to have at hand while a page is open: its rule names it as a file, with or without its ending. */
    void preload(Map<String, Object> version, String page) throws EdgeFailure, Refused {
        Map<String, Object> rules = object(termsOf(version), "preload");
        String id = text(object(version, "statement"), "program");
        for (String name : List.of(page, page.replaceAll("(/index)?\\.html?$", ""), page.replaceAll("\\.html?$", ""))) {
            Object wanted = rules == null ? null : rules.get(name);
            for (Map<String, Object> part : partsOf(version)) {
                if (wanted instanceof List && ((List<?>) wanted).contains(part.get("name"))) fetch(id, part);
            }
        }
    }

    /** One part or plugin, fetched when it is not here or damaged, and never kept with other bytes than were signed. */
    void fetch(String id, Map<String, Object> part) throws EdgeFailure, Refused {
        String damage = fault(part), sha256 = text(part, "sha256");
        if (damage == null) return;
        boolean damaged = store.file(sha256).exists();
        if (damaged) store.delete(sha256);
        try {
            long held = store.number("not_before") - now();
            if (held > 0) throw new EdgeFailure("busy", 0, "asked to wait", held);
            edge.download(edge.url + "/packages/" + sha256, number(part, "size"), sha256, store.file(sha256));
            String wrong = fault(part);
            if (wrong != null) throw new Fetched(wrong);
        } catch (EdgeFailure failure) {
            obey(failure);
            if (damaged) throw new Refused(damage); // nothing that can be run is here
            throw failure;
        } catch (Refused wrong) {
            store.delete(sha256);
            throw damaged ? new Refused(damage) : new Fetched(wrong.getMessage());
        }
        say("part", "program", id, "name", part.containsKey("alias") ? part.get("alias") : part.get("name"), "size", part.get("size"));
    }

    /** What is wrong with a part as it lies here: absent, size or hash; null when it is what was signed. */
    String fault(Map<String, Object> part) throws Refused {
        File file = store.file(text(part, "sha256"));
        if (!file.exists()) return "absent";
        if (file.length() != number(part, "size")) return "size";
        return sha256(file).equals(part.get("sha256")) ? null : "hash";
    }

    /** The page that a version opens with: where a link leads, else its entry. */
    String pageOf(Map<String, Object> version) {
        String page = pages.getOrDefault(text(object(version, "statement"), "program"), "");
        return plain(page) ? page : text(version, "entry");
    }

    /** Raises Refused unless a key that counts for this purpose has signed the canonical JSON of `statement`. */
    void verify(Map<String, Object> statement, Map<String, Object> signature, String purpose) throws Refused {
        String pem = signature == null ? null : key(text(signature, "kid"), purpose);
        if (pem == null) throw new Refused("key");
        if (!isSigned(statement, signature, pem)) throw new Refused("signature");
    }

    static boolean isSigned(Map<String, Object> statement, Map<String, Object> signature, String pem) {
        try {
            byte[] der = Base64.getDecoder().decode(pem.replaceAll("-----[^-]+-----|\\s", ""));
            PublicKey key = KeyFactory.getInstance("EC").generatePublic(new X509EncodedKeySpec(der));
            Signature verifier = Signature.getInstance("SHA256withECDSA"); // takes DER as it is
            verifier.initVerify(key);
            verifier.update(Json.canonical(statement).getBytes(StandardCharsets.UTF_8));
            return "ES256".equals(signature.get("alg")) && verifier.verify(Base64.getDecoder().decode(text(signature, "value")));
        } catch (GeneralSecurityException | IllegalArgumentException unreadable) {
            return false;
        }
    }

    /** The key of this id and purpose in the list that a root key signed. */
    String key(String kid, String purpose) {
        for (Map<String, Object> each : objects(store.object("keys"), "keys")) {
            if (kid.equals(each.get("kid")) && purpose.equals(each.get("purpose"))) return text(each, "pem");
        }
        return null;
    }

    /** Verify the current version anew and unpack it; a damaged one is deleted and the one before opens. With an agreement
        to accept nothing opens until somebody has; `agrees` says that he does. */
    boolean open(String id, boolean agrees) {
        Map<String, Object> program = store.program(id);
        if (program == null) {
            say("absent", "program", id);
            return false;
        }
        if (program.get("closed") != null) {
            say("stays_closed", "program", id, "message", program.get("closed"));
            return false;
        }
        for (String place : List.of("current", "previous")) {
            Map<String, Object> version = object(program, place);
            if (version == null) continue;
            long code = number(version, "code");
            try {
                verifyPackage(version);
                fetchBeside(version, null);
                File folder = unpack(version);
                String page = pageOf(version);
                if (!opens(version, folder, page)) { // a link to a page that there is not
                    page = text(version, "entry");
                    for (Map<String, Object> part : needed(partsOf(version), page)) fetch(id, part);
                    folder = unpack(version);
                    if (!opens(version, folder, page)) throw new Refused("form");
                }
                if (place.equals("previous")) {
                    program.putAll(json("current", version, "previous", null, "code", code));
                    store.keep(program);
                }
                Map<String, Object> agreement = toAccept(id, code);
                if (agreement != null) {
                    say("agreement", "program", id, "version", number(agreement, "version"), "text", spoken(object(agreement, "text")),
                            "url", spoken(object(agreement, "url")));
                    if (!agrees) return false;
                    agree(id, agreement);
                }
                Map<String, Object> terms = terms(id, code);
                say("opened", "program", id, "code", code, "name", version.get("name"), "entry", version.get("entry"), "page", page,
                        "title", title(new File(folder, page)), "capabilities", terms.getOrDefault("capabilities", List.of()),
                        "domains", terms.getOrDefault("domains", new LinkedHashMap<>()));
                ahead(version, page);
                return true;
            } catch (EdgeFailure failure) {
                say("part_missing", "program", id, "message", failure.getMessage());
                return false;
            } catch (Fetched wrong) {
                report(id, code, wrong.getMessage());
                return false;
            } catch (Refused refused) { // with a key that is revoked: the bytes may yet be vouched for by another
                if (!refused.getMessage().equals("key")) store.delete(text(object(version, "statement"), "sha256"));
                report(id, code, refused.getMessage());
                if (program.get("previous") == null && !refused.getMessage().equals("key")) forget(id);
            }
        }
        return false;
    }

    /** Nothing of a program is left that can run: it is wanted anew, and the state that says it is done is not true. */
    void forget(String id) {
        store.drop(id);
        store.remove("state");
        List<Object> wanted = new ArrayList<>(store.list("wanted"));
        wanted.add(id);
        store.put("wanted", wanted);
    }

    /** What is fetched ahead and cannot be is fetched when it is asked for. */
    void ahead(Map<String, Object> version, String page) {
        String id = text(object(version, "statement"), "program");
        try {
            preload(version, page);
        } catch (EdgeFailure later) {
            say("part_missing", "program", id, "message", later.getMessage());
        } catch (Refused wrong) {
            report(id, number(version, "code"), wrong.getMessage());
        }
    }

    /** The package's files in a fresh folder. Refuses everything that is not a plain file of the signed table. */
    File unpack(Map<String, Object> version) throws Refused {
        Map<String, Object> statement = object(version, "statement");
        File folder = new File(store.dir, "open/" + statement.get("sha256")), whole = store.file(text(statement, "sha256"));
        Store.wipe(folder);
        List<List<Object>> table = new ArrayList<>();
        boolean all = true;
        if (whole.exists()) unzip(whole, folder, table);
        for (Map<String, Object> part : partsOf(version)) {
            if (fault(part) == null) unzip(store.file(text(part, "sha256")), folder, table);
            else all = false;
        }
        for (Map<String, Object> plugin : pluginsOf(termsOf(version))) {
            String alias = text(plugin, "alias"); // by which a page finds it
            if (!plain(alias) || alias.contains("/")) throw new Refused("form");
            File below = new File(folder, ".ferry/plugin/" + alias);
            if (fault(plugin) == null) unzip(store.file(text(plugin, "sha256")), below, new ArrayList<>());
        }
        table.sort((one, other) -> byCodePoint((String) one.get(0), (String) other.get(0)));
        String root = hex(digest(Json.canonical(table).getBytes(StandardCharsets.UTF_8)));
        if (all && !root.equals(statement.get("files_root"))) throw new Refused("files");
        if (whole.exists() && !opens(version, folder, text(version, "entry"))) throw new Refused("form");
        return folder;
    }

    /** Whether there is something to open; of other kinds than h5 the entry is a page's name, for the runtime to find. */
    static boolean opens(Map<String, Object> version, File folder, String page) {
        return !"h5".equals(version.get("kind")) || new File(folder, page).isFile();
    }

    /** The files of one canonical package into a folder, each with a line in the table. */
    static void unzip(File file, File folder, List<List<Object>> table) throws Refused {
        try (ZipFile zip = new ZipFile(file)) {
            Set<String> seen = new HashSet<>();
            for (ZipEntry entry : Collections.list(zip.entries())) {
                File target = safe(folder, entry, seen);
                Files.createDirectories(target.getParentFile().toPath());
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                long size = 0;
                try (InputStream in = zip.getInputStream(entry); OutputStream out = new FileOutputStream(target)) {
                    byte[] piece = new byte[65_536];
                    for (int read; (read = in.read(piece)) > 0; size += read) {
                        digest.update(piece, 0, read);
                        out.write(piece, 0, read);
                    }
                }
                table.add(List.of(entry.getName(), size, hex(digest.digest())));
            }
        } catch (IOException | GeneralSecurityException | IllegalArgumentException broken) {
            throw new Refused("form");
        }
    }

    /** A relative path without tricks. */
    static boolean plain(String name) {
        boolean plain = !name.isEmpty() && name.indexOf('\\') < 0 && name.indexOf('\0') < 0 && name.indexOf(':') < 0;
        for (String part : name.split("/", -1)) plain &= !part.isEmpty() && !part.equals(".") && !part.equals("..");
        return plain;
    }

    static File safe(File folder, ZipEntry entry, Set<String> seen) throws Refused, IOException {
        String name = entry.getName();
        if (!plain(name) || !seen.add(name) || entry.getMethod() != ZipEntry.STORED) throw new Refused("form");
        File target = new File(folder, name);
        String inside = folder.getCanonicalPath() + File.separator; // with the separator: "a" does not hold "ab"
        if (!target.getCanonicalPath().startsWith(inside)) throw new Refused("form");
        return target;
    }

    void report(String program, long code, String reason) {
        say("refused", "program", program, "code", code, "reason", reason);
        List<Object> problems = new ArrayList<>(store.list("problems"));
        problems.add(program + "@" + code + " " + reason);
        store.put("problems", problems.subList(Math.max(0, problems.size() - 20), problems.size()));
    }

    static String title(File entry) {
        try {
            String page = new String(Files.readAllBytes(entry.toPath()), StandardCharsets.UTF_8);
            Matcher found = Pattern.compile("<title>([^<]*)</title>").matcher(page);
            return found.find() ? found.group(1).trim() : "";
        } catch (IOException unreadable) {
            return "";
        }
    }

    // ---------------------------------------------------------------- the platform's edge

    /** This package or these terms must not count; the message is size, hash, signature, key, terms, files or form. */
    static class Refused extends Exception {
        Refused(String reason) {
            super(reason);
        }
    }

    /** What came is wrong, and nothing that is on the phone. */
    static final class Fetched extends Refused {
        Fetched(String reason) {
            super(reason);
        }
    }

    /** Kinds: unreachable, server (5xx), busy (429 or 503), token (401), refused (any other 4xx). */
    static final class EdgeFailure extends Exception {
        final String kind;
        final int status;
        final long retryAfterMs; // -1: the answer did not say

        EdgeFailure(String kind, int status, String message, long retryAfterMs) {
            super(message);
            this.kind = kind;
            this.status = status;
            this.retryAfterMs = retryAfterMs;
        }
    }

    static final class Edge {
        final String url, appKey;
        boolean offline; // nothing is sent

        Edge(String url, String appKey) {
            this.url = url.replaceAll("/+$", "");
            this.appKey = appKey;
        }

        Map<String, Object> get(String path) throws EdgeFailure {
            return answer(path, null, null);
        }

        Map<String, Object> post(String path, Map<String, Object> body, String token) throws EdgeFailure {
            return answer(path, body, token);
        }

        private Map<String, Object> answer(String path, Map<String, Object> body, String token) throws EdgeFailure {
            if (offline) throw new EdgeFailure("unreachable", 0, "offline", -1);
            try {
                HttpURLConnection line = connect(url + path);
                line.setRequestProperty("X-App-Key", appKey);
                if (token != null) line.setRequestProperty("Authorization", "Device " + token);
                if (body != null) {
                    line.setDoOutput(true);
                    line.setRequestProperty("Content-Type", "application/json");
                    try (OutputStream out = line.getOutputStream()) {
                        out.write(Json.canonical(body).getBytes(StandardCharsets.UTF_8));
                    }
                }
                if (line.getResponseCode() != 200) throw failure(line);
                try (InputStream in = line.getInputStream()) {
                    return Json.object(new String(bounded(in), StandardCharsets.UTF_8));
                }
            } catch (IOException | Json.Unreadable broken) {
                throw new EdgeFailure("unreachable", 0, String.valueOf(broken.getMessage()), -1);
            }
        }

        /** The bytes of `from` into `file`, going on where an earlier attempt was broken off; never more than `size`. */
        void download(String from, long size, String sha256, File file) throws EdgeFailure, Refused {
            if (offline) throw new EdgeFailure("unreachable", 0, "offline", -1);
            File part = new File(file.getPath() + ".part");
            try {
                long have = part.length();
                if (have > size) Files.delete(part.toPath());
                if (have < size) {
                    HttpURLConnection line = connect(from);
                    if (have > 0) {
                        line.setRequestProperty("Range", "bytes=" + have + "-");
                        line.setRequestProperty("If-Range", "\"" + sha256 + "\"");
                    }
                    int status = line.getResponseCode();
                    if (status != 200 && status != 206) throw failure(line);
                    boolean goesOn = status == 206 && String.valueOf(line.getHeaderField("Content-Range")).startsWith("bytes " + have + "-");
                    if (goesOn) say("resumed", "at", have);
                    try (InputStream in = line.getInputStream(); OutputStream out = new FileOutputStream(part, goesOn)) {
                        byte[] piece = new byte[65_536];
                        long there = goesOn ? have : 0;
                        for (int read; (read = in.read(piece)) > 0; ) {
                            there += read;
                            if (there > size) throw new Refused("size");
                            out.write(piece, 0, read);
                        }
                    }
                }
                if (part.length() < size) throw new IOException("the download broke off at " + part.length());
                Files.move(part.toPath(), file.toPath(), StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException broken) {
                throw new EdgeFailure("unreachable", 0, String.valueOf(broken.getMessage()), -1);
            }
        }

        private static HttpURLConnection connect(String address) throws IOException {
            HttpURLConnection line = (HttpURLConnection) new URL(address).openConnection();
            line.setConnectTimeout(CONNECT_MS);
            line.setReadTimeout(READ_MS);
            line.setRequestProperty("Accept-Encoding", "identity"); // ranges and hashes are over the package itself
            line.setUseCaches(false);
            return line;
        }

        private static EdgeFailure failure(HttpURLConnection line) throws IOException {
            int status = line.getResponseCode();
            String code = "", message = "status " + status;
            try (InputStream in = line.getErrorStream()) {
                Map<String, Object> error = in == null ? null : FerryHost.object(Json.object(new String(bounded(in), StandardCharsets.UTF_8)), "error");
                if (error != null) {
                    code = text(error, "code");
                    message = text(error, "message");
                }
            } catch (Json.Unreadable other) {
                message = "status " + status; // a proxy's own page
            }
            boolean token = status == 401 && !code.equals("app_key_unknown");
            boolean busy = status == 429 || status == 503;
            String kind = token ? "token" : busy ? "busy" : status >= 500 ? "server" : "refused";
            return new EdgeFailure(kind, status, message, retryAfter(line.getHeaderField("Retry-After")));
        }

        /** In ms; -1 when absent or unreadable. A number of seconds, or an HTTP date. */
        static long retryAfter(String value) {
            if (value == null) return -1;
            if (value.trim().matches("\\d{1,9}")) return Long.parseLong(value.trim()) * 1000;
            try {
                long at = ZonedDateTime.parse(value.trim(), DateTimeFormatter.RFC_1123_DATE_TIME).toInstant().toEpochMilli();
                return Math.max(0, at - now());
            } catch (RuntimeException unreadable) {
                return -1;
            }
        }

        private static byte[] bounded(InputStream in) throws IOException {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            byte[] piece = new byte[16_384];
            for (int read; (read = in.read(piece)) > 0; ) {
                out.write(piece, 0, read);
                if (out.size() > MOST_JSON) throw new IOException("the answer is too long");
            }
            return out.toByteArray();
        }
    }

    // ---------------------------------------------------------------- what the phone keeps

    /** One JSON file, replaced as a whole, and the packages beside it. An app keeps the token in the key store. */
    static final class Store {
        final File dir;
        final Map<String, Object> facts;

        Store(File dir) {
            this.dir = dir;
            try {
                Files.createDirectories(new File(dir, "packages").toPath());
                File file = new File(dir, "state.json");
                String text = file.exists() ? new String(Files.readAllBytes(file.toPath()), StandardCharsets.UTF_8) : "{}";
                facts = Json.object(text);
            } catch (IOException | Json.Unreadable broken) {
                throw new IllegalStateException("the folder cannot be used: " + broken.getMessage());
            }
        }

        Object get(String name) {
            return facts.get(name);
        }

        long number(String name) {
            return facts.get(name) == null ? 0 : FerryHost.number(facts, name);
        }

        Map<String, Object> object(String name) {
            return FerryHost.object(facts, name);
        }

        @SuppressWarnings("unchecked")
        List<Object> list(String name) {
            return facts.get(name) == null ? new ArrayList<>() : (List<Object>) facts.get(name);
        }

        void put(String name, Object value) {
            facts.put(name, value instanceof List ? new ArrayList<>((List<?>) value) : value);
            write();
        }

        void remove(String name) {
            facts.remove(name);
            write();
        }

        /** One entry of a table among the facts; empty when there is none. */
        Map<String, Object> entry(String table, String name) {
            Map<String, Object> all = object(table), found = all == null ? null : FerryHost.object(all, name);
            return found == null ? new LinkedHashMap<>() : found;
        }

        void putEntry(String table, String name, Map<String, Object> value) {
            Map<String, Object> all = object(table) == null ? new TreeMap<>() : object(table);
            all.put(name, value);
            put(table, all);
        }

        Map<String, Object> program(String id) {
            Map<String, Object> all = object("programs");
            return all == null ? null : FerryHost.object(all, id);
        }

        List<Map<String, Object>> programs() {
            List<Map<String, Object>> found = new ArrayList<>();
            Map<String, Object> all = object("programs");
            if (all != null) for (String id : all.keySet()) found.add(FerryHost.object(all, id));
            return found;
        }

        void drop(String id) {
            Map<String, Object> all = object("programs");
            all.remove(id);
            put("programs", all);
        }

        /** Store the program, then let go of packages that no program names. */
        void keep(Map<String, Object> program) {
            Map<String, Object> all = object("programs") == null ? new TreeMap<>() : object("programs");
            all.put(text(program, "id"), program);
            put("programs", all);
            Set<String> named = new HashSet<>();
            for (Map<String, Object> each : programs()) {
                for (String place : List.of("current", "previous")) {
                    Map<String, Object> version = FerryHost.object(each, place);
                    if (version == null) continue;
                    named.add(text(FerryHost.object(version, "statement"), "sha256"));
                    if (version.get("beside") != null) for (Object sha : (List<?>) version.get("beside")) named.add((String) sha);
                }
            }
            File[] files = new File(dir, "packages").listFiles();
            for (File file : files == null ? new File[0] : files) {
                String name = file.getName();
                if (name.endsWith(".zip") && !named.contains(name.substring(0, 64))) delete(name.substring(0, 64));
            }
        }

        File file(String sha256) {
            if (!sha256.matches("[0-9a-f]{64}")) throw new IllegalArgumentException("not a hash");
            return new File(dir, "packages/" + sha256 + ".zip");
        }

        void delete(String sha256) {
            wipe(file(sha256));
            wipe(new File(file(sha256).getPath() + ".part"));
            wipe(new File(dir, "open/" + sha256));
        }

        private void write() {
            try {
                File next = new File(dir, "state.json.next");
                try (FileOutputStream out = new FileOutputStream(next)) {
                    out.write(Json.canonical(facts).getBytes(StandardCharsets.UTF_8));
                    out.getFD().sync();
                }
                Files.move(next.toPath(), new File(dir, "state.json").toPath(), StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException full) {
                throw new IllegalStateException("the phone's storage cannot be written: " + full.getMessage());
            }
        }

        static void wipe(File file) {
            File[] inside = Files.isSymbolicLink(file.toPath()) ? null : file.listFiles();
            for (File each : inside == null ? new File[0] : inside) wipe(each);
            if (file.exists() && !file.delete()) throw new IllegalStateException("cannot delete " + file);
        }
    }

    // ---------------------------------------------------------------- JSON: an app has org.json; canonical() it needs

    static final class Json {
        /** The text is no JSON. */
        static final class Unreadable extends Exception {
            Unreadable(int at) {
                super("no JSON at " + at);
            }
        }

        private static final int DEEPEST = 64;
        private final String text;
        private int at;

        private Json(String text) {
            this.text = text;
        }

        @SuppressWarnings("unchecked")
        static Map<String, Object> object(String text) throws Unreadable {
            Json reader = new Json(text);
            Object value = reader.value(0);
            reader.space();
            if (reader.at != text.length() || !(value instanceof Map)) throw new Unreadable(reader.at);
            return (Map<String, Object>) value;
        }

        private Object value(int depth) throws Unreadable {
            space();
            if (at >= text.length() || depth > DEEPEST) throw new Unreadable(at);
            char first = text.charAt(at);
            if (first == '{') {
                Map<String, Object> found = new LinkedHashMap<>();
                for (at++; !closes('}', found.isEmpty()); ) {
                    space();
                    String name = string();
                    space();
                    expect(":");
                    found.put(name, value(depth + 1));
                }
                return found;
            }
            if (first == '[') {
                List<Object> found = new ArrayList<>();
                for (at++; !closes(']', found.isEmpty()); ) found.add(value(depth + 1));
                return found;
            }
            if (first == '"') return string();
            if (first == 't') return word("true", true);
            if (first == 'f') return word("false", false);
            if (first == 'n') return word("null", null);
            Matcher number = Pattern.compile("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?").matcher(text).region(at, text.length());
            if (!number.lookingAt()) throw new Unreadable(at);
            at = number.end();
            boolean whole = number.group(2) == null && number.group(3) == null && number.group().length() < 19;
            return whole ? (Object) Long.valueOf(number.group()) : (Object) Double.valueOf(number.group());
        }

        private boolean closes(char end, boolean first) throws Unreadable {
            space();
            if (at < text.length() && text.charAt(at) == end) {
                at++;
                return true;
            }
            if (!first) expect(",");
            return false;
        }

        private Object word(String word, Object value) throws Unreadable {
            expect(word);
            return value;
        }

        private void expect(String word) throws Unreadable {
            if (!text.startsWith(word, at)) throw new Unreadable(at);
            at += word.length();
        }

        private void space() {
            while (at < text.length() && " \t\r\n".indexOf(text.charAt(at)) >= 0) at++;
        }

        private String string() throws Unreadable {
            expect("\"");
            StringBuilder found = new StringBuilder();
            while (at < text.length()) {
                char next = text.charAt(at++);
                if (next == '"') return found.toString();
                if (next != '\\') {
                    found.append(next);
                    continue;
                }
                if (at >= text.length()) break;
                char escaped = text.charAt(at++);
                int plain = "\"\\/bfnrt".indexOf(escaped);
                if (plain >= 0) found.append("\"\\/\b\f\n\r\t".charAt(plain));
                else if (escaped == 'u' && at + 4 <= text.length() && text.substring(at, at + 4).matches("[0-9a-fA-F]{4}")) {
                    found.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                    at += 4;
                } else throw new Unreadable(at);
            }
            throw new Unreadable(at);
        }

        /** RFC 8785 for the values that Ferry signs: keys sorted by UTF-16 units, no spaces, whole numbers. */
        static String canonical(Object value) {
            StringBuilder out = new StringBuilder();
            write(value, out);
            return out.toString();
        }

        private static void write(Object value, StringBuilder out) {
            if (value instanceof Map) {
                String comma = "{";
                for (Map.Entry<?, ?> member : new TreeMap<>((Map<?, ?>) value).entrySet()) {
                    out.append(comma);
                    write(member.getKey(), out);
                    out.append(':');
                    write(member.getValue(), out);
                    comma = ",";
                }
                out.append(comma.equals("{") ? "{}" : "}");
            } else if (value instanceof List) {
                String comma = "[";
                for (Object each : (List<?>) value) {
                    out.append(comma);
                    write(each, out);
                    comma = ",";
                }
                out.append(comma.equals("[") ? "[]" : "]");
            } else if (value instanceof String) {
                quote((String) value, out);
            } else {
                out.append(value);
            }
        }

        private static void quote(String text, StringBuilder out) {
            out.append('"');
            for (char letter : text.toCharArray()) {
                int plain = "\"\\\b\f\n\r\t".indexOf(letter);
                if (plain >= 0) out.append('\\').append("\"\\bfnrt".charAt(plain));
                else if (letter < ' ') out.append(String.format("\\u%04x", (int) letter));
                else out.append(letter);
            }
            out.append('"');
        }
    }

    // ---------------------------------------------------------------- small things

    static Map<String, Object> json(Object... members) {
        Map<String, Object> made = new LinkedHashMap<>();
        for (int at = 0; at < members.length; at += 2) made.put((String) members[at], members[at + 1]);
        return made;
    }

    @SuppressWarnings("unchecked")
    static Map<String, Object> object(Map<String, Object> from, String name) {
        return from.get(name) instanceof Map ? (Map<String, Object>) from.get(name) : null;
    }

    @SuppressWarnings("unchecked")
    static List<Map<String, Object>> objects(Map<String, Object> from, String name) {
        return from != null && from.get(name) instanceof List ? (List<Map<String, Object>>) from.get(name) : new ArrayList<>();
    }

    static String text(Map<String, Object> from, String name) {
        return from.get(name) instanceof String ? (String) from.get(name) : "";
    }

    static long number(Map<String, Object> from, String name) {
        return from.get(name) instanceof Long ? (Long) from.get(name) : 0;
    }

    static long now() {
        return System.currentTimeMillis();
    }

    static int byCodePoint(String one, String other) {
        for (int at = 0; at < one.length() && at < other.length(); at++) {
            if (one.charAt(at) != other.charAt(at)) {
                // Where the first difference is inside a pair, the pairs' first halves were equal: units then order right.
                boolean pairs = Character.isSurrogate(one.charAt(at)) != Character.isSurrogate(other.charAt(at));
                int units = one.charAt(at) - other.charAt(at);
                return pairs ? (Character.isSurrogate(one.charAt(at)) ? 1 : -1) : units;
            }
        }
        return one.length() - other.length();
    }

    static byte[] digest(byte[] bytes) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(bytes);
        } catch (GeneralSecurityException never) {
            throw new IllegalStateException(never);
        }
    }

    static String sha256(File file) throws Refused {
        try (InputStream in = new FileInputStream(file)) {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            byte[] piece = new byte[65_536];
            for (int read; (read = in.read(piece)) > 0; ) digest.update(piece, 0, read);
            return hex(digest.digest());
        } catch (IOException | GeneralSecurityException unreadable) {
            throw new Refused("hash");
        }
    }

    static String hex(byte[] bytes) {
        StringBuilder out = new StringBuilder();
        for (byte each : bytes) out.append(Character.forDigit(each >> 4 & 15, 16)).append(Character.forDigit(each & 15, 16));
        return out.toString();
    }

    static void say(String event, Object... details) {
        Map<String, Object> line = json("event", event);
        line.putAll(json(details));
        System.out.println(Json.canonical(line));
    }

    // ---------------------------------------------------------------- the command

    static final String USAGE = "usage: java FerryHost.java --edge URL --app-key KEY --dir DIR [--want ID]… [--open ID]…"
            + " [--agree ID]…"
            + " [--call ID=CAPABILITY]… [--reach ID=URL]… [--view ID=URL]… [--page ID=PATH]… [--platform android] [--host-version 6.3.0]"
            + " [--language en] [--root KID=FILE.pem]… [--turns N] [--offline]";

    public static void main(String[] args) throws Exception {
        Map<String, String> one = new LinkedHashMap<>();
        List<String> want = new ArrayList<>(), open = new ArrayList<>(), agree = new ArrayList<>();
        List<String[]> asked = new ArrayList<>(); // what an open program would: --call, --reach or --view, its id, the rest
        Map<String, String> roots = new LinkedHashMap<>(), pages = new LinkedHashMap<>();
        for (int at = 0; at < args.length; at++) {
            String name = args[at];
            if (name.equals("--offline")) one.put(name, "");
            else if (at + 1 == args.length) usage();
            else if (name.equals("--want")) want.add(args[++at]);
            else if (name.equals("--open")) open.add(args[++at]);
            else if (name.equals("--agree")) agree.add(args[++at]);
            else if (List.of("--call", "--reach", "--view", "--page").contains(name)) {
                String[] pair = args[++at].split("=", 2);
                if (pair.length < 2) usage();
                if (name.equals("--page")) pages.put(pair[0], pair[1]);
                else asked.add(new String[] {name, pair[0], pair[1]});
            } else if (name.equals("--root")) {
                String[] key = args[++at].split("=", 2);
                if (key.length < 2) usage();
                roots.put(key[0], new String(Files.readAllBytes(new File(key[1]).toPath()), StandardCharsets.US_ASCII));
            } else if (List.of("--edge", "--app-key", "--dir", "--platform", "--host-version", "--language", "--turns").contains(name)) one.put(name, args[++at]);
            else usage();
        }
        for (String needed : List.of("--edge", "--app-key", "--dir")) if (!one.containsKey(needed)) usage();
        Map<String, String> about = new LinkedHashMap<>();
        about.put("platform", one.getOrDefault("--platform", "android"));
        about.put("host_version", one.getOrDefault("--host-version", "6.3.0"));
        about.put("os", System.getProperty("java.version"));
        FerryHost host = new FerryHost(one.get("--edge"), one.get("--app-key"), new File(one.get("--dir")), about, roots,
                one.getOrDefault("--language", "en"));
        host.pages.putAll(pages);
        if (!want.isEmpty()) {
            List<Object> wanted = new ArrayList<>(host.store.list("wanted"));
            for (String id : want) if (!wanted.contains(id)) wanted.add(id);
            host.store.put("wanted", wanted); // kept until an answer has come, also across restarts
        }
        host.edge.offline = one.containsKey("--offline");
        if (!host.edge.offline) {
            int turns = Integer.parseInt(one.getOrDefault("--turns", "1"));
            for (int turn = 1; turn <= turns; turn++) {
                long wait = host.turn();
                if (turn < turns) Thread.sleep(wait);
            }
        }
        boolean all = true;
        open.addAll(want);
        if (open.isEmpty()) for (Map<String, Object> program : host.store.programs()) open.add(text(program, "id"));
        for (String id : open) all &= host.open(id, agree.contains(id));
        for (String[] each : asked) {
            if (each[0].equals("--call")) all &= host.call(each[1], each[2]);
            else all &= host.reach(each[1], each[0].equals("--view") ? "webview" : "request", each[2]);
        }
        if (!host.edge.offline) host.tellAgreed();
        System.exit(all ? 0 : 1);
    }

    static void usage() {
        System.err.println(USAGE);
        System.exit(2);
    }
}
