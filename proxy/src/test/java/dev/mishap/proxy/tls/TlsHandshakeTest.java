package dev.mishap.proxy.tls;

import static dev.mishap.proxy.tls.TlsFixture.ca;
import static dev.mishap.proxy.tls.TlsFixture.certificate;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mishap.proxy.transport.TlsSession;
import dev.mishap.proxy.transport.TlsSession.Fact;
import dev.mishap.proxy.transport.TransportSocketFactory;
import dev.mishap.proxy.transport.UpstreamTransport;
import dev.mishap.proxy.transport.UpstreamTransport.Options;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Handshakes of our client with our server, with both engines. */
class TlsHandshakeTest {
    private static final String TRUST = "validation_context: {" + ca("ca") + "}";

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void bytes_pass_both_ways_and_are_counted(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        TransportSocketFactory server = f.server(certificate("server"), "alpn_protocols: [h2, http/1.1]", "");
        UpstreamTransport client = f.client(TRUST, "sni: server.test");
        try (TlsFixture.Wire w = f.new Wire(server, client, Options.HTTP1)) {
            assertThat(w.serverReady.isSuccess()).isTrue();
            assertThat(w.clientReady.isSuccess()).isTrue();
            w.say(w.client, "request").say(w.server, "response");
            assertThat(w.atServer).hasToString("request");
            assertThat(w.atClient).hasToString("response");
            TlsSession session = w.info.tls;
            assertThat(session).isNotNull();
            assertThat(session.version()).isEqualTo("TLSv1.2"); // a client goes no further by default
            assertThat(session.cipher()).startsWith("ECDHE-RSA-");
            assertThat(session.applicationProtocol()).isEqualTo("http/1.1");
            assertThat(session.fact(Fact.LOCAL_DNS_SAN)).isEqualTo("server.test,*.wild.test");
            assertThat(session.fact(Fact.PEER_SUBJECT)).isNull();
            assertThat(session.peerVerified()).isFalse();
            TlsSession upstream = w.clientSession();
            assertThat(upstream).isNotNull();
            assertThat(upstream.peerVerified()).isTrue();
            assertThat(upstream.fact(Fact.PEER_SUBJECT)).isEqualTo("CN=server.test");
            assertThat(f.server("handshake")).isEqualTo(1);
            assertThat(f.server("no_certificate")).isEqualTo(1);
            assertThat(f.server("versions.TLSv1.2")).isEqualTo(1);
            assertThat(f.client("handshake")).isEqualTo(1);
            assertThat(f.client("no_certificate")).isZero();
            assertThat(f.client("sigalgs.rsa_pss_rsae_sha256")).isEqualTo(1);
            assertThat(f.client("ciphers." + session.cipher())).isEqualTo(1);
            if (engine == TlsEngine.BORINGSSL) {
                assertThat(f.server("curves.X25519")).isEqualTo(1);
                assertThat(session.fact(Fact.TLS_GROUP)).isEqualTo("X25519");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void a_client_that_goes_away_closes_the_stream(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        UpstreamTransport client = f.client(TRUST, "");
        try (TlsFixture.Wire w = f.new Wire(f.server(certificate("server"), "", ""), client, Options.NONE)) {
            w.client.close();
            w.pump();
            assertThat(w.server.isOpen()).isFalse();
            assertThat(w.atServer.toString()).isEmpty();
            assertThat(f.server("connection_error")).isZero();
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void tls_1_3_is_spoken_with_who_asks_for_it(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        UpstreamTransport client =
                f.client(TRUST + ", tls_params: {tls_maximum_protocol_version: TLSv1_3}", "sni: server.test");
        try (TlsFixture.Wire w = f.new Wire(f.server(certificate("server"), "", ""), client, Options.NONE)) {
            w.say(w.client, "x");
            assertThat(w.atServer).hasToString("x");
            TlsSession session = w.info.tls;
            assertThat(session).isNotNull();
            assertThat(session.version()).isEqualTo("TLSv1.3");
            assertThat(session.cipher()).startsWith("TLS_");
            assertThat(session.sessionId()).isEmpty();
            assertThat(session.applicationProtocol()).isNull();
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void mutual_tls_tells_all_of_the_peer(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        TransportSocketFactory server = f.server(certificate("server"), TRUST, "require_client_certificate: true");
        UpstreamTransport client = f.client(TRUST + ", tls_certificates: [" + certificate("client") + "]", "");
        try (TlsFixture.Wire w = f.new Wire(server, client, Options.NONE)) {
            TlsSession s = w.info.tls;
            assertThat(s).isNotNull();
            assertThat(s.peerVerified()).isTrue();
            assertThat(s.fact(Fact.PEER_SUBJECT))
                    .isEqualTo("emailAddress=c@client.test,CN=client.test,OU=tests,O=Mishap,C=NL");
            assertThat(s.fact(Fact.PEER_ISSUER)).isEqualTo("CN=test ca,O=Mishap");
            assertThat(s.fact(Fact.PEER_DNS_SAN)).isEqualTo("client.test,alias.test");
            assertThat(s.fact(Fact.PEER_URI_SAN)).isEqualTo("spiffe://test/client");
            assertThat(s.fact(Fact.PEER_EMAIL_SAN)).isEqualTo("c@client.test");
            assertThat(s.fact(Fact.PEER_IP_SAN)).isEqualTo("10.0.0.1,2001:db8::1");
            assertThat(s.fact(Fact.PEER_OTHERNAME_SAN)).isEqualTo("other name");
            assertThat(s.fact(Fact.PEER_FINGERPRINT_1)).hasSize(40);
            assertThat(s.fact(Fact.PEER_FINGERPRINT_256)).hasSize(64);
            assertThat(s.fact(Fact.PEER_CERT))
                    .startsWith("-----BEGIN%20CERTIFICATE-----%0AMII")
                    .endsWith("-----%0A");
            assertThat(s.localUris()).containsExactly("spiffe://test/server");
            assertThat(f.server("no_certificate")).isZero();
            assertThat(f.server("sigalgs.rsa_pss_rsae_sha256")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void a_client_without_a_certificate_is_refused_where_one_is_required(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        TransportSocketFactory server = f.server(certificate("server"), TRUST, "require_client_certificate: true");
        try (TlsFixture.Wire w = f.new Wire(server, f.client(TRUST, ""), Options.NONE)) {
            assertThat(w.server.isOpen()).isFalse();
            assertThat(f.server("fail_verify_no_cert")).isEqualTo(1);
            assertThat(f.server("connection_error")).isZero();
            assertThat(f.server("handshake")).isZero();
            assertThat(w.info.transportFailureReason)
                    .isEqualTo("TLS_error:|268435648:SSL routines:OPENSSL_internal:PEER_DID_NOT_RETURN_A_CERTIFICATE"
                            + ":peer did not provide required client certificate:TLS_error_end");
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void a_server_that_is_not_trusted_is_told_in_envoys_words(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        UpstreamTransport client = f.client("validation_context: {" + ca("other-ca") + "}", "");
        try (TlsFixture.Wire w = f.new Wire(f.server(certificate("server"), "", ""), client, Options.NONE)) {
            assertThat(w.clientReady.isSuccess()).isFalse();
            assertThat(client.failure(w.clientReady.cause()))
                    .isEqualTo(
                            "TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify cert"
                                    + " failed: X509_verify_cert: certificate verification error at depth 0: unable to get"
                                    + " local issuer certificate:TLS_error_end");
            assertThat(f.client("fail_verify_error")).isEqualTo(1);
            assertThat(f.client("connection_error")).isZero();
            assertThat(f.server("connection_error")).isEqualTo(1);
            assertThat(w.atClient.toString()).isEmpty();
            assertThat(w.info.transportFailureReason).contains("ALERT");
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void names_and_hashes_are_checked(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        TransportSocketFactory server = f.server(certificate("server"), "", "");
        UpstreamTransport names = f.client(
                "validation_context: {" + ca("ca")
                        + ", match_typed_subject_alt_names: [{san_type: DNS, matcher: {exact: no.test}}]}",
                "");
        try (TlsFixture.Wire w = f.new Wire(server, names, Options.NONE)) {
            assertThat(names.failure(w.clientReady.cause()))
                    .isEqualTo(
                            "TLS_error:|268435581:SSL routines:OPENSSL_internal:CERTIFICATE_VERIFY_FAILED:verify cert"
                                    + " failed: SAN matcher, certificate SANs are [server.test, *.wild.test, 127.0.0.1,"
                                    + " spiffe://test/server]:TLS_error_end");
            assertThat(f.client("fail_verify_san")).isEqualTo(1);
        }
        UpstreamTransport hash =
                f.client("validation_context: {verify_certificate_hash: ['" + "00".repeat(32) + "']}", "");
        try (TlsFixture.Wire w = f.new Wire(server, hash, Options.NONE)) {
            assertThat(hash.failure(w.clientReady.cause())).contains("verify cert failed: cert hash and spki");
            assertThat(f.client("fail_verify_cert_hash")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void what_is_untrusted_passes_where_that_is_accepted_and_is_counted(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        UpstreamTransport client = f.client(
                "validation_context: {" + ca("other-ca") + ", trust_chain_verification: ACCEPT_UNTRUSTED}", "");
        try (TlsFixture.Wire w = f.new Wire(f.server(certificate("server"), "", ""), client, Options.NONE)) {
            assertThat(w.clientReady.isSuccess()).isTrue();
            assertThat(f.client("fail_verify_error")).isEqualTo(1);
            TlsSession session = w.clientSession();
            assertThat(session).isNotNull();
            assertThat(session.peerVerified()).isFalse();
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void the_name_asked_for_is_verified_where_that_is_wanted(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        TransportSocketFactory server = f.server(certificate("server"), "", "");
        UpstreamTransport client = f.client(TRUST, "");
        try (TlsFixture.Wire w = f.new Wire(server, client, new Options("a.wild.test", true, List.of()))) {
            assertThat(w.clientReady.isSuccess()).isTrue();
        }
        try (TlsFixture.Wire w = f.new Wire(server, client, new Options("a.b.wild.test", true, List.of()))) {
            assertThat(w.clientReady.isSuccess()).isFalse();
            assertThat(f.client("fail_verify_san")).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void versions_without_overlap_fail(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        TransportSocketFactory server =
                f.server(certificate("server"), "tls_params: {tls_minimum_protocol_version: TLSv1_3}", "");
        UpstreamTransport client = f.client(TRUST, "");
        try (TlsFixture.Wire w = f.new Wire(server, client, Options.NONE)) {
            assertThat(w.serverReady.isSuccess()).isFalse();
            assertThat(f.server("connection_error")).isEqualTo(1);
            assertThat(w.info.transportFailureReason)
                    .isEqualTo("TLS_error:|268435696:SSL routines:OPENSSL_internal:UNSUPPORTED_PROTOCOL:TLS_error_end");
            assertThat(client.failure(w.clientReady.cause()))
                    .isEqualTo("TLS_error:|268436526:SSL routines:OPENSSL_internal:TLSV1_ALERT_PROTOCOL_VERSION"
                            + ":TLS_error_end");
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void what_is_no_tls_at_all_is_an_error_of_the_connection(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        try (TlsFixture.Wire w = f.new Wire(f.server(certificate("server"), "", ""), c -> c.newSucceededFuture())) {
            w.say(w.client, "GET / HTTP/1.1\r\nhost: a\r\n\r\n");
            assertThat(w.server.isOpen()).isFalse();
            assertThat(f.server("connection_error")).isEqualTo(1);
            assertThat(w.atServer.toString()).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(TlsEngine.class)
    void the_certificate_is_chosen_by_the_name_however_the_hello_arrives(TlsEngine engine) {
        TlsFixture f = new TlsFixture(engine);
        TransportSocketFactory server =
                f.server(certificate("other") + ", " + certificate("server") + ", " + certificate("ec"), "", "");
        UpstreamTransport client = f.client(TRUST, "");
        for (int piece : new int[] {Integer.MAX_VALUE, 1, 7}) {
            f.piece = piece;
            try (TlsFixture.Wire w = f.new Wire(server, client, new Options("server.test", false, List.of()))) {
                TlsSession session = w.info.tls;
                assertThat(session).isNotNull();
                assertThat(session.fact(Fact.LOCAL_SUBJECT)).isEqualTo("CN=server.test");
                assertThat(session.cipher()).startsWith("ECDHE-ECDSA-");
            }
        }
    }
}
