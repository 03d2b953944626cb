package dev.mishap.proxy.filter.http.extproc;

import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.StreamInfo;
import dev.mishap.proxy.proto.ProtoWriter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** Writes {@code envoy.service.ext_proc.v3.ProcessingRequest}. */
final class ProcessingRequest {
    // Fields of the message, for requests; those for responses are one more.
    private static final int HEADERS = 2;
    private static final int BODY = 4;
    private static final int TRAILERS = 6;
    private static final HeaderName[] PSEUDO = {
        HeaderName.AUTHORITY, HeaderName.PATH, HeaderName.METHOD, HeaderName.SCHEME, HeaderName.STATUS
    };

    private ProcessingRequest() {}

    static ProtoWriter headers(ExtProcConfig config, boolean ofRequest, HeaderMap headers, boolean end) {
        ProtoWriter out = new ProtoWriter(512);
        int message = out.begin(ofRequest ? HEADERS : HEADERS + 1);
        map(out, config, headers);
        out.bool(3, end);
        return out.end(message);
    }

    static ProtoWriter body(boolean ofRequest, ByteBuf borrowed, boolean end) {
        ProtoWriter out = new ProtoWriter(borrowed.readableBytes() + 64);
        int message = out.begin(ofRequest ? BODY : BODY + 1);
        out.bytes(1, ByteBufUtil.getBytes(borrowed));
        out.bool(2, end);
        return out.end(message);
    }

    static ProtoWriter trailers(ExtProcConfig config, boolean ofRequest, HeaderMap trailers) {
        ProtoWriter out = new ProtoWriter(128);
        int message = out.begin(ofRequest ? TRAILERS : TRAILERS + 1);
        map(out, config, trailers);
        return out.end(message);
    }

    /** Metadata that the service sees, which are in every message. */
    static void metadata(ProtoWriter out, ExtProcConfig config, StreamInfo info) {
        int metadata = out.begin(8);
        for (String namespace : config.forwarded()) {
            Map<String, Object> fields = info.dynamicMetadata(namespace);
            if (fields == null && info.connection != null) {
                fields = info.connection.dynamicMetadata(namespace);
            }
            if (fields != null) {
                int entry = out.begin(1);
                out.string(1, namespace).struct(2, fields);
                out.end(entry);
            }
        }
        out.end(metadata);
    }

    /** What the service may expect to see, which is in a stream's first message. */
    static void protocol(ProtoWriter out, ProcessingMode mode) {
        int protocol = out.begin(11);
        out.varint(1, mode.requestBody().ordinal())
                .varint(2, mode.responseBody().ordinal());
        out.end(protocol);
    }

    private static void map(ProtoWriter out, ExtProcConfig config, HeaderMap headers) {
        int map = out.begin(1);
        for (HeaderName name : PSEUDO) {
            String value = headers.get(name);
            if (value != null && config.forwards(name.text())) {
                header(out, name.text(), value);
            }
        }
        for (int i = 0; i < headers.size(); i++) {
            if (!headers.isPseudo(i) && config.forwards(headers.name(i))) {
                header(out, headers.name(i), headers.value(i));
            }
        }
        out.end(map);
    }

    private static void header(ProtoWriter out, String name, String value) {
        int header = out.begin(1);
        out.string(1, name).bytes(3, value.getBytes(StandardCharsets.ISO_8859_1));
        out.end(header);
    }
}
