package dev.mishap.proxy.filter.http.extauthz;

import dev.mishap.proxy.config.schema.ConfigException;
import dev.mishap.proxy.http.HttpStream;
import dev.mishap.proxy.upstream.client.AsyncGrpcClient;
import dev.mishap.proxy.upstream.client.GrpcCallbacks;
import dev.mishap.proxy.upstream.client.GrpcService;
import dev.mishap.proxy.upstream.client.GrpcStatus;
import dev.mishap.proxy.upstream.client.GrpcStream;
import org.jspecify.annotations.Nullable;

/** Asks a gRPC service, {@code envoy.service.auth.v3.Authorization}. */
final class GrpcCheck implements Check, GrpcCallbacks {
    private static final String METHOD = "/envoy.service.auth.v3.Authorization/Check";

    private final ExtAuthzConfig config;
    private final GrpcService service;
    private final AsyncGrpcClient client;
    private @Nullable Asker asker;
    private @Nullable GrpcStream call;
    private byte @Nullable [] message;

    GrpcCheck(ExtAuthzConfig config, GrpcService service, AsyncGrpcClient client) {
        this.config = config;
        this.service = service;
        this.client = client;
    }

    @Override
    public void ask(HttpStream stream, Question question, Asker who) {
        asker = who;
        call = client.unary(service, METHOD, stream.loop(), CheckRequest.of(config, stream, question), this);
    }

    @Override
    public void cancel() {
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
        byte[] received = message;
        if (who == null) {
            return;
        }
        Answer answer = null;
        if (status.isOk() && received != null) {
            try {
                answer = CheckResponse.read(received);
            } catch (ConfigException e) {
                // Not a message that we could read: an error of the service.
            }
        }
        if (answer == null) {
            who.onError();
        } else {
            who.onAnswer(answer);
        }
    }
}
