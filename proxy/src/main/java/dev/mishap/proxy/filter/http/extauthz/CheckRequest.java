package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.transport.ConnectionInfo;
import dev.mishap.proxy.transport.TlsSession;
import dev.mishap.proxy.transport.TlsSession.Fact;
import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Writes {@code envoy.service.auth.v3.CheckRequest}. */
final class CheckRequest {
    private static final HeaderName SERVICE_CLUSTER = HeaderName.of("x-envoy-downstream-service-cluster");
    private static final HeaderName[] PSEUDO = {
        HeaderName.AUTHORITY, HeaderName.PATH, HeaderName.METHOD, HeaderName.SCHEME
    };
    private static final int MAX_CAPACITY = 1 << 20;

    private final ExtAuthzConfig config;
    private final HttpStream stream;
    private final StreamInfo info;
    private final Check.Question question;
    private final ProtoWriter out;

    private CheckRequest(ExtAuthzConfig config, HttpStream stream, Check.Question question) {
        this.config = config;
        this.stream = stream;
        this.info = stream.info();
        this.question = question;
        this.out = new ProtoWriter(Math.min(1024 + question.body().length, MAX_CAPACITY));
    }

    static ProtoWriter of(ExtAuthzConfig config, HttpStream stream, Check.Question question) {
        CheckRequest request = new CheckRequest(config, stream, question);
        int attributes = request.out.begin(1);
        request.attributes();
        return request.out.end(attributes);
    }

    private void attributes() {
        ConnectionInfo connection = info.connection;
        TlsSession tls = connection == null ? null : connection.tls;
        int source = out.begin(1);
        address(info.downstreamRemoteAddress);
        out.string(2, utf8(stream.requestHeaders().get(SERVICE_CLUSTER)));
        if (tls != null) {
            out.string(
                    4,
                    principal(tls.fact(Fact.PEER_URI_SAN), tls.fact(Fact.PEER_DNS_SAN), tls.fact(Fact.PEER_SUBJECT)));
            if (config.peerCertificate()) {
                out.string(5, tls.fact(Fact.PEER_CERT));
            }
        }
        out.end(source);
        int destination = out.begin(2);
        address(info.downstreamLocalAddress);
        if (tls != null) {
            out.string(
                    4,
                    principal(
                            tls.fact(Fact.LOCAL_URI_SAN), tls.fact(Fact.LOCAL_DNS_SAN), tls.fact(Fact.LOCAL_SUBJECT)));
        }
        out.end(destination);
        int request = out.begin(4);
        out.time(1, info.startTimeEpochNanos);
        int http = out.begin(2);
        http();
        out.end(http);
        out.end(request);
        question.extensions().forEach((key, value) -> entry(10, key, value));
        metadata(11, config.metadataNamespaces(), info.allDynamicMetadata(), connection);
        if (config.tlsSession()) {
            int session = out.begin(12);
            out.string(1, tls == null ? null : info.requestedServerName);
            out.end(session);
        }
        metadata(13, config.routeMetadataNamespaces(), info.routeMetadata, null);
    }

    /** The first name that there is. */
    private static @Nullable String principal(@Nullable String uris, @Nullable String names, @Nullable String subject) {
        String listed = uris == null || uris.isEmpty() ? names : uris;
        if (listed == null || listed.isEmpty()) {
            return subject;
        }
        int comma = listed.indexOf(',');
        return comma < 0 ? listed : listed.substring(0, comma);
    }

    private void address(@Nullable InetSocketAddress address) {
        if (address == null) {
            return;
        }
        InetAddress ip = address.getAddress();
        int outer = out.begin(1);
        int socket = out.begin(1);
        out.string(2, ip == null ? address.getHostString() : NetUtil.toAddressString(ip));
        out.varintAlways(3, address.getPort());
        out.end(socket);
        out.end(outer);
    }

    private void http() {
        HeaderMap headers = stream.requestHeaders();
        out.string(1, Long.toUnsignedString(info.streamId));
        out.string(2, utf8(headers.get(HeaderName.METHOD)));
        if (config.rawHeaders()) {
            int map = out.begin(13);
            rawHeaders(headers);
            out.end(map);
        } else {
            joinedHeaders(headers).forEach((name, value) -> entry(3, name, utf8(value)));
        }
        out.string(4, utf8(headers.get(HeaderName.PATH)));
        out.string(5, utf8(headers.get(HeaderName.AUTHORITY)));
        out.string(6, utf8(headers.get(HeaderName.SCHEME)));
        out.varint(9, info.bytesReceived);
        out.string(10, info.protocol);
        if (question.withBody()) {
            // The filter's own settings tell the form, whoever tells the size.
            ExtAuthzConfig.Body body = config.body();
            if (body != null && body.asBytes()) {
                out.bytes(12, question.body());
            } else {
                out.string(11, new String(question.body(), StandardCharsets.UTF_8).replace('\ufffd', '!'));
            }
        }
    }

    private boolean told(String name) {
        return (!config.toService().given() || config.toService().contain(name))
                && !config.neverToService().contain(name)
                && !name.equals(HttpCheckRequest.PARTIAL_BODY.text());
    }

    private Map<String, String> joinedHeaders(HeaderMap headers) {
        Map<String, String> all = new LinkedHashMap<>();
        for (int i = 0; i < headers.size(); i++) {
            String name = headers.name(i);
            if (told(name)) {
                all.merge(name, headers.value(i), (before, more) -> before + ',' + more);
            }
        }
        if (question.withBody()) {
            all.put(HttpCheckRequest.PARTIAL_BODY.text(), Boolean.toString(question.partial()));
        }
        return all;
    }

    private void rawHeaders(HeaderMap headers) {
        for (HeaderName name : PSEUDO) {
            String value = headers.get(name);
            if (value != null && told(name.text())) {
                rawHeader(name.text(), value);
            }
        }
        for (int i = 0; i < headers.size(); i++) {
            if (!headers.isPseudo(i) && told(headers.name(i))) {
                rawHeader(headers.name(i), headers.value(i));
            }
        }
        if (question.withBody()) {
            rawHeader(HttpCheckRequest.PARTIAL_BODY.text(), Boolean.toString(question.partial()));
        }
    }

    private void rawHeader(String name, String value) {
        int header = out.begin(1);
        out.string(1, name).bytes(3, value.getBytes(StandardCharsets.ISO_8859_1));
        out.end(header);
    }

    private void entry(int field, String key, @Nullable String value) {
        int entry = out.begin(field);
        out.string(1, key).string(2, value);
        out.end(entry);
    }

    private void metadata(
            int field,
            List<String> namespaces,
            @Nullable Map<String, Map<String, Object>> all,
            @Nullable ConnectionInfo connection) {
        int metadata = out.begin(field);
        for (String namespace : namespaces) {
            Map<String, Object> fields = all == null ? null : all.get(namespace);
            if (fields == null && connection != null) {
                fields = connection.dynamicMetadata(namespace);
            }
            if (fields != null) {
                int entry = out.begin(1);
                out.string(1, namespace).struct(2, fields);
                out.end(entry);
            }
        }
        out.end(metadata);
    }

    /** As Unicode; bytes that are not UTF-8 become {@code !}, since a string of protobuf can't hold them. */
    private static @Nullable String utf8(@Nullable String wire) {
        return wire == null ? null : WireText.decode(wire).replace('\ufffd', '!');
    }
}
