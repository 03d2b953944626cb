package dev.mishap.control.api;

import dev.mishap.control.security.Authenticator;
import io.grpc.BindableService;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import java.util.List;

/**
 * The API's services of gRPC, for whichever server has the port. They answer UNAVAILABLE until {@link ApiServer.Builder#grpc} has tied
 * them to the rest.
 */
public final class GrpcApi implements AutoCloseable {
    private final GrpcCalls calls;

    public GrpcApi(Authenticator authenticator) {
        calls = new GrpcCalls(authenticator);
    }

    /** {@code mishap.control.v1.Rules}, {@code Fleet}, {@code Experiments}, {@code Tokens} and {@code Audit}, with what finds out who is calling. */
    public List<BindableService> services() {
        return List.of(
                guarded(new GrpcRules(calls)),
                guarded(new GrpcFleet(calls)),
                guarded(new GrpcExperiments(calls)),
                guarded(new GrpcTokens(calls)),
                guarded(new GrpcAudit(calls)));
    }

    private BindableService guarded(BindableService service) {
        ServerServiceDefinition definition = ServerInterceptors.intercept(service, calls);
        return () -> definition;
    }

    void bind(ApiParts parts) {
        calls.bind(parts);
    }

    @Override
    public void close() {
        calls.close();
    }
}
