package dev.mishap.proxy.tls;

import dev.mishap.proxy.transport.NoTls;
import java.nio.channels.ClosedChannelException;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said and counted of a handshake or a connection that failed: BoringSSL's words, in the form in which Envoy shows them. */
final class TlsFailure {
    private static final long SSL_LIBRARY = 16L << 24;
    private static final int ALERT = 1000;
    /** Of a connection that was good until its peer reset it. */
    static final String RESET =
            "TLS_error:|33554536:system library:OPENSSL_internal:Connection reset by peer:TLS_error_end";

    private static final String VERIFY_FAILED = "CERTIFICATE_VERIFY_FAILED";
    private static final String NO_PEER_CERTIFICATE = "PEER_DID_NOT_RETURN_A_CERTIFICATE";

    /** Alerts by the JDK's names for them: their number, and what BoringSSL puts before the name. */
    private static final Map<String, Integer> SSL3_ALERTS = Map.of(
            "unexpected_message", 10,
            "bad_record_mac", 20,
            "decompression_failure", 30,
            "handshake_failure", 40,
            "bad_certificate", 42,
            "unsupported_certificate", 43,
            "certificate_revoked", 44,
            "certificate_expired", 45,
            "certificate_unknown", 46,
            "illegal_parameter", 47);

    private static final Map<String, Integer> TLS1_ALERTS = Map.of(
            "unknown_ca", 48,
            "access_denied", 49,
            "decode_error", 50,
            "decrypt_error", 51,
            "protocol_version", 70,
            "insufficient_security", 71,
            "internal_error", 80,
            "unrecognized_name", 112,
            "certificate_required", 116,
            "no_application_protocol", 120);

    private TlsFailure() {}

    /** The reason as the transport failure operators and the details of a response show it; null when the peer just went away. */
    static @Nullable String text(Throwable failure) {
        VerifyFailure verify = find(failure, VerifyFailure.class);
        if (verify != null) {
            return verify.kind() == VerifyFailure.Kind.KEY_USAGE
                    ? error(186, "KEY_USAGE_BIT_INCORRECT")
                    : error(125, VERIFY_FAILED + ":verify cert failed: " + verify.getMessage());
        }
        for (Throwable t = failure; t != null; t = t.getCause()) {
            String known = known(t);
            if (known != null) {
                return known;
            }
        }
        return null;
    }

    private static @Nullable String known(Throwable t) {
        String message = t.getMessage();
        if (message == null || t instanceof ClosedChannelException) {
            return null;
        }
        if (message.startsWith("error:") && message.endsWith(NO_PEER_CERTIFICATE)) {
            return noPeerCertificate();
        }
        if (message.startsWith("error:") && message.indexOf(':', 6) > 0) {
            int end = message.indexOf(':', 6);
            try {
                long code = Long.parseLong(message.substring(6, end), 16);
                return code == 0 ? null : "TLS_error:|" + code + message.substring(end) + ":TLS_error_end";
            } catch (NumberFormatException e) {
                return null;
            }
        }
        return jdk(message);
    }

    private static @Nullable String jdk(String message) {
        if (message.contains("Received fatal alert: ")) {
            String name = message.substring(message.lastIndexOf(": ") + 2);
            Integer ssl3 = SSL3_ALERTS.get(name);
            Integer tls1 = TLS1_ALERTS.get(name);
            String upper = name.toUpperCase(Locale.ROOT);
            if (ssl3 != null) {
                return error(ALERT + ssl3, "SSLV3_ALERT_" + upper);
            }
            return tls1 == null ? null : error(ALERT + tls1, "TLSV1_ALERT_" + upper);
        }
        if (message.contains("Empty client certificate chain") || message.contains("Empty server certificate")) {
            return noPeerCertificate();
        }
        if (message.contains("Unsupported or unrecognized SSL message") || message.contains("not an SSL/TLS record")) {
            return text(NoTls.WRONG_VERSION_NUMBER);
        }
        if (message.contains("cipher suites in common")) {
            return error(184, "NO_SHARED_CIPHER");
        }
        if (message.contains("protocol") && message.contains("not accepted")) {
            return error(240, "UNSUPPORTED_PROTOCOL");
        }
        if (message.contains("No appropriate protocol")) {
            return error(175, "NO_CIPHERS_AVAILABLE");
        }
        return null;
    }

    /** The same of a peer that began with {@code instead}. */
    static String text(NoTls instead) {
        return error(instead.reason, instead.name());
    }

    /** Envoy says a second time what this is. */
    private static String noPeerCertificate() {
        return error(192, NO_PEER_CERTIFICATE + ":peer did not provide required client certificate");
    }

    private static String error(int reason, String text) {
        return "TLS_error:|" + (SSL_LIBRARY + reason) + ":SSL routines:OPENSSL_internal:" + text + ":TLS_error_end";
    }

    /** Counts a failure. Refused certificates have been counted by who refused them, and a peer that goes away is no error. */
    static void count(Throwable failure, TlsStats stats) {
        VerifyFailure verify = find(failure, VerifyFailure.class);
        if (verify != null) {
            if (verify.kind() == VerifyFailure.Kind.KEY_USAGE) {
                stats.connectionError.inc();
            }
            return;
        }
        String text = text(failure);
        if (text == null) {
            return;
        }
        (text.contains(NO_PEER_CERTIFICATE) ? stats.failVerifyNoCert : stats.connectionError).inc();
    }

    private static <T extends Throwable> @Nullable T find(Throwable failure, Class<T> type) {
        int limit = 20;
        for (Throwable t = failure; t != null && limit-- > 0; t = t.getCause()) {
            if (type.isInstance(t)) {
                return type.cast(t);
            }
        }
        return null;
    }
}
