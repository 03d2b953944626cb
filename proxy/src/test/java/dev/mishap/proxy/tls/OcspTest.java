package dev.mishap.proxy.tls;

import static dev.mishap.proxy.tls.TlsFixture.ca;
import static dev.mishap.proxy.tls.TlsFixture.certificate;
import static dev.mishap.proxy.tls.TlsFixture.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.transport.TransportSocketFactory;
import dev.mishap.proxy.transport.UpstreamTransport;
import dev.mishap.proxy.transport.UpstreamTransport.Options;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OcspTest {
    private static final String TRUST = "validation_context: {" + ca("ca") + "}";
    private static final Instant NOW = Instant.now();
    private static final Instant LATER = NOW.plusSeconds(3600);
    private static final Instant BEFORE = NOW.minusSeconds(3600);
    /** 1.3.6.1.5.5.7.48.1.1. */
    private static final byte[] BASIC = {0x2b, 6, 1, 5, 5, 7, 0x30, 1, 1};

    private static X509Certificate server() throws Exception {
        return Certificates.parse(Files.readAllBytes(file("server.crt"))).get(0);
    }

    private static byte[] time(Instant when) {
        String text = DateTimeFormatter.ofPattern("yyyyMMddHHmmss'Z'")
                .withZone(ZoneOffset.UTC)
                .format(when);
        return Der.of(0x18, text.getBytes(StandardCharsets.US_ASCII));
    }

    private static byte[] single(BigInteger serial, @Nullable Instant until) {
        byte[] id = Der.of(
                Der.SEQUENCE,
                Der.of(Der.SEQUENCE, Der.of(Der.OID, new byte[] {1, 2})),
                Der.of(Der.OCTETS, new byte[20]),
                Der.of(Der.OCTETS, new byte[20]),
                Der.of(Der.INTEGER, serial.toByteArray()));
        byte[] good = Der.of(0x80);
        return until == null
                ? Der.of(Der.SEQUENCE, id, good, time(BEFORE))
                : Der.of(Der.SEQUENCE, id, good, time(BEFORE), Der.of(0xa0, time(until)));
    }

    private static byte[] response(int status, byte[]... singles) {
        byte[] data = Der.of(
                Der.SEQUENCE, Der.of(0xa2, Der.of(Der.OCTETS, new byte[20])), time(NOW), Der.of(Der.SEQUENCE, singles));
        byte[] basic = Der.of(Der.SEQUENCE, data, Der.of(Der.SEQUENCE), Der.of(0x03, new byte[] {0}));
        byte[] body = Der.of(Der.SEQUENCE, Der.of(Der.OID, BASIC), Der.of(Der.OCTETS, basic));
        return Der.of(Der.SEQUENCE, Der.of(0x0a, new byte[] {(byte) status}), Der.of(0xa0, body));
    }

    private static byte[] of(X509Certificate c, @Nullable Instant until) {
        return response(0, single(c.getSerialNumber(), until));
    }

    @Test
    void a_response_is_about_a_certificate_and_ends() throws Exception {
        OcspResponse r = OcspResponse.parse(of(server(), LATER));
        assertThat(r.isAbout(server())).isTrue();
        assertThat(r.holds(NOW)).isTrue();
        assertThat(r.holds(LATER.plusSeconds(1))).isFalse();
        assertThat(r.thisUpdate().getEpochSecond()).isEqualTo(BEFORE.getEpochSecond());
        assertThat(OcspResponse.parse(of(server(), null)).holds(NOW))
                .as("without an end")
                .isFalse();
        byte[] other = response(0, single(BigInteger.ONE, LATER));
        assertThat(OcspResponse.parse(other).isAbout(server())).isFalse();
    }

    @Test
    void what_is_none_is_told_in_envoys_words() throws Exception {
        byte[] one = single(server().getSerialNumber(), LATER);
        byte[] good = response(0, one);
        byte[] more = java.util.Arrays.copyOf(good, good.length + 1);
        assertThatThrownBy(() -> OcspResponse.parse(more))
                .hasMessage("Data contained more than a single OCSP response");
        assertThatThrownBy(() -> OcspResponse.parse(response(6, one))).hasMessage("OCSP response was unsuccessful");
        assertThatThrownBy(() -> OcspResponse.parse(response(0, one, one)))
                .hasMessage("OCSP Response must be for one certificate only");
        Random random = new Random(7);
        for (int i = 0; i < 2000; i++) {
            byte[] bad = good.clone();
            bad[random.nextInt(bad.length)] = (byte) random.nextInt();
            try {
                OcspResponse.parse(java.util.Arrays.copyOf(bad, random.nextInt(bad.length + 1)));
            } catch (ConfigException e) {
                assertThat(e).hasMessageNotContaining("null");
            }
        }
    }

    /** What Envoy 1.40 does for a client that asks; a response that has expired is "old". */
    @ParameterizedTest
    @CsvSource({
        "LENIENT_STAPLING, good, STAPLE",
        "LENIENT_STAPLING, old,  OMIT",
        "LENIENT_STAPLING, none, OMIT",
        "STRICT_STAPLING,  good, STAPLE",
        "STRICT_STAPLING,  old,  FAIL",
        "STRICT_STAPLING,  none, OMIT",
        "MUST_STAPLE,      good, STAPLE",
        "MUST_STAPLE,      old,  FAIL",
    })
    void policies(OcspPolicy policy, String response, OcspPolicy.Action wanted, @TempDir Path dir) throws Exception {
        String staple = "";
        if (!response.equals("none")) {
            Path path = Files.write(dir.resolve("r"), of(server(), response.equals("good") ? LATER : BEFORE));
            staple = ", ocsp_staple: {filename: '" + path + "'}";
        }
        String own = certificate("server").replaceFirst("}$", staple + "}");
        TlsFixture f = new TlsFixture(TlsEngine.BORINGSSL);
        TransportSocketFactory server = f.server(own, "", "ocsp_staple_policy: " + policy);
        // The JDK's client asks, BoringSSL's as we use it does not.
        UpstreamTransport asks = new TlsFixture(TlsEngine.JDK).client(TRUST, "sni: server.test");
        try (TlsFixture.Wire w = f.new Wire(server, asks, Options.NONE)) {
            assertThat(w.serverReady.isSuccess()).isEqualTo(wanted != OcspPolicy.Action.FAIL);
            assertThat(w.clientReady.isSuccess()).isEqualTo(wanted != OcspPolicy.Action.FAIL);
        }
        boolean counted = !response.equals("none"); // else nothing depends on the hello, which is not read
        assertThat(f.server("ocsp_staple_requests")).isEqualTo(counted ? 1 : 0);
        assertThat(f.server("ocsp_staple_responses")).isEqualTo(wanted == OcspPolicy.Action.STAPLE ? 1 : 0);
        assertThat(f.server("ocsp_staple_omitted")).isEqualTo(counted && wanted == OcspPolicy.Action.OMIT ? 1 : 0);
        assertThat(f.server("ocsp_staple_failed")).isEqualTo(wanted == OcspPolicy.Action.FAIL ? 1 : 0);
        assertThat(f.server("connection_error")).isEqualTo(wanted == OcspPolicy.Action.FAIL ? 1 : 0);
        try (TlsFixture.Wire w = f.new Wire(server, f.client(TRUST, "sni: server.test"), Options.NONE)) {
            assertThat(w.serverReady.isSuccess()).as("who does not ask").isTrue();
        }
        assertThat(f.server("ocsp_staple_requests")).isEqualTo(counted ? 1 : 0);
    }

    @Test
    void must_staple_wants_a_response() {
        TlsFixture f = new TlsFixture(TlsEngine.BORINGSSL);
        assertThatThrownBy(() -> f.server(certificate("server"), "", "ocsp_staple_policy: MUST_STAPLE"))
                .hasMessage("Required OCSP response is missing from TLS context");
    }

    @Test
    void the_jdk_staples_nothing(@TempDir Path dir) throws Exception {
        Path path = Files.write(dir.resolve("r"), of(server(), LATER));
        String own = certificate("server").replaceFirst("}$", ", ocsp_staple: {filename: '" + path + "'}}");
        assertThatThrownBy(() -> new TlsFixture(TlsEngine.JDK).server(own, "", ""))
                .hasMessage("ocsp_staple is not supported by the TLS engine of the JDK");
    }
}
