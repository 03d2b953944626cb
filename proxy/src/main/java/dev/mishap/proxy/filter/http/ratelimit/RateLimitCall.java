package dev.mishap.proxy.filter.http.ratelimit;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.WireText;
import dev.mishap.proxy.proto.ProtoWriter;
import dev.mishap.proxy.route.ratelimit.Descriptor;
import dev.mishap.proxy.route.ratelimit.RateLimitPolicy.Hit;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcCallbacks;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.GrpcStatus;
import dev.mishap.proxy.upstream.client.GrpcStream;
import io.netty.channel.EventLoop;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One question to the service. Confined to the request's loop. */
final class RateLimitCall implements GrpcCallbacks {
    private static final String METHOD = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit";

    /** Who is told the outcome, once: an answer, or null when there is none. */
    @FunctionalInterface
    interface Asker {
        void onAnswer(@Nullable RateLimitAnswer answer);
    }

    private @Nullable Asker asker;
    private @Nullable GrpcStream call;
    private byte @Nullable [] message;

    RateLimitCall(Asker asker) {
        this.asker = asker;
    }

    /** Asks; the asker may be told before this returns. */
    void ask(AsyncGrpcClient client, GrpcService service, EventLoop loop, String domain, List<Hit> hits) {
        call = client.unary(service, METHOD, loop, request(domain, hits), this);
    }

    /** {@code envoy.service.ratelimit.v3.RateLimitRequest}. */
    static ProtoWriter request(String domain, List<Hit> hits) {
        ProtoWriter out = new ProtoWriter(256);
        out.string(1, domain);
        for (Hit hit : hits) {
            int descriptor = out.begin(2);
            for (Descriptor.Entry e : hit.descriptor().entries()) {
                int entry = out.begin(1);
                out.string(1, e.key()).string(2, WireText.decode(e.value()));
                out.end(entry);
            }
            if (hit.given()) {
                int addend = out.begin(3); // a UInt64Value
                out.varint(1, Math.abs(hit.tokens()));
                out.end(addend);
            }
            if (hit.tokens() < 0) {
                out.varint(4, 1);
            }
            out.end(descriptor);
        }
        return out;
    }

    /** Gives up; nothing is told any more. */
    void cancel() {
        asker = null;
        GrpcStream pending = call;
        if (pending != null && !pending.isOver()) {
            pending.reset();
        }
    }

    @Override
    public void onMessage(byte[] received) {
        message = received;
    }

    @Override
    public void onClose(GrpcStatus status) {
        Asker who = asker;
        asker = null;
        if (who != null) {
            who.onAnswer(status.isOk() ? answer() : null);
        }
    }

    private @Nullable RateLimitAnswer answer() {
        byte[] received = message;
        if (received == null) {
            return null;
        }
        try {
            return RateLimitAnswer.read(received);
        } catch (ConfigException e) {
            return null; // not a message that we could read: an error of the service
        }
    }
}
