package dev.mishap.proxy.cluster.health;

import dev.mishap.proxy.cluster.Cluster;
import dev.mishap.proxy.cluster.Endpoint;
import dev.mishap.proxy.config.schema.ConfigNode;
import dev.mishap.proxy.config.schema.SupportedFields;
import dev.mishap.proxy.http.HeaderMap;
import dev.mishap.proxy.http.HeaderName;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * {@code GrpcHealthCheck}: the standard gRPC health service, {@code grpc.health.v1.Health/Check}.
 *
 * @param service asked for; {@code ""} = the server as a whole
 * @param authority {@code ""} = the cluster's name
 */
record GrpcCheck(String service, String authority, List<CheckHeader> metadata) {
    private static final HeaderName TE = HeaderName.of("te");
    private static final long SERVING = 1;

    static final SupportedFields FIELDS = SupportedFields.of("envoy.config.core.v3.HealthCheck.GrpcHealthCheck")
            .supported("service_name", "authority", "initial_metadata");

    static GrpcCheck from(ConfigNode node) {
        return new GrpcCheck(
                node.string("service_name"),
                node.string("authority"),
                CheckHeader.listFrom(node.messages("initial_metadata")));
    }

    HttpProbe.HttpExchange exchange(Cluster cluster, Endpoint endpoint) {
        return new HttpProbe.HttpExchange() {
            @Override
            public void fill(HeaderMap request) {
                String own = endpoint.config().healthCheck().hostname();
                request.add(HeaderName.METHOD, "POST");
                request.add(HeaderName.SCHEME, "http");
                request.add(
                        HeaderName.AUTHORITY, !authority.isEmpty() ? authority : own.isEmpty() ? cluster.name() : own);
                request.add(HeaderName.PATH, "/grpc.health.v1.Health/Check");
                request.add(TE, "trailers");
                request.add(HeaderName.CONTENT_TYPE, "application/grpc");
                request.add(CheckHeader.USER_AGENT, "Envoy/HC");
                metadata.forEach(header -> header.apply(request));
            }

            @Override
            public ByteBuf body() {
                return request(service);
            }

            @Override
            public void judge(HeaderMap response, @Nullable HeaderMap trailers, ByteBuf body, Probe.Results to) {
                String status = trailers == null ? null : trailers.get(HeaderName.GRPC_STATUS);
                if ("200".equals(response.get(HeaderName.STATUS)) && "0".equals(status) && serving(body)) {
                    to.passed(false);
                } else {
                    to.failed(Failure.ACTIVE, false, 0);
                }
            }
        };
    }

    /** One uncompressed message, {@code HealthCheckRequest{service = 1}}. */
    static ByteBuf request(String service) {
        byte[] name = service.getBytes(StandardCharsets.UTF_8);
        ByteBuf message = Unpooled.buffer(name.length + 8);
        if (name.length > 0) {
            message.writeByte(0x0a);
            varint(name.length, message);
            message.writeBytes(name);
        }
        ByteBuf out = Unpooled.buffer(5 + message.readableBytes());
        out.writeByte(0).writeInt(message.readableBytes()).writeBytes(message);
        message.release();
        return out;
    }

    private static void varint(int value, ByteBuf out) {
        int v = value;
        while (v > 0x7f) {
            out.writeByte(v & 0x7f | 0x80);
            v >>>= 7;
        }
        out.writeByte(v);
    }

    /** Whether {@code borrowed} is one message, {@code HealthCheckResponse{status = 1}}, that says SERVING. */
    static boolean serving(ByteBuf borrowed) {
        ByteBuf in = borrowed.slice();
        if (in.readableBytes() < 5 || in.readByte() != 0 || in.readInt() != in.readableBytes()) {
            return false;
        }
        long status = 0;
        while (in.isReadable()) {
            long tag = varint(in);
            switch ((int) (tag & 7)) {
                case 0 -> {
                    long value = varint(in);
                    status = tag >>> 3 == 1 ? value : status;
                }
                case 2 -> {
                    long n = varint(in);
                    if (n < 0 || n > in.readableBytes()) {
                        return false;
                    }
                    in.skipBytes((int) n);
                }
                default -> {
                    return false;
                }
            }
        }
        return status == SERVING;
    }

    private static long varint(ByteBuf in) {
        long value = 0;
        for (int shift = 0; shift < 64 && in.isReadable(); shift += 7) {
            byte b = in.readByte();
            value |= (long) (b & 0x7f) << shift;
            if (b >= 0) {
                return value;
            }
        }
        return -1;
    }
}
