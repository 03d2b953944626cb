package dev.mishap.proxy.observe.log;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.observe.log.FormatParser.Command;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TlsSession;
import dev.mishap.proxy.transport.TlsSession.Fact;
import java.security.cert.X509Certificate;
import java.time.ZoneOffset;
import java.util.Date;
import java.util.EnumSet;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Facts of TLS connections on both sides. Without TLS they have no value. */
final class TlsFields {
    private static final String DOWNSTREAM = "DOWNSTREAM_";
    private static final String UPSTREAM = "UPSTREAM_";
    private static final String VALID_FROM = "PEER_CERT_V_START";
    private static final String VALID_TO = "PEER_CERT_V_END";

    /** Those that Envoy knows of upstream connections, too. */
    private static final Set<Fact> BOTH_SIDES = EnumSet.of(
            Fact.TLS_VERSION,
            Fact.TLS_CIPHER,
            Fact.TLS_SESSION_ID,
            Fact.TLS_GROUP,
            Fact.PEER_SUBJECT,
            Fact.PEER_ISSUER,
            Fact.PEER_CERT,
            Fact.PEER_URI_SAN,
            Fact.PEER_DNS_SAN,
            Fact.PEER_IP_SAN,
            Fact.LOCAL_URI_SAN,
            Fact.LOCAL_DNS_SAN,
            Fact.LOCAL_IP_SAN);

    private TlsFields() {}

    /** The operator, or null when it is none of these. */
    static @Nullable Field create(Command command) {
        String name = command.name();
        boolean down = name.startsWith(DOWNSTREAM);
        if (!down && !name.startsWith(UPSTREAM)) {
            return null;
        }
        String fact = name.substring(down ? DOWNSTREAM.length() : UPSTREAM.length());
        Function<StreamInfo, @Nullable TlsSession> session = down ? TlsFields::downstream : i -> i.upstreamTls;
        if (fact.equals(VALID_FROM)) {
            return time(command, session, X509Certificate::getNotBefore);
        }
        if (fact.equals(VALID_TO)) {
            return time(command, session, X509Certificate::getNotAfter);
        }
        Fact known = fact(fact);
        if (known == null || !down && !BOTH_SIDES.contains(known)) {
            return name.equals(DOWNSTREAM + "TRANSPORT_FAILURE_REASON")
                    ? bare(command, Commands.text(TlsFields::failure))
                    : null;
        }
        return bare(command, Commands.text(i -> {
            TlsSession tls = session.apply(i);
            return tls == null ? null : tls.fact(known);
        }));
    }

    private static Field bare(Command command, Field field) {
        if (!command.bare()) {
            throw new ConfigException(command.name() + " does not take any parameters or length");
        }
        return field;
    }

    private static @Nullable Fact fact(String name) {
        for (Fact f : Fact.values()) {
            if (f.name().equals(name)) {
                return f;
            }
        }
        return null;
    }

    private static @Nullable TlsSession downstream(StreamInfo info) {
        ConnectionInfo connection = info.connection;
        return connection == null ? null : connection.tls;
    }

    private static @Nullable String failure(StreamInfo info) {
        ConnectionInfo connection = info.connection;
        String reason = connection == null ? null : connection.transportFailureReason;
        return reason == null ? null : reason.replace(' ', '_');
    }

    private static Field time(
            Command command, Function<StreamInfo, @Nullable TlsSession> session, Function<X509Certificate, Date> date) {
        if (command.maxLength() >= 0) {
            throw new ConfigException(command.name() + " does not allow length to be specified.");
        }
        String format = command.parameters();
        TimeFormat compiled = TimeFormat.of(format.isEmpty() ? TimeFormat.DEFAULT : format, ZoneOffset.UTC);
        return new Field() {
            @Override
            boolean append(LogContext context, LogBuffer out) {
                TlsSession tls = session.apply(context.info());
                if (tls == null || tls.peerCertificates().isEmpty()) {
                    return false;
                }
                compiled.append(date.apply(tls.peerCertificates().get(0)).getTime() * 1_000_000L, out);
                return true;
            }
        };
    }
}
