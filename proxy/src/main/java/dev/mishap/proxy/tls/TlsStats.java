package dev.mishap.proxy.tls;

import dev.mishap.proxy.observe.stats.Counter;
import dev.mishap.proxy.observe.stats.Scope;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** {@code ssl.*} of a listener or a cluster. */
final class TlsStats {
    private final Scope scope;
    private final Map<String, Counter> named = new ConcurrentHashMap<>();

    final Counter connectionError;
    final Counter handshake;
    final Counter sessionReused;
    final Counter noCertificate;
    final Counter failVerifyNoCert;
    final Counter failVerifyError;
    final Counter failVerifySan;
    final Counter failVerifyCertHash;
    final Counter ocspStapleFailed;
    final Counter ocspStapleOmitted;
    final Counter ocspStapleRequests;
    final Counter ocspStapleResponses;

    /** Stats below {@code owner}, which ends where {@code ssl.} begins. */
    TlsStats(Scope owner) {
        scope = owner.scope("ssl.");
        connectionError = scope.counter("connection_error");
        handshake = scope.counter("handshake");
        sessionReused = scope.counter("session_reused");
        noCertificate = scope.counter("no_certificate");
        failVerifyNoCert = scope.counter("fail_verify_no_cert");
        failVerifyError = scope.counter("fail_verify_error");
        failVerifySan = scope.counter("fail_verify_san");
        failVerifyCertHash = scope.counter("fail_verify_cert_hash");
        // Counted where hellos are read: when there is a choice of certificates or something to staple.
        ocspStapleFailed = scope.counter("ocsp_staple_failed");
        ocspStapleOmitted = scope.counter("ocsp_staple_omitted");
        ocspStapleRequests = scope.counter("ocsp_staple_requests");
        ocspStapleResponses = scope.counter("ocsp_staple_responses");
    }

    /** Counts what a connection negotiated, for example {@code ciphers.TLS_AES_128_GCM_SHA256}. */
    void negotiated(String kind, String value) {
        String name = kind + value;
        Counter known = named.get(name);
        if (known == null) {
            known = named.computeIfAbsent(name, scope::counter);
        }
        known.inc();
    }

    /** When a certificate ends, in seconds since the epoch; {@link Long#MAX_VALUE} when there is none. */
    void expiration(String certificate, long seconds) {
        scope.gauge("certificate." + certificate + ".expiration_unix_time_seconds")
                .set(seconds);
    }
}
