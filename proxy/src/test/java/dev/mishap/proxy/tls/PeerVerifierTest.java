package dev.mishap.proxy.tls;

import static dev.mishap.proxy.tls.TlsFixture.bytes;
import static dev.mishap.proxy.tls.TlsFixture.ca;
import static dev.mishap.proxy.tls.TlsFixture.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.observe.stats.StatsStore;
import java.security.cert.X509Certificate;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which certificates of peers pass, and what is said of the others. */
class PeerVerifierTest {
    private final StatsStore stats = new StatsStore();
    private final TlsStats tls = new TlsStats(stats.scope("l."));

    private PeerVerifier verifier(String context, Clock clock) {
        return new PeerVerifier(
                TrustConfig.from(TlsFixture.node("CertificateValidationContext", "{" + context + "}")),
                tls,
                false,
                false,
                clock);
    }

    private PeerVerifier verifier(String context) {
        return verifier(context, Clock.systemUTC());
    }

    private static X509Certificate[] chain(String... names) throws Exception {
        List<X509Certificate> all = new ArrayList<>();
        for (String name : names) {
            all.addAll(Certificates.parse(bytes(name + ".crt")));
        }
        return all.toArray(new X509Certificate[0]);
    }

    private static void check(PeerVerifier v, X509Certificate[] chain, boolean server) throws Exception {
        if (server) {
            v.checkServerTrusted(chain, "RSA");
        } else {
            v.checkClientTrusted(chain, "RSA");
        }
    }

    @ParameterizedTest
    @CsvSource(
            nullValues = "-",
            value = {
                "server, ca, true, -",
                "client, ca, false, -",
                "leaf-chain, ca, true, -",
                "leaf, intermediate, true, -",
                "leaf-chain, intermediate, true, -",
                "client, client, false, -",
                "leaf, ca, true, depth 0: unable to get local issuer certificate",
                "server, other-ca, true, depth 0: unable to get local issuer certificate",
                "other-ca, ca, true, depth 0: self signed certificate",
                "by-leaf, client, true, depth 1: invalid CA certificate",
                "only-client, ca, false, -",
                "only-client, ca, true, depth 0: unsupported certificate purpose",
                "no-signature, ca, false, depth 0: unsupported certificate purpose",
                "no-signature, ca, true, -",
            })
    void chains(String chain, String authority, boolean server, String problem) throws Exception {
        PeerVerifier v = verifier(ca(authority));
        X509Certificate[] certificates = chain(chain);
        if (problem == null) {
            check(v, certificates, server);
            check(v, certificates, server); // the second time from memory
            assertThat(stats.value("l.ssl.fail_verify_error")).isZero();
            assertThat(v.passes(certificates, server)).isTrue();
        } else {
            assertThatThrownBy(() -> check(v, certificates, server))
                    .hasMessage("X509_verify_cert: certificate verification error at " + problem);
            assertThat(stats.value("l.ssl.fail_verify_error")).isEqualTo(1);
            assertThat(v.passes(certificates, server)).isFalse();
        }
    }

    @Test
    void a_leaf_of_a_trusted_leaf_with_the_chain_sent_is_refused_too() throws Exception {
        PeerVerifier v = verifier(ca("ca"));
        assertThatThrownBy(() -> check(v, chain("by-leaf", "client"), true)).hasMessageContaining("invalid CA");
    }

    @Test
    void time_counts_unless_it_is_not_to() throws Exception {
        Clock later = Clock.offset(Clock.systemUTC(), Duration.ofDays(40 * 365));
        Clock earlier = Clock.offset(Clock.systemUTC(), Duration.ofDays(-40 * 365));
        X509Certificate[] chain = chain("server");
        assertThatThrownBy(() -> check(verifier(ca("ca"), later), chain, true))
                .hasMessageEndingWith("depth 0: certificate has expired");
        assertThatThrownBy(() -> check(verifier(ca("ca"), earlier), chain, true))
                .hasMessageEndingWith("depth 0: certificate is not yet valid");
        check(verifier(ca("ca") + ", allow_expired_certificate: true", later), chain, true);
    }

    @Test
    void depth_is_limited() throws Exception {
        check(verifier(ca("ca") + ", max_verify_depth: 1"), chain("leaf-chain"), true);
        assertThatThrownBy(() -> check(verifier(ca("ca") + ", max_verify_depth: 0"), chain("leaf-chain"), true))
                .hasMessageEndingWith("certificate chain too long");
    }

    @Test
    void revoked_certificates_are_refused() throws Exception {
        String crl = ca("ca") + ", crl: {filename: '" + file("ca.crl") + "'}";
        check(verifier(crl), chain("server"), true);
        assertThatThrownBy(() -> check(verifier(crl), chain("revoked"), true))
                .hasMessageEndingWith("depth 0: certificate revoked");
        assertThatThrownBy(() -> check(verifier(crl), chain("leaf-chain"), true))
                .hasMessageEndingWith("depth 0: unable to get certificate CRL");
    }

    @ParameterizedTest
    @CsvSource({
        "'{san_type: DNS, matcher: {exact: server.test}}', true",
        "'{san_type: DNS, matcher: {exact: a.wild.test}}', true",
        "'{san_type: DNS, matcher: {exact: A.WILD.test}}', true",
        "'{san_type: DNS, matcher: {exact: a.b.wild.test}}', false",
        "'{san_type: DNS, matcher: {exact: wild.test}}', false",
        "'{san_type: DNS, matcher: {suffix: .test}}', true",
        "'{san_type: DNS, matcher: {exact: spiffe://test/server}}', false",
        "'{san_type: URI, matcher: {exact: spiffe://test/server}}', true",
        "'{san_type: URI, matcher: {safe_regex: {regex: \"spiffe://[a-z]+/server\"}}}', true",
        "'{san_type: IP_ADDRESS, matcher: {exact: 127.0.0.1}}', true",
        "'{san_type: EMAIL, matcher: {prefix: a}}', false",
    })
    void names(String matcher, boolean passes) throws Exception {
        PeerVerifier v = verifier(ca("ca") + ", match_typed_subject_alt_names: [" + matcher + "]");
        X509Certificate[] chain = chain("server");
        assertThat(v.passes(chain, true)).isEqualTo(passes);
        if (!passes) {
            assertThatThrownBy(() -> check(v, chain, true))
                    .hasMessageStartingWith("SAN matcher, certificate SANs are [");
            assertThat(stats.value("l.ssl.fail_verify_san")).isEqualTo(1);
        }
    }

    @Test
    void other_names_and_names_of_any_type() throws Exception {
        String other = ca("ca") + ", match_typed_subject_alt_names: [{san_type: OTHER_NAME, oid: %s, matcher: {exact:"
                + " 'other name'}}]";
        assertThat(verifier(other.formatted("1.2.3.4")).passes(chain("client"), false))
                .isTrue();
        assertThat(verifier(other.formatted("1.2.3.5")).passes(chain("client"), false))
                .isFalse();
        assertThat(verifier(ca("ca") + ", match_subject_alt_names: [{exact: 'spiffe://test/client'}]")
                        .passes(chain("client"), false))
                .isTrue();
    }

    @Test
    void hashes() throws Exception {
        X509Certificate c = chain("server")[0];
        String hash = Certificates.hex("SHA-256", c.getEncoded());
        String colons = hash.replaceAll("(..)(?!$)", "$1:").toUpperCase(java.util.Locale.ROOT);
        String spki = java.util.Base64.getEncoder()
                .encodeToString(Certificates.digest("SHA-256", c.getPublicKey().getEncoded()));
        assertThat(verifier("verify_certificate_hash: ['" + hash + "']").passes(chain("server"), true))
                .isTrue();
        assertThat(verifier("verify_certificate_hash: ['" + colons + "']").passes(chain("server"), true))
                .isTrue();
        assertThat(verifier("verify_certificate_spki: ['" + spki + "']").passes(chain("server"), true))
                .isTrue();
        assertThat(verifier("verify_certificate_spki: ['" + spki + "']").passes(chain("other"), true))
                .isFalse();
    }
}
