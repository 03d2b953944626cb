package dev.mishap.control.store.etcd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.control.rules.Caller;
import dev.mishap.control.rules.Precondition;
import dev.mishap.control.rules.RuleChange;
import dev.mishap.control.rules.RuleDocument;
import dev.mishap.control.rules.RuleRegistry;
import dev.mishap.control.rules.StoredRule;
import dev.mishap.control.store.Bytes;
import dev.mishap.control.store.Event;
import dev.mishap.control.store.StoreContract.Told;
import dev.mishap.control.store.StoreException;
import dev.mishap.control.store.Transaction;
import dev.mishap.control.store.Watch;
import dev.mishap.rules.text.RuleLine;
import java.net.URI;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Members that die and come back, authentication, TLS, and two replicas on one etcd. */
class EtcdTroubleTest {
    @TempDir
    private Path directory;

    @BeforeAll
    static void need() {
        EtcdProcess.need();
    }

    private static <T> T get(CompletionStage<T> stage) {
        return StoreException.await(stage, 30_000);
    }

    /** Writes until it is done, as a client would who may do it twice. */
    private static long put(EtcdStore store, String key, String value) throws TimeoutException {
        long start = System.nanoTime();
        while (System.nanoTime() - start < TimeUnit.SECONDS.toNanos(60)) {
            try {
                return get(store.commit(Transaction.put(key, Bytes.utf8(value))));
            } catch (StoreException.Unavailable e) {
                continue;
            }
        }
        throw new TimeoutException("no write within a minute");
    }

    /** Values of a key as a watch tells them, up to one of them. */
    private static List<String> upTo(Told told, String last) throws InterruptedException {
        List<String> values = new ArrayList<>();
        while (values.isEmpty() || !values.get(values.size() - 1).equals(last)) {
            for (Event event : told.events()) {
                values.add(((Event.Put) event).entry().value().utf8());
            }
        }
        return values;
    }

    @Test
    void watchesGoOnWithoutAGapWhenEtcdIsKilledAndStartedAgain() throws Exception {
        try (EtcdProcess etcd = EtcdProcess.single(directory, "http");
                EtcdStore store = new EtcdStore(EtcdOptions.of(etcd.endpoint()));
                EtcdStore writer = new EtcdStore(EtcdOptions.of(etcd.endpoint()))) {
            long first = put(store, "k", "0");
            Told told = new Told();
            try (Watch watch = store.watch("k", first, told)) {
                assertThat(watch).isNotNull();
                assertThat(upTo(told, "0")).containsExactly("0");
                for (int round = 1; round <= 2; round++) {
                    etcd.kill();
                    assertThatThrownBy(() -> get(store.commit(Transaction.put("k", Bytes.utf8("lost")))))
                            .isInstanceOf(StoreException.Unavailable.class);
                    etcd.start();
                    // The other store's connection is there before the watch's may be: what is written then must not be
                    // missed.
                    List<String> written = new ArrayList<>();
                    for (int i = 0; i < 20; i++) {
                        String value = round + "." + i;
                        long before = put(writer, "k", value);
                        assertThat(before).isPositive();
                        written.add(value);
                    }
                    // A write that was answered by nobody may be there twice; in order it is.
                    assertThat(upTo(told, round + ".19").stream().distinct().toList())
                            .isEqualTo(written);
                }
            }
        }
    }

    @Test
    void theNextMemberTakesOverWhenTheLeaderDies() throws Exception {
        List<EtcdProcess> members = EtcdProcess.cluster(directory, 3);
        String[] endpoints = members.stream().map(EtcdProcess::endpoint).toArray(String[]::new);
        try (EtcdStore store = new EtcdStore(EtcdOptions.of(endpoints))) {
            long first = put(store, "k", "0");
            Told told = new Told();
            try (Watch watch = store.watch("k", first, told)) {
                assertThat(watch).isNotNull();
                assertThat(upTo(told, "0")).containsExactly("0");
                List<String> written = new ArrayList<>();
                for (int i = 0; i < 60; i++) {
                    if (i == 20) {
                        leader(members).kill();
                    }
                    put(store, "k", "v" + i);
                    written.add("v" + i);
                }
                assertThat(upTo(told, "v59").stream().distinct().toList()).isEqualTo(written);
                assertThat(get(store.get("k")).orElseThrow().value().utf8()).isEqualTo("v59");
            }
        } finally {
            members.forEach(EtcdProcess::close);
        }
    }

    private static EtcdProcess leader(List<EtcdProcess> members) throws Exception {
        for (EtcdProcess member : members) {
            String status = member.post("/v3/maintenance/status", "{}");
            String id = field(status, "member_id");
            if (id.equals(field(status, "leader"))) {
                return member;
            }
        }
        throw new AssertionError("no member is the leader");
    }

    private static String field(String json, String name) {
        int at = json.indexOf("\"" + name + "\":\"") + name.length() + 4;
        return json.substring(at, json.indexOf('"', at));
    }

    @Test
    void aMemberThatIsNotThereIsLeftForTheNext() throws Exception {
        try (EtcdProcess etcd = EtcdProcess.single(directory, "http")) {
            String dead = "http://127.0.0.1:" + EtcdProcess.freePort();
            try (EtcdStore store = new EtcdStore(EtcdOptions.of(dead, etcd.endpoint()))) {
                put(store, "k", "1");
                assertThat(get(store.get("k"))).isPresent();
                assertThat(get(store.keepAlive(get(store.grant(java.time.Duration.ofSeconds(30)))
                                .id())))
                        .isPositive();
            }
            try (EtcdStore store = new EtcdStore(EtcdOptions.of(dead))) {
                assertThatThrownBy(() -> get(store.get("k")))
                        .isInstanceOf(StoreException.Unavailable.class)
                        .hasMessageContaining("io exception");
                assertThatThrownBy(() -> get(store.commit(Transaction.put("k", Bytes.EMPTY))))
                        .isInstanceOfSatisfying(
                                StoreException.Unavailable.class,
                                e -> assertThat(e.unknown())
                                        .as("it was never sent")
                                        .isFalse());
            }
        }
    }

    @Test
    void usersArePermittedByTheirPassword() throws Exception {
        try (EtcdProcess etcd = EtcdProcess.single(directory, "http", "--auth-token-ttl", "2")) {
            try (EtcdStore store = new EtcdStore(EtcdOptions.of(etcd.endpoint()))) {
                put(store, "k", "1");
            }
            etcd.post("/v3/auth/user/add", "{\"name\":\"root\",\"password\":\"secret\"}");
            etcd.post("/v3/auth/user/grant", "{\"user\":\"root\",\"role\":\"root\"}");
            etcd.post("/v3/auth/enable", "{}");
            try (EtcdStore store = new EtcdStore(EtcdOptions.of(etcd.endpoint()))) {
                assertThatThrownBy(() -> get(store.get("k")))
                        .isInstanceOf(StoreException.Unavailable.class)
                        .hasMessageContaining("user name is empty");
            }
            EtcdOptions.of(etcd.endpoint());
            EtcdOptions user = new EtcdOptions(
                    List.of(URI.create(etcd.endpoint())), EtcdOptions.PREFIX, "root", "secret", null, null, null);
            assertThat(user.toString()).doesNotContain("secret");
            try (EtcdStore store = new EtcdStore(user)) {
                assertThat(get(store.get("k"))).isPresent();
                long revision = put(store, "k", "2");
                Told told = new Told();
                try (Watch watch = store.watch("k", revision, told)) {
                    assertThat(watch).isNotNull();
                    assertThat(told.events()).hasSize(1);
                }
                // Tokens of before are unknown to an etcd that was started again.
                etcd.kill();
                etcd.start();
                put(store, "k", "3");
                assertThat(get(store.get("k")).orElseThrow().value().utf8()).isEqualTo("3");
            }
            EtcdOptions wrong = new EtcdOptions(
                    List.of(URI.create(etcd.endpoint())), EtcdOptions.PREFIX, "root", "guess", null, null, null);
            try (EtcdStore store = new EtcdStore(wrong)) {
                assertThatThrownBy(() -> get(store.get("k"))).isInstanceOf(StoreException.Unavailable.class);
            }
        }
    }

    @Test
    void bothSidesShowCertificates() throws Exception {
        Path ca = certificate("ca", null);
        Path server = certificate("server", "ca");
        Path client = certificate("client", "ca");
        try (EtcdProcess etcd = EtcdProcess.single(
                directory,
                "https",
                "--cert-file",
                server.toString(),
                "--key-file",
                key("server").toString(),
                "--client-cert-auth",
                "--trusted-ca-file",
                ca.toString())) {
            List<URI> endpoints = List.of(URI.create(etcd.endpoint()));
            EtcdOptions options = new EtcdOptions(endpoints, EtcdOptions.PREFIX, null, null, ca, client, key("client"));
            try (EtcdStore store = new EtcdStore(options)) {
                put(store, "k", "1");
                assertThat(get(store.get("k"))).isPresent();
            }
            try (EtcdStore store =
                    new EtcdStore(new EtcdOptions(endpoints, EtcdOptions.PREFIX, null, null, ca, null, null))) {
                assertThatThrownBy(() -> get(store.get("k"))).isInstanceOf(StoreException.Unavailable.class);
            }
        }
    }

    private Path key(String name) {
        return directory.resolve(name + ".key");
    }

    private Path certificate(String name, String issuer) throws Exception {
        Path certificate = directory.resolve(name + ".pem");
        List<String> command = new ArrayList<>(List.of(
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=" + name,
                "-keyout",
                key(name).toString(),
                "-out",
                certificate.toString()));
        if (issuer != null) {
            command.addAll(List.of(
                    "-CA",
                    directory.resolve(issuer + ".pem").toString(),
                    "-CAkey",
                    key(issuer).toString(),
                    "-addext",
                    "subjectAltName=IP:127.0.0.1",
                    "-addext",
                    "basicConstraints=critical,CA:FALSE"));
        }
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(directory.resolve("openssl.log").toFile())
                .start();
        assertThat(process.waitFor()).isZero();
        return certificate;
    }

    @Test
    void replicasShareRulesAndOneOfThemEndsThem() throws Exception {
        try (EtcdProcess etcd = EtcdProcess.single(directory, "http");
                EtcdStore one = new EtcdStore(EtcdOptions.of(etcd.endpoint()));
                EtcdStore two = new EtcdStore(EtcdOptions.of(etcd.endpoint()))) {
            put(one, "warm", "up");
            Caller ann = Caller.of("ann", "test");
            try (RuleRegistry first = get(RuleRegistry.open(one, Clock.systemUTC(), "one"));
                    RuleRegistry second = get(RuleRegistry.open(two, Clock.systemUTC(), "two"))) {
                BlockingQueue<RuleChange> told = new LinkedBlockingQueue<>();
                second.subscribe(told::add);
                StoredRule rule = get(first.create(RuleDocument.of(RuleLine.parse("reset for 1h", "shared")), ann))
                        .rule();
                assertThat(first.get(rule.key())).isEqualTo(rule);
                StoredRule changed = get(second.replace(
                                RuleDocument.of(RuleLine.parse("abort 503 for 2s", "shared")),
                                Precondition.ifMatch(rule.etag()),
                                ann))
                        .rule();
                assertThat(changed.generation()).isEqualTo(2);
                boolean there = false;
                RuleChange change;
                do {
                    change = told.poll(30, TimeUnit.SECONDS);
                    assertThat(change).isNotNull();
                    there |= change.after().get(rule.key()) != null;
                } while (!there || change.after().get(rule.key()) != null);
                assertThat(get(one.list("audit/", null, 100, 0)).entries().toString())
                        .isNotEmpty();
            }
        }
    }
}
