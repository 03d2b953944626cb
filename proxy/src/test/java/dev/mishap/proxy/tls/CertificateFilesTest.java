package dev.mishap.proxy.tls;

import static dev.mishap.proxy.tls.TlsFixture.bytes;
import static dev.mishap.proxy.tls.TlsFixture.ca;
import static dev.mishap.proxy.tls.TlsFixture.certificate;
import static dev.mishap.proxy.tls.TlsFixture.file;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mishap.proxy.config.schema.ConfigException;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Keys and certificates in all the forms that they come in, and what is said of those that are bad. */
class CertificateFilesTest {
    @ParameterizedTest
    @CsvSource({
        "server.key, server.crt, ''",
        "server-pkcs1.key, server.crt, ''",
        "server-pkcs8.key, server.crt, secret",
        "server-aes128.key, server.crt, secret",
        "server-des3.key, server.crt, secret",
        "ec.key, ec.crt, ''",
        "ec-pkcs8.key, ec.crt, ''",
    })
    void a_key_is_read_in_each_form(String key, String certificate, String password) throws Exception {
        PrivateKey read = PrivateKeys.parse(bytes(key), password);
        X509Certificate of = Certificates.parse(bytes(certificate)).get(0);
        assertThat(PrivateKeys.mismatch(read, of.getPublicKey())).isNull();
    }

    static Stream<Arguments> bad() {
        return Stream.of(
                Arguments.of(
                        certificate("server.crt", "other.key"),
                        "Failed to load private key from .*other.key, Cause: error:0b000074:X.509 certificate"
                                + " routines:OPENSSL_internal:KEY_VALUES_MISMATCH"),
                Arguments.of(
                        certificate("server.crt", "ec.key"),
                        "Failed to load private key from .*ec.key, Cause: error:0b000073:X.509 certificate"
                                + " routines:OPENSSL_internal:KEY_TYPE_MISMATCH"),
                Arguments.of(
                        certificate("server.crt", "server-pkcs8.key"),
                        "Failed to load private key from .*, Cause: error:09000068:PEM"
                                + " routines:OPENSSL_internal:BAD_PASSWORD_READ"),
                Arguments.of(
                        certificate("server.crt", "server.crt"),
                        "Failed to load private key from .*server.crt, Cause: error:0900006e:PEM"
                                + " routines:OPENSSL_internal:NO_START_LINE"),
                Arguments.of(
                        certificate("server.key", "server.key"), "Failed to load certificate chain from .*server.key"),
                Arguments.of(
                        "{certificate_chain: {filename: '/nope'}, private_key: {filename: '" + file("server.key")
                                + "'}}",
                        "Failed to load incomplete certificate from /nope: certificate chain not set"),
                Arguments.of(
                        "{certificate_chain: {filename: '" + file("server.crt") + "'}}",
                        "Failed to load incomplete private key from path: "),
                Arguments.of(
                        "{pkcs12: {filename: '" + file("server.p12") + "'}, password: {inline_string: wrong}}",
                        "Failed to load pkcs12 from .*server.p12"),
                Arguments.of(
                        "{pkcs12: {filename: '" + file("server.p12") + "'}, certificate_chain: {inline_string: x}}",
                        "Certificate configuration can't have both pkcs12 and certificate_chain"));
    }

    @ParameterizedTest
    @MethodSource("bad")
    void bad_files_are_told_in_envoys_words(String certificate, String message) {
        assertThatThrownBy(() -> TlsCertificate.from(TlsFixture.node("TlsCertificate", certificate)))
                .isInstanceOf(ConfigException.class)
                .hasMessageMatching("(?s)" + message);
    }

    @Test
    void pkcs12_holds_chain_and_key() {
        TlsCertificate c = TlsCertificate.from(TlsFixture.node(
                "TlsCertificate",
                "{pkcs12: {filename: '" + file("server.p12") + "'}, password: {inline_string: secret}}"));
        assertThat(c.chain()).hasSize(2);
        assertThat(Certificates.commonName(c.leaf())).isEqualTo("server.test");
    }

    private static String spiffe(String domains) {
        return "custom_validator_config: {name: envoy.tls.cert_validator.spiffe, typed_config: {'@type': type.googleapis.com/"
                + TrustDomains.MESSAGE + ", trust_domains: [" + domains + "]}}";
    }

    static Stream<Arguments> badTrust() {
        String hash = "00".repeat(32);
        return Stream.of(
                Arguments.of(
                        "trusted_ca: {filename: '" + file("server.key") + "'}",
                        "Failed to load trusted CA certificates from .*server.key"),
                Arguments.of("trusted_ca: {filename: '/nope'}", "Invalid path: /nope"),
                Arguments.of(
                        "crl: {filename: '" + file("ca.crl") + "'}",
                        "Failed to load CRL from .*ca.crl without trusted CA"),
                Arguments.of(
                        "match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: x}}]",
                        "SAN-based verification of peer certificates without trusted CA is insecure and not allowed"),
                Arguments.of(
                        spiffe("{name: a, trust_bundle: {filename: '" + file("ca.crt") + "'}}, "
                                + "{name: a, trust_bundle: {filename: '" + file("ca.crt") + "'}}"),
                        "Multiple trust bundles are given for one trust domain for a"),
                Arguments.of(
                        spiffe("{name: a, trust_bundle: {inline_string: junk}}"),
                        "Failed to load trusted CA certificate for a"),
                Arguments.of(spiffe("{name: a}"), "Failed to load trusted CA certificate for a"),
                Arguments.of(spiffe("{name: a, trust_bundle: {filename: /nope}}"), "Invalid path: /nope"),
                Arguments.of(
                        "allow_expired_certificate: true",
                        "Certificate validity period is always ignored without trusted CA"),
                Arguments.of(
                        ca("ca") + ", match_typed_subject_alt_names: [{san_type: OTHER_NAME, matcher: {exact: x}}]",
                        "Failed to create SAN matcher for OTHER_NAME with OID: "),
                Arguments.of(
                        "verify_certificate_hash: ['" + hash.replace('0', 'z') + "']",
                        "Invalid hex-encoded SHA-256 z+"));
    }

    @ParameterizedTest
    @MethodSource("badTrust")
    void bad_validation_contexts_are_told_in_envoys_words(String context, String message) {
        assertThatThrownBy(() -> TrustConfig.from(TlsFixture.node("CertificateValidationContext", "{" + context + "}")))
                .isInstanceOf(ConfigException.class)
                .hasMessageMatching("(?s)" + message);
    }

    /** Whatever bytes a file holds, it is refused in words, or read. */
    @RepeatedTest(200)
    void hostile_bytes_are_refused(RepetitionInfo repetition) {
        Random random = new Random(repetition.getCurrentRepetition());
        String[] names = {"server.key", "ec.key", "server-aes128.key", "server-pkcs8.key", "server.crt", "server.p12"};
        byte[] bytes = bytes(names[random.nextInt(names.length)]).clone();
        for (int i = 0, n = 1 + random.nextInt(8); i < n; i++) {
            bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
        }
        if (random.nextInt(4) == 0) {
            bytes = java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length));
        }
        try {
            PrivateKeys.parse(bytes, "secret");
        } catch (PrivateKeys.KeyProblem e) {
            assertThat(e).hasMessageStartingWith("error:");
        }
        try {
            Certificates.parse(bytes).forEach(Certificates::sans);
        } catch (CertificateException e) {
            assertThat(e).isNotNull();
        }
        try {
            new Der(bytes).next().oid();
        } catch (IllegalArgumentException e) {
            assertThat(e).isNotNull();
        }
    }
}
