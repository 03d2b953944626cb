package dev.mishap.proxy.http;

import dev.mishap.proxy.json.JsonWriter;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TlsSession;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * {@code x-forwarded-client-cert}: what a proxy tells those behind it about the client's certificate, and what it lets pass of what
 * proxies before it told. Immutable.
 */
public final class ClientCertHeader {
    private static final HeaderName NAME = HeaderName.of("x-forwarded-client-cert");
    private static final String PEM_END = "-----END CERTIFICATE-----\n";

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
        DNS,
        ISSUER
    }

    /** Removes the header. */
    public static final ClientCertHeader SANITIZE = new ClientCertHeader(Mode.SANITIZE, Set.of(), false);

    private final Mode mode;
    private final Set<Detail> details;
    private final boolean json;

    /** @param json whether it is told as a JSON array, rather than as text */
    public ClientCertHeader(Mode mode, Set<Detail> details, boolean json) {
        this.mode = mode;
        this.json = json;
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
            append(headers, tls);
        } else if (mode == Mode.SANITIZE_SET) {
            headers.set(NAME, json ? "[" + object(tls) + "]" : text(tls));
        }
    }

    /** What a proxy before told as text goes on as text, since nobody could read both. */
    private void append(HeaderMap headers, TlsSession tls) {
        String before = json ? headers.get(NAME) : null;
        if (json && (before == null || before.isEmpty())) {
            headers.set(NAME, "[" + object(tls) + "]");
        } else if (before != null && before.startsWith("[") && before.endsWith("]")) {
            String others = before.substring(1, before.length() - 1).strip();
            headers.set(NAME, "[" + (others.isEmpty() ? "" : others + ",") + object(tls) + "]");
        } else {
            RequestHeaders.append(headers, NAME, text(tls), ",");
        }
    }

    private String object(TlsSession tls) {
        Map<String, Object> all = new LinkedHashMap<>();
        if (!tls.localUris().isEmpty()) {
            all.put("by", tls.localUris());
        }
        all.put("hash", orEmpty(tls.fact(TlsSession.Fact.PEER_FINGERPRINT_256)));
        for (Detail detail : details) {
            switch (detail) {
                case CERT -> all.put("cert", decoded(tls.fact(TlsSession.Fact.PEER_CERT)));
                case CHAIN -> all.put("chain", certificates(decoded(tls.peerChainPem())));
                case SUBJECT -> all.put("subject", orEmpty(tls.fact(TlsSession.Fact.PEER_SUBJECT)));
                case URI -> all.put("uri", tls.peerUris());
                case DNS -> all.put("dns", tls.peerDnsNames());
                case ISSUER -> all.put("issuer", orEmpty(tls.fact(TlsSession.Fact.PEER_ISSUER)));
            }
        }
        return WireText.encode(JsonWriter.compact(all));
    }

    private static String decoded(@Nullable String escaped) {
        return escaped == null ? "" : URLDecoder.decode(escaped.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    private static List<String> certificates(String pem) {
        List<String> all = new ArrayList<>();
        int start = 0;
        for (int end = pem.indexOf(PEM_END); end >= 0; end = pem.indexOf(PEM_END, start)) {
            all.add(pem.substring(start, end + PEM_END.length()));
            start = end + PEM_END.length();
        }
        return all;
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
                case ISSUER -> all.add("Issuer=\"" + orEmpty(tls.fact(TlsSession.Fact.PEER_ISSUER)) + "\"");
            }
        }
        return all.toString();
    }

    private static String orEmpty(@Nullable String text) {
        return text == null ? "" : text;
    }
}
