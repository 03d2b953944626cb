package dev.mishap.proxy.xds.grpc;

import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcCallbacks;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.GrpcStatus;
import dev.mishap.proxy.upstream.client.GrpcStream;
import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;

/** A management server that is a cluster of the configuration: the cluster's connections, limits and stats apply. */
public final class GrpcTransport implements XdsTransport {
    /** A response over this ends the stream, with a status that says so. */
    private static final int MAX_MESSAGE_BYTES = 64 << 20;

    private final AsyncGrpcClient client;
    private final GrpcService service;
    private final EventLoop loop;

    /** @param loop the main loop */
    public GrpcTransport(AsyncGrpcClient client, GrpcService service, EventLoop loop) {
        this.client = client;
        this.service = service;
        this.loop = loop;
    }

    @Override
    public @Nullable Stream open(String method, Listener listener) {
        GrpcStream stream = client.stream(service, method, loop, MAX_MESSAGE_BYTES, new GrpcCallbacks() {
            @Override
            public void onMessage(byte[] message) {
                listener.onMessage(message);
            }

            @Override
            public void onClose(GrpcStatus status) {
                listener.onClose(status.code(), status.message());
            }
        });
        if (stream == null) {
            return null;
        }
        return new Stream() {
            @Override
            public void send(ProtoWriter message) {
                stream.send(message, false);
            }

            @Override
            public void reset() {
                stream.reset();
            }
        };
    }

    @Override
    public long backOffBaseNanos() {
        return service.options().backOffBaseNanos();
    }

    @Override
    public long backOffMaxNanos() {
        return service.options().backOffMaxNanos();
    }

    @Override
    public String name() {
        return service.cluster();
    }
}
