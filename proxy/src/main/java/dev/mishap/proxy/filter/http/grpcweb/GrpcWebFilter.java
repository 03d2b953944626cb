package dev.mishap.proxy.filter.http.grpcweb;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.filter.http.grpcstats.MethodStats;
import dev.mishap.proxy.http.Flow;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import dev.mishap.proxy.http.HttpFilter;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.http.LocalReply;
import dev.mishap.proxy.http.SelectedRoute;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Makes a gRPC request of a gRPC-Web one, and puts the trailers of its response, which a browser would not see, into its body. What
 * is no gRPC response becomes a status and a message in its headers.
 */
final class GrpcWebFilter implements HttpFilter {
    private static final String BINARY = "application/grpc-web";
    private static final String BINARY_PROTO = "application/grpc-web+proto";
    private static final String TEXT = "application/grpc-web-text";
    private static final String TEXT_PROTO = "application/grpc-web-text+proto";
    private static final Set<String> TYPES = Set.of(BINARY, BINARY_PROTO, TEXT, TEXT_PROTO);
    private static final String GRPC = "application/grpc";
    private static final HeaderName ACCEPT = HeaderName.of("accept");
    private static final HeaderName GRPC_ACCEPT_ENCODING = HeaderName.of("grpc-accept-encoding");
    private static final String NO_BASE64 = "Bad gRPC-web request, invalid base64 data.";
    private static final int TRAILERS_FRAME = 0x80;
    private static final int FRAME_PREFIX = 5;
    /** As much of a response that is no gRPC becomes its message. */
    private static final int MAX_MESSAGE = 16_384;

    private final MethodStats.Registry registry;
    private final Function<String, @Nullable Cluster> clusters;
    private boolean web;
    private boolean textRequest;
    private boolean textResponse;
    private @Nullable MethodStats stats;
    /** Characters of base64 that are less than a group. */
    private byte[] rest = {};
    /** The headers of a response that is no gRPC, and what there is of its body. */
    private @Nullable HeaderMap foreign;

    private @Nullable ByteArrayOutputStream message;

    GrpcWebFilter(MethodStats.Registry registry, Function<String, @Nullable Cluster> clusters) {
        this.registry = registry;
        this.clusters = clusters;
    }

    @Override
    public Flow onRequestHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        String type = headers.get(HeaderName.CONTENT_TYPE);
        if (type == null || !TYPES.contains(type)) {
            return Flow.CONTINUE;
        }
        web = true;
        textRequest = type.equals(TEXT) || type.equals(TEXT_PROTO);
        String accept = headers.get(ACCEPT);
        textResponse = TEXT.equals(accept) || TEXT_PROTO.equals(accept);
        headers.remove(HeaderName.CONTENT_LENGTH); // of another form of the body
        headers.set(HeaderName.CONTENT_TYPE, GRPC);
        headers.set(HeaderName.TE, "trailers");
        headers.set(GRPC_ACCEPT_ENCODING, "identity");
        stats = stats(stream, headers);
        return Flow.CONTINUE;
    }

    private @Nullable MethodStats stats(HttpStream stream, HeaderMap headers) {
        SelectedRoute route = stream.route();
        String name = route == null ? null : route.clusterName();
        Cluster cluster = name == null ? null : clusters.apply(name);
        String path = headers.get(HeaderName.PATH);
        String method = path == null ? null : MethodStats.method(path, false);
        return cluster == null || method == null ? null : registry.of(cluster, method);
    }

    @Override
    public Flow onRequestData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        if (!textRequest) {
            return Flow.CONTINUE;
        }
        byte[] given = Arrays.copyOf(rest, rest.length + borrowed.readableBytes());
        borrowed.getBytes(borrowed.readerIndex(), given, rest.length, borrowed.readableBytes());
        int whole = given.length / 4 * 4;
        byte[] groups = Arrays.copyOf(given, whole);
        rest = Arrays.copyOfRange(given, whole, given.length);
        byte[] decoded;
        try {
            decoded = Base64.getDecoder().decode(groups);
        } catch (IllegalArgumentException e) {
            return refuse(stream, "grpc_base_64_decode_failed");
        }
        if (endStream && rest.length > 0) {
            return refuse(stream, "grpc_base_64_decode_failed_bad_size");
        }
        stream.injectRequestData(this, Unpooled.wrappedBuffer(decoded), endStream);
        return Flow.TAKEN;
    }

    private static Flow refuse(HttpStream stream, String details) {
        stream.sendLocalReply(LocalReply.of(400, NO_BASE64, details));
        return Flow.PAUSE;
    }

    @Override
    public Flow onResponseHeaders(HttpStream stream, HeaderMap headers, boolean endStream) {
        if (!web) {
            return Flow.CONTINUE;
        }
        count(headers);
        boolean grpc = isGrpc(headers);
        headers.set(HeaderName.CONTENT_TYPE, textResponse ? TEXT_PROTO : BINARY_PROTO);
        if (endStream) {
            return Flow.CONTINUE;
        }
        headers.remove(HeaderName.CONTENT_LENGTH); // of the body without its trailers, and not in base64
        if (grpc) {
            return Flow.CONTINUE;
        }
        foreign = headers;
        message = new ByteArrayOutputStream();
        return Flow.HOLD;
    }

    private static boolean isGrpc(HeaderMap response) {
        String type = response.get(HeaderName.CONTENT_TYPE);
        return "200".equals(response.get(HeaderName.STATUS))
                && type != null
                && type.startsWith(GRPC)
                && (type.length() == GRPC.length() || type.charAt(GRPC.length()) == '+');
    }

    private void count(HeaderMap headers) {
        MethodStats s = stats;
        String status = s == null ? null : headers.get(HeaderName.GRPC_STATUS);
        if (s != null && status != null) {
            s.countStatus(status);
        }
    }

    @Override
    public Flow onResponseData(HttpStream stream, ByteBuf borrowed, boolean endStream) {
        ByteArrayOutputStream text = message;
        if (text != null) {
            int room = Math.min(MAX_MESSAGE - text.size(), borrowed.readableBytes());
            text.writeBytes(ByteBufUtil.getBytes(borrowed, borrowed.readerIndex(), room));
            borrowed.skipBytes(borrowed.readableBytes());
            if (endStream) {
                tell(text);
                return Flow.CONTINUE;
            }
            return Flow.PAUSE;
        }
        if (!web || !textResponse || !borrowed.isReadable()) {
            return Flow.CONTINUE;
        }
        byte[] piece = ByteBufUtil.getBytes(borrowed);
        stream.injectResponseData(
                this, Unpooled.wrappedBuffer(Base64.getEncoder().encode(piece)), endStream);
        return Flow.TAKEN;
    }

    /** Makes status and message of a response that is no gRPC. */
    private void tell(ByteArrayOutputStream text) {
        HeaderMap headers = foreign;
        message = null;
        if (headers != null) {
            String status = headers.get(HeaderName.STATUS);
            headers.set(HeaderName.GRPC_MESSAGE, GrpcMessages.percentEncode(text.toByteArray()));
            headers.set(HeaderName.GRPC_STATUS, Integer.toString(GrpcMessages.statusOf(status)));
            headers.set(HeaderName.CONTENT_LENGTH, "0");
        }
    }

    @Override
    public Flow onResponseTrailers(HttpStream stream, HeaderMap trailers) {
        if (!web) {
            return Flow.CONTINUE;
        }
        count(trailers);
        ByteArrayOutputStream text = message;
        if (text != null) {
            tell(text);
            return Flow.CONTINUE;
        }
        byte[] frame = frame(trailers);
        stream.injectResponseData(
                this, Unpooled.wrappedBuffer(textResponse ? Base64.getEncoder().encode(frame) : frame), false);
        trailers.clear();
        return Flow.CONTINUE;
    }

    private static byte[] frame(HeaderMap trailers) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < trailers.size(); i++) {
            lines.append(trailers.name(i)).append(':').append(trailers.value(i)).append("\r\n");
        }
        byte[] block = lines.toString().getBytes(StandardCharsets.ISO_8859_1);
        ByteBuf frame = Unpooled.buffer(FRAME_PREFIX + block.length);
        frame.writeByte(TRAILERS_FRAME).writeInt(block.length).writeBytes(block);
        return frame.array();
    }
}
