package dev.mishap.proxy.tls;

import static dev.mishap.proxy.tls.TlsFixture.ca;
import static dev.mishap.proxy.tls.TlsFixture.certificate;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.transport.LineFiles;
import dev.mishap.proxy.transport.TransportSocketFactory;
import dev.mishap.proxy.transport.UpstreamTransport;
import dev.mishap.proxy.transport.UpstreamTransport.Options;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KeyLogTest {
    private static final String TRUST = "validation_context: {" + ca("ca") + "}";
    private static final String TLS_1_3 = ", tls_params: {tls_maximum_protocol_version: TLSv1_3}";

    private final Map<String, List<String>> files = new ConcurrentHashMap<>();

    private TlsFixture fixture() {
        TlsFixture f = new TlsFixture(TlsEngine.BORINGSSL);
        f.context.give(LineFiles.class, path -> files.computeIfAbsent(path, p -> new CopyOnWriteArrayList<>())::add);
        return f;
    }

    private static List<String> labels(List<String> lines) {
        return lines.stream().map(l -> l.substring(0, l.indexOf(' '))).toList();
    }

    @Test
    void both_sides_tell_the_same_secrets() {
        TlsFixture f = fixture();
        TransportSocketFactory server = f.server(certificate("server"), "key_log: {path: server}", "");
        UpstreamTransport client = f.client(TRUST + TLS_1_3 + ", key_log: {path: client}", "sni: server.test");
        try (TlsFixture.Wire w = f.new Wire(server, client, Options.NONE)) {
            assertThat(w.serverReady.isSuccess()).isTrue();
            assertThat(labels(files.get("server")))
                    .containsExactlyInAnyOrder(
                            "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                            "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                            "CLIENT_TRAFFIC_SECRET_0",
                            "SERVER_TRAFFIC_SECRET_0",
                            "EXPORTER_SECRET");
            assertThat(files.get("client")).containsExactlyInAnyOrderElementsOf(files.get("server"));
        }
    }

    @Test
    void tls_1_2_has_one_line() {
        TlsFixture f = fixture();
        TransportSocketFactory server = f.server(certificate("server"), "key_log: {path: server}", "");
        UpstreamTransport client = f.client(TRUST, "sni: server.test");
        try (TlsFixture.Wire w = f.new Wire(server, client, Options.NONE)) {
            assertThat(w.serverReady.isSuccess()).isTrue();
            assertThat(files.get("server"))
                    .singleElement()
                    .asString()
                    .matches("CLIENT_RANDOM [0-9a-f]{64} [0-9a-f]{96}");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8,    10.0.0.0/8,     true",
        "10.0.0.0/8,    192.168.0.0/16, false",
        "192.168.0.0/8, 10.0.0.0/8,     false",
        "10.0.0.1/32,   '',             true",
        "'',            10.0.0.2/32,    true",
        "'',            fd00::/8,       false",
    })
    void addresses_may_be_left_out(String local, String remote, boolean told) {
        TlsFixture f = fixture();
        String ranges = ranges("local_address_range", local) + ranges("remote_address_range", remote);
        TransportSocketFactory server = f.server(certificate("server"), "key_log: {path: server" + ranges + "}", "");
        try (TlsFixture.Wire w = f.new Wire(server, f.client(TRUST, "sni: server.test"), Options.NONE, info -> {
            info.localAddress = new InetSocketAddress("10.0.0.1", 1);
            info.remoteAddress = new InetSocketAddress("10.0.0.2", 2);
        })) {
            assertThat(w.serverReady.isSuccess()).isTrue();
            assertThat(files.get("server")).hasSize(told ? 1 : 0);
        }
    }

    private static String ranges(String field, String range) {
        if (range.isEmpty()) {
            return "";
        }
        int slash = range.indexOf('/');
        return ", " + field + ": [{address_prefix: '" + range.substring(0, slash) + "', prefix_len: "
                + range.substring(slash + 1) + "}]";
    }

    @Test
    void the_jdk_has_none() {
        TlsFixture f = new TlsFixture(TlsEngine.JDK);
        assertThatThrownBy(() -> f.server(certificate("server"), "key_log: {path: server}", ""))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining("key_log")
                .hasMessageContaining("TLS engine of the JDK");
    }

    @Test
    void a_range_has_to_be_one() {
        TlsFixture f = fixture();
        assertThatThrownBy(() -> f.client("key_log: {path: x" + ranges("local_address_range", "nothing/32") + "}", ""))
                .hasMessage("invalid ip/mask combo 'nothing/32' (format is <ip>/<# mask bits>)");
    }
}
