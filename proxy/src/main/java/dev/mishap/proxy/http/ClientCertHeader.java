package dev.mishap.proxy.http;

import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TlsSession;
import java.util.EnumSet;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * {@code x-forwarded-client-cert}: what a proxy tells those behind it about the client's certificate, and what it lets pass of what
 * proxies before it told. Immutable.
 */
public final class ClientCertHeader {
    private static final HeaderName NAME = HeaderName.of("x-forwarded-client-cert");

    /** {@code forward_client_cert_details}. */
    public enum Mode {
        SANITIZE,
        FORWARD_ONLY,
        APPEND_FORWARD,
        SANITIZE_SET,
        ALWAYS_FORWARD_ONLY
    }

    /** {@code set_current_client_cert_details}, in the order in which they are written. */
    public enum Detail {
        CERT,
        CHAIN,
        SUBJECT,
        URI,
        DNS
    }

    /** Removes the header. */
    public static final ClientCertHeader SANITIZE = new ClientCertHeader(Mode.SANITIZE, Set.of());

    private final Mode mode;
    private final Set<Detail> details;

    public ClientCertHeader(Mode mode, Set<Detail> details) {
        this.mode = mode;
        EnumSet<Detail> sorted = EnumSet.noneOf(Detail.class);
        sorted.addAll(details);
        this.details = sorted;
    }

    void apply(HeaderMap headers, @Nullable ConnectionInfo connection) {
        if (mode == Mode.ALWAYS_FORWARD_ONLY) {
            return;
        }
        TlsSession tls = connection == null ? null : connection.tls;
        if (mode == Mode.SANITIZE || tls == null || tls.peerCertificates().isEmpty()) {
            headers.remove(NAME);
            return;
        }
        if (mode == Mode.APPEND_FORWARD) {
            RequestHeaders.append(headers, NAME, text(tls), ",");
        } else if (mode == Mode.SANITIZE_SET) {
            headers.set(NAME, text(tls));
        }
    }

    private String text(TlsSession tls) {
        StringJoiner all = new StringJoiner(";");
        tls.localUris().forEach(uri -> all.add("By=" + uri));
        all.add("Hash=" + orEmpty(tls.fact(TlsSession.Fact.PEER_FINGERPRINT_256)));
        for (Detail detail : details) {
            switch (detail) {
                case CERT -> all.add("Cert=\"" + orEmpty(tls.fact(TlsSession.Fact.PEER_CERT)) + "\"");
                case CHAIN -> all.add("Chain=\"" + orEmpty(tls.peerChainPem()) + "\"");
                case SUBJECT -> all.add("Subject=\"" + orEmpty(tls.fact(TlsSession.Fact.PEER_SUBJECT)) + "\"");
                case URI -> {
                    if (tls.peerUris().isEmpty()) {
                        all.add("URI=");
                    }
                    tls.peerUris().forEach(uri -> all.add("URI=" + uri));
                }
                case DNS -> tls.peerDnsNames().forEach(name -> all.add("DNS=" + name));
            }
        }
        return all.toString();
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }
}
