package dev.mishap.proxy.tls;

import static dev.mishap.proxy.tls.TlsFixture.ca;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.transport.TransportSocketFactory;
import dev.mishap.proxy.transport.UpstreamTransport;
import dev.mishap.proxy.transport.UpstreamTransport.Options;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Certificates that change while they are in use. */
class RotationTest {
    @TempDir
    Path dir;

    private void use(String name) throws IOException {
        for (String end : List.of(".crt", ".key")) {
            Path next = dir.resolve("next");
            Files.copy(TlsFixture.file(name + end), next, StandardCopyOption.REPLACE_EXISTING);
            Files.move(next, dir.resolve("own" + end), StandardCopyOption.ATOMIC_MOVE);
        }
    }

    private String certificate() {
        return "{certificate_chain: {filename: '" + dir.resolve("own.crt") + "'}, private_key: {filename: '"
                + dir.resolve("own.key") + "'}, watched_directory: {path: '" + dir + "'}}";
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void new_connections_get_the_new_certificate_and_a_bad_one_changes_nothing(TlsEngine engine) throws Exception {
        use("server");
        TlsFixture f = new TlsFixture(engine);
        TransportSocketFactory server = f.server(certificate(), "", "");
        UpstreamTransport client = f.client("validation_context: {" + ca("ca") + "}", "");
        assertThat(subject(f, server, client)).isEqualTo("CN=server.test");
        use("other");
        f.watchers.forEach(Runnable::run);
        assertThat(subject(f, server, client)).isEqualTo("CN=other.test");
        Files.writeString(dir.resolve("own.key"), "no key");
        f.watchers.forEach(Runnable::run);
        assertThat(subject(f, server, client)).isEqualTo("CN=other.test");
    }

    private static String subject(TlsFixture f, TransportSocketFactory server, UpstreamTransport client) {
        try (TlsFixture.Wire w = f.new Wire(server, client, Options.NONE)) {
            assertThat(w.clientReady.cause()).isNull();
            w.say(w.client, "request").say(w.server, "response");
            assertThat(w.atClient).hasToString("response");
            var session = w.info.tls;
            assertThat(session).isNotNull();
            return String.valueOf(session.fact(dev.mishap.proxy.transport.TlsSession.Fact.LOCAL_SUBJECT));
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void no_connection_fails_while_certificates_change(TlsEngine engine) throws Exception {
        use("server");
        TlsFixture f = new TlsFixture(engine);
        TransportSocketFactory server = f.server(certificate(), "", "");
        UpstreamTransport client = f.client("validation_context: {" + ca("ca") + "}", "max_session_keys: 0");
        AtomicBoolean rotated = new AtomicBoolean();
        Set<String> seen = ConcurrentHashMap.newKeySet();
        ExecutorService threads = Executors.newFixedThreadPool(3);
        try {
            List<Future<Integer>> clients = new ArrayList<>();
            Callable<Integer> traffic = () -> {
                int n = 0;
                while (!rotated.get()) {
                    seen.add(subject(f, server, client));
                    n++;
                }
                return n;
            };
            for (int i = 0; i < 3; i++) {
                clients.add(threads.submit(traffic));
            }
            for (int i = 0; i < 20 || seen.size() < 2; i++) {
                use(i % 2 == 0 ? "other" : "server");
                f.watchers.forEach(Runnable::run);
                System.gc(); // what nobody holds is freed under those that do
            }
            rotated.set(true);
            for (Future<Integer> c : clients) {
                assertThat(c.get()).isPositive();
            }
            assertThat(new HashSet<>(seen)).containsExactlyInAnyOrder("CN=server.test", "CN=other.test");
            assertThat(f.server("connection_error")).isZero();
        } finally {
            rotated.set(true);
            threads.shutdownNow();
        }
    }
}
